"""The layer tree of a model, made from parameter names and shapes alone. Imports no torch.

Nodes stand in depth-first order, so that a node is a contiguous range of leaves and the state of a parent is a
count over that range. Leaves are parameters; inner nodes are modules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

HEAD = "head"
_RELATIVE = re.compile(r"(?:^|\.)(rel_embeddings|relative_attention_bias)(?:\.|$)")
"""Relative positions: they stand behind the blocks and act in every one (DeBERTa, MPNet)."""
_BESIDE_RELATIVE = ("LayerNorm", "conv")
"""What DeBERTa applies to its relative positions, or behind its first block."""


class LayerKind(StrEnum):
    """What a node of the tree is, in plain words."""

    MODEL = "model"
    EMBEDDINGS = "embeddings"
    BLOCKS = "blocks"
    BLOCK = "block"
    ATTENTION = "attention"
    FEED_FORWARD = "feed-forward"
    NORM = "norm"
    HEAD = "head"
    MODULE = "module"
    PARAMETER = "parameter"


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a model.

    Attributes:
        name: its dotted name, as the pretrained model calls it; the head's begin with ``head.``.
        shape: its size along each dimension.
        tied_to: the name of the parameter whose memory it shares, which comes earlier in the list.
    """

    name: str
    shape: tuple[int, ...]
    tied_to: str | None = None

    @property
    def count(self) -> int:
        """The number of values in it; a tied parameter counts where it comes first, and 0 here."""
        return 0 if self.tied_to else math.prod(self.shape)


@dataclass(frozen=True)
class LayerNode:
    """One row of the layer tree.

    Attributes:
        id: its position in depth-first order; the root is 0.
        name: the last part of its path.
        path: its dotted path; the root's is empty.
        parent: the id of the node above it, -1 for the root.
        children: the ids of the nodes below it.
        first_leaf: the first of its leaves, as a position in ``LayerTree.parameters``.
        leaf_count: how many leaves it has; they stand in one piece.
        parameter_count: the number of values in it, tied ones counted once.
        kind: what it is.
        block: which repeated block it is or belongs to, from 0; None outside the blocks.
    """

    id: int
    name: str
    path: str
    parent: int
    children: tuple[int, ...]
    first_leaf: int
    leaf_count: int
    parameter_count: int
    kind: LayerKind
    block: int | None = None

    @property
    def leaves(self) -> range:
        """The positions of its parameters in ``LayerTree.parameters``."""
        return range(self.first_leaf, self.first_leaf + self.leaf_count)

    @property
    def description(self) -> str:
        """What it is, in plain words."""
        if self.kind is LayerKind.BLOCK and self.block is not None:
            return f"block {self.block + 1}"
        return _DESCRIPTIONS.get(self.kind, self.kind.value)


_DESCRIPTIONS = {
    LayerKind.MODEL: "the whole model",
    LayerKind.EMBEDDINGS: "embeddings: from tokens to vectors",
    LayerKind.BLOCKS: "the repeated blocks",
    LayerKind.ATTENTION: "attention: words look at each other",
    LayerKind.FEED_FORWARD: "feed-forward: each word by itself",
    LayerKind.NORM: "norm: keeps values in scale",
    LayerKind.HEAD: "head: from a text's vector to the answer",
    LayerKind.MODULE: "",
    LayerKind.PARAMETER: "",
}


@dataclass
class _Branch:
    """A node while the tree grows."""

    name: str
    path: str
    leaf: ParameterSpec | None = None
    branches: dict[str, _Branch] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerTree:
    """All layers of one model.

    Attributes:
        nodes: every node in depth-first order.
        parameters: the leaves, in the same order.
        blocks: the path of the list of repeated blocks, e.g. ``encoder.layer``; empty when there is none.
        block_count: how many repeated blocks there are.
    """

    nodes: tuple[LayerNode, ...]
    parameters: tuple[ParameterSpec, ...]
    blocks: str
    block_count: int

    @property
    def root(self) -> LayerNode:
        """The node that holds everything."""
        return self.nodes[0]

    @property
    def parameter_count(self) -> int:
        """The number of values in the whole model."""
        return self.root.parameter_count

    def ancestors(self, node: LayerNode) -> Iterable[LayerNode]:
        """Yield the nodes above one, the nearest first."""
        while node.parent >= 0:
            node = self.nodes[node.parent]
            yield node

    def descendants(self, node: LayerNode) -> Sequence[LayerNode]:
        """Return the nodes below one, which follow it without a gap."""
        end = node.id + 1
        while end < len(self.nodes) and self.nodes[end].path.startswith(node.path + "." if node.path else ""):
            end += 1
        return self.nodes[node.id + 1 : end]

    @cached_property
    def _depths(self) -> dict[str, int]:
        names = [parameter.name for parameter in self.parameters]
        blocks = [_block(name, self.blocks) for name in names]
        last = max((i for i, block in enumerate(blocks) if block is not None), default=-1)
        in_all = _acting_in_all_blocks(names)
        depths = {}
        for place, (name, block) in enumerate(zip(names, blocks, strict=True)):
            if name.startswith(HEAD + "."):
                depths[name] = 0
            elif block is not None:
                depths[name] = self.block_count - block
            else:
                after = 0 <= last < place and name not in in_all
                depths[name] = 1 if after else self.block_count + 1
        return depths

    def depth_of(self, name: str) -> int:
        """Return how far a parameter is from the output: the head 0, the last block 1, the embeddings the most."""
        return self._depths[name]


def build_layer_tree(parameters: Iterable[ParameterSpec]) -> LayerTree:
    """Return the tree of a model's parameters.

    Args:
        parameters: in the order in which the model lists them, which is the order of computation.

    Raises:
        ValueError: there are none.
    """
    root = _Branch("model", "")
    for parameter in parameters:
        _grow(root, parameter)
    if not root.branches:
        raise ValueError("a model without parameters has no layers")
    blocks, block_count = find_blocks(root)
    nodes: list[LayerNode] = []
    leaves: list[ParameterSpec] = []
    _flatten(root, -1, blocks, nodes, leaves)
    return LayerTree(tuple(nodes), tuple(leaves), blocks, block_count)


def _grow(root: _Branch, parameter: ParameterSpec) -> None:
    branch = root
    for part in parameter.name.split("."):
        path = f"{branch.path}.{part}" if branch.path else part
        branch = branch.branches.setdefault(part, _Branch(part, path))
    branch.leaf = parameter


def find_blocks(root: _Branch) -> tuple[str, int]:
    """Return the path and length of the longest list of children named 0, 1, 2, ... with like parameters."""
    best = ("", 0)
    waiting = [root]
    while waiting:
        branch = waiting.pop()
        waiting.extend(branch.branches.values())
        names = list(branch.branches)
        if names == [str(i) for i in range(len(names))] and len(names) > best[1] and _alike(branch):
            best = (branch.path, len(names))
    return best


def _alike(branch: _Branch) -> bool:
    first = next(iter(branch.branches.values()))
    if first.leaf is not None or branch.path.split(".")[0] == HEAD:
        return False
    return all(set(other.branches) & set(first.branches) for other in branch.branches.values())


def _flatten(branch: _Branch, parent: int, blocks: str, nodes: list[LayerNode], leaves: list[ParameterSpec]) -> int:
    """Append a branch and all below it; return its id."""
    place, first_leaf = len(nodes), len(leaves)
    if branch.leaf is not None:
        leaves.append(branch.leaf)
    nodes.append(LayerNode(place, branch.name, branch.path, parent, (), first_leaf, 0, 0, LayerKind.MODULE))
    children = tuple(_flatten(inner, place, blocks, nodes, leaves) for inner in branch.branches.values())
    own = leaves[first_leaf:]
    nodes[place] = LayerNode(
        id=place,
        name=branch.name,
        path=branch.path,
        parent=parent,
        children=children,
        first_leaf=first_leaf,
        leaf_count=len(own),
        parameter_count=sum(leaf.count for leaf in own),
        kind=_kind(branch, blocks),
        block=_block(branch.path, blocks),
    )
    return place


def _acting_in_all_blocks(names: Sequence[str]) -> set[str]:
    """Return the parameters of relative positions, and of what belongs to them."""
    places = {name[: found.start(1)] for name in names if (found := _RELATIVE.search(name))}
    beside = tuple(f"{place}{module}." for place in places for module in _BESIDE_RELATIVE)
    return {name for name in names if _RELATIVE.search(name) or (beside and name.startswith(beside))}


def _block(path: str, blocks: str) -> int | None:
    match = re.match(rf"{re.escape(blocks)}\.(\d+)(\.|$)", path) if blocks else None
    return int(match.group(1)) if match else None


def _kind(branch: _Branch, blocks: str) -> LayerKind:
    path, name = branch.path, branch.name.lower()
    if not path:
        return LayerKind.MODEL
    if branch.leaf is not None:
        return LayerKind.PARAMETER
    if path == HEAD:
        return LayerKind.HEAD
    if blocks and path == blocks:
        return LayerKind.BLOCKS
    if blocks and re.fullmatch(rf"{re.escape(blocks)}\.\d+", path):
        return LayerKind.BLOCK
    inside = _block(path, blocks) is not None
    return _kind_by_name(name, inside_block=inside, above=path.lower().split(".")[:-1] if inside else [])


def _kind_by_name(name: str, *, inside_block: bool, above: list[str]) -> LayerKind:
    if "norm" in name or name.startswith("ln_"):
        return LayerKind.NORM
    if "embed" in name or name in {"wte", "wpe"}:
        return LayerKind.EMBEDDINGS
    if any("att" in part for part in (name, *above)):
        return LayerKind.ATTENTION
    if inside_block and name in {"mlp", "ffn", "intermediate", "output", "feed_forward"}:
        return LayerKind.FEED_FORWARD
    return LayerKind.MODULE
