"""Adapters in the layer tree: where they stand, how large they are, which rules mean them, and the way back."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.conftest import TinyModel
from tests.core.layers.test_tree import tree_of
from tests.support.tiny_models import CONFIGS
from trainer_core.errors import InputError
from trainer_core.layers.adapters import (
    DOWN,
    MAGNITUDE,
    UP,
    adaptable_modules,
    adapted_module,
    is_adapter,
    with_adapters,
    without_adapters,
)
from trainer_core.layers.freeze import (
    WORDS,
    adapted_tree,
    describe_trainable,
    freeze_state,
    frozen_blocks,
    match_rule,
    resolve_freeze,
)
from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree

BLOCKS = 3
MATRICES = ("attention.query", "attention.output.dense", "output.dense")


def small_tree() -> LayerTree:
    """Return embeddings, three blocks with three matrices each, a norm behind them, and a head."""
    specs = [ParameterSpec("embeddings.word.weight", (50, 8)), ParameterSpec("embeddings.norm.weight", (8,))]
    for block in range(BLOCKS):
        for module, shape in zip(MATRICES, ((8, 8), (8, 8), (8, 32)), strict=True):
            specs.append(ParameterSpec(f"layer.{block}.{module}.weight", shape))
            specs.append(ParameterSpec(f"layer.{block}.{module}.bias", shape[:1]))
        specs.append(ParameterSpec(f"layer.{block}.norm.weight", (8,)))
    specs += [ParameterSpec("final_norm.weight", (8,)), ParameterSpec("head.linear.weight", (4, 8))]
    return build_layer_tree(specs)


def everywhere(tree: LayerTree, rank: int = 2) -> LayerTree:
    """Return a tree with an adapter beside every matrix that can have one."""
    return with_adapters(tree, adaptable_modules(tree), rank)


def names_of(tree: LayerTree) -> list[str]:
    """Return the names of all parameters, in their order."""
    return [parameter.name for parameter in tree.parameters]


def adapters_of(tree: LayerTree) -> set[str]:
    """Return the names of all parts of adapters."""
    return set(filter(is_adapter, names_of(tree)))


def beside(*modules: str) -> set[str]:
    """Return the parts of the adapters of modules."""
    return {module + part for module in modules for part in (DOWN, UP)}


def in_block(block: int) -> set[str]:
    """Return the parts of all adapters of one block."""
    return beside(*(f"layer.{block}.{module}" for module in MATRICES))


QUERIES = beside(*(f"layer.{block}.attention.query" for block in range(BLOCKS)))


# --- where they stand ----------------------------------------------------------------------------------------------


def test_matrices_inside_the_blocks_can_have_adapters() -> None:
    expected = [f"layer.{block}.{module}" for block in range(BLOCKS) for module in MATRICES]
    assert adaptable_modules(small_tree()) == expected
    assert adaptable_modules(everywhere(small_tree())) == expected


def test_a_model_without_blocks_has_no_place_for_adapters() -> None:
    tree = build_layer_tree([ParameterSpec(name, (4, 4)) for name in ("one.weight", "two.weight", "head.weight")])
    assert adaptable_modules(tree) == []
    with pytest.raises(InputError, match="leave the rule out"):
        resolve_freeze(["adapter:all"], tree)


@pytest.mark.parametrize(("magnitudes", "parts"), [(False, (DOWN, UP)), (True, (DOWN, UP, MAGNITUDE))])
def test_adapters_follow_their_matrix_and_count(magnitudes: bool, parts: tuple[str, ...]) -> None:
    plain = small_tree()
    tree = with_adapters(plain, ["layer.1.output.dense"], 5, magnitudes=magnitudes)
    names = names_of(plain)
    behind = names.index("layer.1.output.dense.bias") + 1
    assert names_of(tree) == [*names[:behind], *(f"layer.1.output.dense{part}" for part in parts), *names[behind:]]
    shapes = {p.name.removeprefix("layer.1.output.dense"): p.shape for p in tree.parameters if is_adapter(p.name)}
    assert shapes == {DOWN: (5, 32), UP: (8, 5)} | ({MAGNITUDE: (8,)} if magnitudes else {})
    assert tree.parameter_count - plain.parameter_count == 5 * (32 + 8) + (8 if magnitudes else 0)
    assert {adapted_module(name) for name in adapters_of(tree)} == {"layer.1.output.dense"}


def test_adapters_leave_blocks_and_distances_as_they_were() -> None:
    plain = small_tree()
    tree = everywhere(plain)
    assert (tree.blocks, tree.block_count) == (plain.blocks, plain.block_count)
    assert {tree.depth_of(name) - plain.depth_of(name) for name in names_of(plain)} == {0}
    assert {tree.depth_of(name) for name in in_block(0)} == {plain.depth_of("layer.0.norm.weight")}


def test_adapters_are_added_to_others_and_never_twice() -> None:
    first = with_adapters(small_tree(), ["layer.2.attention.query"], 2)
    both = with_adapters(first, ["layer.2.attention.query", "layer.0.attention.query"], 7)
    sizes = {p.name: p.shape for p in both.parameters if is_adapter(p.name)}
    assert sizes["layer.2.attention.query" + DOWN] == (2, 8), "what is there stays as it is"
    assert sizes["layer.0.attention.query" + DOWN] == (7, 8)
    assert with_adapters(both, ["layer.0.attention.query"], 3) is both
    assert with_adapters(both, [], 3) is both


def test_the_model_alone_is_what_it_was() -> None:
    plain = small_tree()
    assert without_adapters(everywhere(plain)) == plain
    assert without_adapters(plain) is plain


# --- which rules mean them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "adapters"),
    [
        (["adapter:blocks"], in_block(0) | in_block(1) | in_block(2)),
        (["adapter:all"], in_block(0) | in_block(1) | in_block(2)),
        (["adapter:top:1"], in_block(2)),
        (["adapter:layer.1"], in_block(1)),
        (["adapter:layer.1.attention.query"], beside("layer.1.attention.query")),
        (["adapter:layer.1.attention.query.weight"], beside("layer.1.attention.query")),
        (["adapter:*.query"], QUERIES),
        (["adapter:*.attention"], beside(*(f"layer.{n}.{m}" for n in range(BLOCKS) for m in MATRICES[:2]))),
        (["adapter:layer.[02].output.*"], beside("layer.0.output.dense", "layer.2.output.dense")),
        (["adapter:blocks", "!adapter:top:2"], in_block(0)),
        (["adapter:blocks", "!adapter:*.dense"], QUERIES),
        (["adapter:top:1", "!all"], in_block(2)),
        (["adapter:layer.2", "!adapter:top:1", "adapter:*.query"], QUERIES),
    ],
)
def test_rules_put_adapters_and_take_them_away(rules: list[str], adapters: set[str]) -> None:
    tree = adapted_tree(small_tree(), rules, 2)
    state = resolve_freeze(rules, tree)
    assert {name for name in state.trainable if is_adapter(name)} == adapters


def test_an_adapter_learns_beside_a_matrix_that_stays_frozen() -> None:
    rules = ["head", "adapter:top:1"]
    tree = adapted_tree(small_tree(), rules, 2)
    state = resolve_freeze(rules, tree)
    assert state.trainable == {"head.linear.weight"} | in_block(2)
    assert state.trained == 4 * 8 + 2 * (8 + 8) + 2 * (8 + 8) + 2 * (8 + 32)
    assert [(count.rule, count.tensors) for count in state.counts] == [("head", 1), ("adapter:top:1", 6)]
    assert not state.only_head


def test_a_tree_has_the_adapters_that_rules_wish_and_no_others() -> None:
    plain = small_tree()
    assert adapted_tree(plain, ["all", "!embeddings", "top:1"], 2) is plain
    assert adapters_of(adapted_tree(plain, ["adapter:top:1", "adapter:layer.0", "adapter:nothing"], 2)) == (
        in_block(2) | in_block(0)
    )
    whole = adapted_tree(plain, ["adapter:blocks"], 2, magnitudes=True)
    assert len(adapters_of(whole)) == 3 * len(adaptable_modules(plain))


@pytest.mark.parametrize(
    "rule", [*(word.replace("K", "3") for word in WORDS), "layer", "*", "*.weight", "layer.0", "*lora*"]
)
def test_words_and_globs_without_adapter_never_mean_one(rule: str) -> None:
    assert match_rule(rule, everywhere(small_tree())) == match_rule(rule, small_tree())


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("adapter:head", "inside the blocks"),
        ("adapter:norms", "adapter:*.query"),
        ("adapter:embeddings", "adapter:blocks"),
        ("adapter:top:9", "adapter:top:1 to adapter:top:3"),
        ("adapter:*.querry", 'Did you mean "adapter:*.query"?'),
        ("adapter:layer.1.atention", 'Did you mean "adapter:layer.1.attention"?'),
        ("adapter:", "inside the blocks"),
        ("adapter:*.bias", "inside the blocks"),
        ("adapters:blocks", 'Did you mean "adapter:blocks"?'),
        ("!adapter:top:1", "No rule of this plan puts adapters there"),
    ],
)
def test_an_adapter_rule_that_matches_nothing_is_refused_in_words(rule: str, part: str) -> None:
    rules = ["head", rule]
    with pytest.raises(InputError) as caught:
        resolve_freeze(rules, adapted_tree(small_tree(), rules, 2), "stage[0].train")
    (problem,) = caught.value.problems
    assert problem.where == "stage[0].train"
    assert f'"{rule}" matches no layer' in problem.what
    assert part in problem.remedy


# --- there and back ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What learns in a tree, and beside which modules adapters do."""

    tree: LayerTree
    names: frozenset[str]
    modules: frozenset[str]


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Return a choice in a tree of random blocks."""
    shapes = st.sampled_from([(3, 4), (4,), (2, 2, 2), ()])
    inside = draw(st.dictionaries(st.sampled_from(["a", "b.c", "b.d", "norm", "b"]), shapes, min_size=1))
    specs = [ParameterSpec("embeddings.weight", (5, 4))]
    for block, module in itertools.product(range(draw(st.integers(1, 4))), inside):
        specs.append(ParameterSpec(f"body.layer.{block}.{module}.weight", inside[module]))
    tree = build_layer_tree([*specs, ParameterSpec("head.weight", (2, 4))])
    names = draw(st.sets(st.sampled_from(names_of(tree))))
    modules = adaptable_modules(tree)
    chosen = draw(st.sets(st.sampled_from(modules))) if modules else set()
    return Choice(tree, frozenset(names), frozenset(chosen))


@given(choice=choices())
def test_described_rules_mean_the_same_in_the_plain_tree(choice: Choice) -> None:
    whole = everywhere(choice.tree)
    adapters = {name for name in adapters_of(whole) if adapted_module(name) in choice.modules}
    rules = describe_trainable(freeze_state(whole, choice.names | adapters), whole)
    if not choice.names | adapters:
        assert rules == []
        return
    tree = adapted_tree(choice.tree, rules, 2)
    assert adapters_of(tree) == adapters, "rules wish no adapter that was not chosen"
    assert resolve_freeze(rules, tree).trainable == choice.names | adapters


@pytest.mark.parametrize(
    "rules",
    [
        ["adapter:blocks"],
        ["head", "adapter:blocks"],
        ["head", "adapter:top:2"],
        ["head", "norms", "adapter:blocks"],
        ["all", "adapter:top:1"],
        ["adapter:*.attention"],
        ["adapter:*.attention.query"],
        ["adapter:*.attention.query", "adapter:layer.1"],
        ["adapter:layer.0.attention"],
        ["adapter:layer.0.output"],
    ],
)
def test_plain_choices_are_described_in_plain_words(rules: list[str]) -> None:
    whole = everywhere(small_tree())
    assert sorted(describe_trainable(resolve_freeze(rules, whole), whole)) == sorted(rules)


@pytest.mark.parametrize("family", CONFIGS)
def test_adapters_of_every_architecture_are_wished_and_described(tiny_model: TinyModel, family: str) -> None:
    plain = tree_of(tiny_model(family))
    rules = ["head", "adapter:blocks"]
    tree = adapted_tree(plain, rules, 2)
    state = resolve_freeze(rules, tree)
    assert (
        {adapted_module(name) for name in state.trainable if is_adapter(name)} == set(adaptable_modules(plain)) != set()
    )
    assert describe_trainable(state, tree) == rules
    assert without_adapters(tree) == plain


# --- what lies below -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "below"),
    [
        (["head", "adapter:top:1"], 2),
        (["adapter:layer.1.attention.query"], 1),
        (["head", "adapter:blocks"], 0),
        (["top:1", "adapter:top:2"], 1),
        (["embeddings", "adapter:top:1"], 0),
    ],
)
def test_blocks_below_all_adapters_that_learn_are_counted(rules: list[str], below: int) -> None:
    plain = small_tree()
    tree = adapted_tree(plain, rules, 2)
    state = resolve_freeze(rules, tree)
    assert frozen_blocks(state.trainable, tree) == frozen_blocks(state.trainable, plain) == below
