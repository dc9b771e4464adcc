"""The layer tree: depth-first, leaves in one piece, counts that add up, and the search for the blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.conftest import TinyModel
from tests.support.tiny_models import CONFIGS
from trainer_core.layers.freeze import frozen_blocks, match_rule
from trainer_core.layers.tree import LayerKind, LayerTree, ParameterSpec, build_layer_tree
from trainer_core.models.inspect import inspect_model
from trainer_core.project.schema import DataSection, ModelSection, Project

PARTS = st.sampled_from(
    ["a", "b", "layer", "0", "1", "2", "norm", "embeddings", "attention", "output", "head", "blocks"]
)
SHAPES = st.lists(st.integers(1, 5), max_size=3).map(tuple)


@st.composite
def parameter_lists(draw: st.DrawFn) -> list[ParameterSpec]:
    """Return parameters of random names, some of them tied to an earlier one."""
    stems = draw(st.lists(st.lists(PARTS, max_size=4).map(".".join), min_size=1, max_size=14))
    specs: list[ParameterSpec] = []
    for number, stem in enumerate(stems):
        last = draw(st.sampled_from(["weight", "bias"])) + str(number)
        firsts = [spec.name for spec in specs if spec.tied_to is None]
        tied = draw(st.none() | st.sampled_from(firsts)) if firsts else None
        specs.append(ParameterSpec(f"{stem}.{last}" if stem else last, draw(SHAPES), tied))
    return specs


TREES = parameter_lists().map(build_layer_tree)


def tree_of(folder: Path, labels: int = 3) -> LayerTree:
    """Return the layers of a model folder with a head."""
    project = Project(data=DataSection(train="none"), model=ModelSection(source=str(folder)))
    return inspect_model(project, folder, labels).tree


@given(tree=TREES)
def test_nodes_stand_in_depth_first_order_with_their_leaves_in_one_piece(tree: LayerTree) -> None:
    for place, node in enumerate(tree.nodes):
        assert node.id == place
        below = {n.id for n in tree.nodes if n.id != place and place in {a.id for a in tree.ancestors(n)}}
        assert below == set(range(place + 1, place + 1 + len(below)))
        assert [n.id for n in tree.descendants(node)] == sorted(below)
        assert node.children == tuple(n.id for n in tree.nodes if n.parent == place)
        named = {i for i, p in enumerate(tree.parameters) if p.name == node.path or p.name.startswith(node.path + ".")}
        assert set(node.leaves) == (named if node.path else set(range(len(tree.parameters))))


@given(specs=parameter_lists())
def test_counts_add_up_and_tied_values_count_once(specs: list[ParameterSpec]) -> None:
    tree = build_layer_tree(specs)
    assert sorted(p.name for p in tree.parameters) == sorted(spec.name for spec in specs)
    assert tree.parameter_count == sum(spec.count for spec in specs if spec.tied_to is None)
    for node in tree.nodes:
        assert node.leaf_count == len(node.leaves)
        assert node.parameter_count == sum(tree.parameters[leaf].count for leaf in node.leaves)
        if node.children:
            assert node.leaf_count == sum(tree.nodes[child].leaf_count for child in node.children)


@given(tree=TREES)
def test_depths_fall_towards_the_head(tree: LayerTree) -> None:
    for parameter in tree.parameters:
        depth = tree.depth_of(parameter.name)
        assert 0 <= depth <= tree.block_count + 1
        assert (depth == 0) == parameter.name.startswith("head.")


def test_a_model_without_parameters_has_no_tree() -> None:
    with pytest.raises(ValueError, match="without parameters"):
        build_layer_tree([])


def test_the_longest_numbered_list_holds_the_blocks() -> None:
    names = [f"convolutions.{n}.weight" for n in range(2)]
    names += [f"body.layer.{n}.{part}.weight" for n in range(4) for part in ("attention", "mlp")]
    names += [f"head.parts.{n}.weight" for n in range(9)]
    tree = build_layer_tree([ParameterSpec(name, (2,)) for name in names])
    assert (tree.blocks, tree.block_count) == ("body.layer", 4)
    kinds = {node.path: node.kind for node in tree.nodes}
    assert kinds["body.layer"] is LayerKind.BLOCKS
    assert kinds["body.layer.2"] is LayerKind.BLOCK
    assert kinds["body.layer.2.attention"] is LayerKind.ATTENTION
    assert kinds["head"] is LayerKind.HEAD
    assert next(node for node in tree.nodes if node.path == "body.layer.2").description == "block 3"


def test_a_list_of_unlike_things_is_no_list_of_blocks() -> None:
    names = ["stages.0.conv.weight", "stages.1.norm.weight", "stages.2.linear.weight"]
    assert build_layer_tree([ParameterSpec(name, (2,)) for name in names]).block_count == 0


BLOCKS = {
    "bert": ("encoder.layer", 3),
    "roberta": ("encoder.layer", 3),
    "distilbert": ("transformer.layer", 3),
    "electra": ("encoder.layer", 3),
    "mpnet": ("encoder.layer", 3),
    "modernbert": ("layers", 3),
    "deberta": ("encoder.layer", 3),
    "albert": ("encoder.albert_layer_groups", 1),
    "xlm-roberta": ("encoder.layer", 3),
    "gpt2": ("h", 3),
    "llama": ("layers", 3),
    "qwen2": ("layers", 3),
    "gemma2": ("layers", 3),
}


@pytest.mark.parametrize("family", CONFIGS)
def test_the_blocks_of_every_architecture_are_found(tiny_model: TinyModel, family: str) -> None:
    tree = tree_of(tiny_model(family))
    assert (tree.blocks, tree.block_count) == BLOCKS[family]
    inside = {node.block for node in tree.nodes if node.block is not None}
    assert inside == set(range(tree.block_count))
    kinds = {node.kind for node in tree.nodes}
    assert {LayerKind.EMBEDDINGS, LayerKind.BLOCK, LayerKind.HEAD, LayerKind.NORM, LayerKind.ATTENTION} <= kinds
    depths = {tree.depth_of(p.name) for p in tree.parameters if not p.name.startswith("head.")}
    assert depths == set(range(1, tree.block_count + 2))


@pytest.mark.parametrize(
    ("family", "everywhere"),
    [
        ("deberta", {"encoder.rel_embeddings.weight", "encoder.LayerNorm.weight", "encoder.LayerNorm.bias"}),
        ("mpnet", {"encoder.relative_attention_bias.weight"}),
    ],
)
def test_what_acts_in_every_block_is_as_far_from_the_output_as_the_embeddings(
    tiny_model: TinyModel, family: str, everywhere: set[str]
) -> None:
    tree = tree_of(tiny_model(family))
    assert {tree.depth_of(name) for name in everywhere} == {tree.block_count + 1}
    assert not everywhere & match_rule(f"top:{tree.block_count}", tree)
    assert frozen_blocks(everywhere, tree) == 0
