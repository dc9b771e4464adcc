"""Freeze rules: words, globs, their order, ties, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.conftest import TinyModel
from tests.core.layers.test_tree import TREES, tree_of
from tests.support.tiny_models import CONFIGS
from trainer_core.errors import InputError
from trainer_core.layers.freeze import describe_trainable, freeze_state, frozen_blocks, match_rule, resolve_freeze
from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree


def small_tree() -> LayerTree:
    """Return embeddings, three blocks, a norm behind them, and a head."""
    names = ["embeddings.word.weight", "embeddings.norm.weight"]
    for block in range(3):
        names += [f"layer.{block}.attention.{kind}" for kind in ("weight", "bias")]
        names += [f"layer.{block}.norm.weight", f"layer.{block}.norm.bias"]
    names += ["final_norm.weight", "head.linear.weight", "head.linear.bias"]
    return build_layer_tree([ParameterSpec(name, (4, 4) if name.endswith("n.weight") else (4,)) for name in names])


def block(number: int) -> set[str]:
    """Return the names of one block of the small tree."""
    return {name for name in names_of(small_tree()) if name.startswith(f"layer.{number}.")}


def names_of(tree: LayerTree) -> set[str]:
    """Return the names of all parameters."""
    return {parameter.name for parameter in tree.parameters}


HEAD = {"head.linear.weight", "head.linear.bias"}
EMBEDDINGS = {"embeddings.word.weight", "embeddings.norm.weight"}
NORMS = {"embeddings.norm.weight", "final_norm.weight"} | {
    f"layer.{n}.norm.{kind}" for n in range(3) for kind in ("weight", "bias")
}


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("all", names_of(small_tree())),
        ("head", HEAD),
        ("embeddings", EMBEDDINGS),
        ("blocks", block(0) | block(1) | block(2)),
        ("top:1", block(2) | {"final_norm.weight"}),
        ("top:3", block(0) | block(1) | block(2) | {"final_norm.weight"}),
        ("norms", NORMS),
        ("biases", {name for name in names_of(small_tree()) if name.endswith(".bias")}),
        ("layer.1", block(1)),
        ("layer.1.attention", {"layer.1.attention.weight", "layer.1.attention.bias"}),
        ("*.bias", {name for name in names_of(small_tree()) if name.endswith(".bias")}),
        ("layer.[02].norm.weight", {"layer.0.norm.weight", "layer.2.norm.weight"}),
        ("layer.?.attention.*", {f"layer.{n}.attention.{kind}" for n in range(3) for kind in ("weight", "bias")}),
        ("top:0", set()),
        ("top:4", set()),
        ("top:", set()),
        ("top:-1", set()),
        ("layer", block(0) | block(1) | block(2)),
        ("layer.", block(0) | block(1) | block(2)),
        ("lay", set()),
        ("Head", set()),
        ("", set()),
    ],
)
def test_a_rule_matches(rule: str, names: set[str]) -> None:
    assert match_rule(rule, small_tree()) == names


def test_rules_apply_in_order_and_are_counted() -> None:
    tree = small_tree()
    state = resolve_freeze(["all", "!embeddings", "embeddings.norm"], tree)
    assert state.trainable == names_of(tree) - {"embeddings.word.weight"}
    assert state.total == tree.parameter_count
    assert state.trained == tree.parameter_count - 4
    assert [(count.rule, count.tensors, count.values) for count in state.counts] == [
        ("all", 17, tree.parameter_count),
        ("!embeddings", 2, 8),
        ("embeddings.norm", 1, 4),
    ]
    assert resolve_freeze(["embeddings.norm", "all", "!embeddings"], tree).trainable == names_of(tree) - EMBEDDINGS
    assert resolve_freeze(["head"], tree).only_head
    assert not state.only_head


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("hed", 'Did you mean "head"?'),
        ("embedding", 'Did you mean "embeddings"?'),
        ("layer.7", 'Did you mean "layer.'),
        ("top:9", "top:1 to top:3"),
        ("!heed", 'Did you mean "head"?'),
        ("zzz*", "thaw inspect"),
    ],
)
def test_a_rule_that_matches_nothing_is_refused(rule: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_freeze(["head", rule], small_tree(), "stage[2].train")
    (problem,) = caught.value.problems
    assert problem.where == "stage[2].train"
    assert f'"{rule}" matches no layer' in problem.what
    assert part in problem.remedy


def test_every_rule_that_matches_nothing_is_told() -> None:
    with pytest.raises(InputError) as caught:
        resolve_freeze(["nothing", "head", "nowhere"], small_tree())
    assert len(caught.value.problems) == 2


def test_nothing_to_train_is_refused() -> None:
    with pytest.raises(InputError, match=r"[Nn]othing.* to train"):
        resolve_freeze(["head", "!all"], small_tree())


def test_a_model_without_blocks_says_so() -> None:
    tree = build_layer_tree([ParameterSpec("body.weight", (2,)), ParameterSpec("head.weight", (2,))])
    assert match_rule("blocks", tree) == set()
    with pytest.raises(InputError, match="0 blocks"):
        resolve_freeze(["top:1"], tree)


# --- ties ----------------------------------------------------------------------------------------------------------


def tied_tree() -> LayerTree:
    """Return a tree in which three names share one tensor."""
    return build_layer_tree(
        [
            ParameterSpec("shared.weight", (5, 2)),
            ParameterSpec("encoder.embed.weight", (5, 2), "shared.weight"),
            ParameterSpec("decoder.embed.weight", (5, 2), "shared.weight"),
            ParameterSpec("head.weight", (2,)),
        ]
    )


@pytest.mark.parametrize("name", ["shared.weight", "encoder.embed.weight", "decoder.embed.weight"])
def test_tied_weights_learn_together(name: str) -> None:
    state = freeze_state(tied_tree(), {name})
    assert state.trainable == {"shared.weight", "encoder.embed.weight", "decoder.embed.weight"}
    assert state.trained == 10


@pytest.mark.parametrize("rule", ["!shared", "!encoder", "!decoder.*"])
def test_tied_weights_freeze_together(rule: str) -> None:
    assert resolve_freeze(["all", rule], tied_tree()).trainable == {"head.weight"}


# --- there and back ------------------------------------------------------------------------------------------------


def check_round_trip(tree: LayerTree, chosen: set[str]) -> None:
    """Check that the rules which describe a choice resolve to the choice."""
    state = freeze_state(tree, chosen)
    if not state.trainable:
        assert describe_trainable(state, tree) == []
        return
    assert resolve_freeze(describe_trainable(state, tree), tree).trainable == state.trainable


@given(tree=TREES, data=st.data())
def test_described_rules_mean_the_same_on_any_tree(tree: LayerTree, data: st.DataObject) -> None:
    check_round_trip(tree, data.draw(st.sets(st.sampled_from(sorted(names_of(tree))))))


@pytest.mark.parametrize("family", CONFIGS)
def test_described_rules_mean_the_same_on_every_architecture(tiny_model: TinyModel, family: str) -> None:
    tree = tree_of(tiny_model(family))
    paths = [node.path for node in tree.nodes if node.path]

    @given(picked=st.sets(st.sampled_from(paths), max_size=6))
    def check(picked: set[str]) -> None:
        chosen = {tree.parameters[leaf].name for node in tree.nodes if node.path in picked for leaf in node.leaves}
        check_round_trip(tree, chosen)

    check()


@pytest.mark.parametrize(
    "rules", [["all"], ["head"], ["head", "top:2"], ["head", "embeddings"], ["blocks"], ["head", "layer.1"], ["norms"]]
)
def test_plain_choices_are_described_in_plain_words(rules: list[str]) -> None:
    tree = small_tree()
    assert describe_trainable(resolve_freeze(rules, tree), tree) == rules


@pytest.mark.parametrize(
    ("rules", "below"),
    [
        (["head"], 3),
        (["head", "final_norm.*"], 3),
        (["head", "top:1"], 2),
        (["head", "layer.1.norm.bias"], 1),
        (["head", "blocks"], 0),
        (["head", "embeddings"], 0),
        (["all"], 0),
    ],
)
def test_blocks_below_all_that_learns_are_counted(rules: list[str], below: int) -> None:
    assert frozen_blocks(resolve_freeze(rules, small_tree()).trainable, small_tree()) == below


def test_a_model_without_blocks_has_none_below() -> None:
    tree = build_layer_tree([ParameterSpec(name, (2,)) for name in ("one.weight", "two.weight", "head.weight")])
    assert frozen_blocks({"head.weight"}, tree) == 0
