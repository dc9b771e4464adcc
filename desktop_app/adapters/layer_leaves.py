"""What learns in a layer tree, leaf by leaf: frozen, learning, or frozen with an adapter beside it. Imports no Qt.

Leaves keep one byte each; the state of a node is a count over its contiguous leaves and is never stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import accumulate

from desktop_app.adapters.layer_ranges import tied_groups
from trainer_core.layers.adapters import WEIGHT, adaptable_modules, adapted_module, is_adapter, without_adapters
from trainer_core.layers.tree import LayerNode, LayerTree, ParameterSpec


class LayerState(Enum):
    """What training does to a layer; the words are those that users read."""

    FROZEN = "frozen"
    LEARNING = "learning"
    ADAPTED = "adapter"
    """It stays frozen, and beside each of its matrices that can have an adapter one learns."""
    PARTLY = "partly"


class LayerLeaves:
    """Which parameters of a model learn, and beside which of them adapters do.

    Args:
        whole: a model's layers; where there are adapters in it, adapters can be put.

    Attributes:
        whole: the same.
        tree: the layers of the model alone.
    """

    def __init__(self, whole: LayerTree) -> None:
        self.whole = whole
        self.tree = without_adapters(whole)
        self._parts = _adapters_beside(whole, self.tree)
        self._can = bytearray(map(bool, self._parts))
        self._tied = tied_groups(self.tree)
        self._learns = bytearray(len(self.tree.parameters))
        self._adapts = bytearray(len(self.tree.parameters))
        self._added: list[int] = [0] * (len(self.tree.parameters) + 1)

    @property
    def trainable(self) -> frozenset[str]:
        """The names of the parameters that learn, those of adapters included."""
        own = (p.name for p, on in zip(self.tree.parameters, self._learns, strict=True) if on)
        adapters = (part.name for parts, on in zip(self._parts, self._adapts, strict=True) if on for part in parts)
        return frozenset(own) | frozenset(adapters)

    def state(self, node: LayerNode) -> LayerState:
        """Return whether all, none, or some of a node's parameters learn, or adapters beside them."""
        on, adapters = self.learning(node), self.adapters(node)
        if on == node.leaf_count:
            return LayerState.LEARNING
        if on or adapters < self.places(node):
            return LayerState.PARTLY if on or adapters else LayerState.FROZEN
        return LayerState.ADAPTED if adapters else LayerState.FROZEN

    def learning(self, node: LayerNode) -> int:
        """Return how many of a node's own parameters learn."""
        return _count(self._learns, node)

    def adapters(self, node: LayerNode) -> int:
        """Return beside how many of a node's matrices an adapter learns."""
        return _count(self._adapts, node)

    def places(self, node: LayerNode) -> int:
        """Return beside how many of a node's matrices an adapter can learn."""
        return _count(self._can, node)

    def added(self, node: LayerNode) -> int:
        """Return the number of values in the adapters that learn in a node."""
        return self._added[node.first_leaf + node.leaf_count] - self._added[node.first_leaf]

    def take(self, names: Iterable[str]) -> set[int]:
        """Let exactly these parameters learn, and those tied to them; return the ids of the nodes that changed."""
        wanted = set(names)
        learns = bytearray(parameter.name in wanted for parameter in self.tree.parameters)
        for group in self._tied.values():
            if any(learns[leaf] for leaf in group):
                self._set(learns, group, 1)
        adapts = bytearray(bool(parts) and all(part.name in wanted for part in parts) for parts in self._parts)
        return self._adopt(learns, adapts)

    def tick(self, node: LayerNode, *, on: bool) -> set[int]:
        """Let all of a node learn, or nothing of it; its adapters go. Return the ids of the nodes that changed."""
        learns, adapts = bytearray(self._learns), bytearray(self._adapts)
        self._set(learns, node.leaves, on)
        self._set(adapts, node.leaves, 0)
        return self._adopt(learns, adapts)

    def adapt(self, node: LayerNode, *, on: bool) -> set[int]:
        """Put adapters beside all matrices of a node, or take them away; return the ids of the nodes that changed.

        What of the node lies in blocks that get adapters is frozen; what lies elsewhere stays as it is.
        """
        learns, adapts = bytearray(self._learns), bytearray(self._adapts)
        for leaf in node.leaves:
            adapts[leaf] = on and self._can[leaf]
        if on:
            inside = f"{self.tree.blocks}."
            self._set(learns, (n for n in node.leaves if self.tree.parameters[n].name.startswith(inside)), 0)
        return self._adopt(learns, adapts)

    def moved_to(self, whole: LayerTree) -> LayerLeaves:
        """Return the same states for the same model whose adapters are of another size or in other places."""
        other = LayerLeaves(whole)
        other._adopt(bytearray(self._learns), bytearray(a and b for a, b in zip(self._adapts, other._can, strict=True)))
        return other

    def _set(self, states: bytearray, leaves: Iterable[int], state: int) -> None:
        for leaf in leaves:
            for tied in self._tied.get(leaf, (leaf,)):
                states[tied] = state

    def _adopt(self, learns: bytearray, adapts: bytearray) -> set[int]:
        before = zip(self._learns, self._adapts, strict=True)
        changed = [old != new for old, new in zip(before, zip(learns, adapts, strict=True), strict=True)]
        self._learns, self._adapts = learns, adapts
        sizes = (sum(part.count for part in parts) * on for parts, on in zip(self._parts, adapts, strict=True))
        self._added = [0, *accumulate(sizes)]
        until = [0, *accumulate(changed)]
        return {n.id for n in self.tree.nodes if until[n.first_leaf + n.leaf_count] > until[n.first_leaf]}


def _count(states: bytearray, node: LayerNode) -> int:
    return states.count(1, node.first_leaf, node.first_leaf + node.leaf_count)


def _adapters_beside(whole: LayerTree, tree: LayerTree) -> list[tuple[ParameterSpec, ...]]:
    """Return, for every parameter of the model alone, those of the adapter that can learn beside it."""
    beside: dict[str, list[ParameterSpec]] = {module + WEIGHT: [] for module in adaptable_modules(tree)}
    for parameter in whole.parameters:
        if is_adapter(parameter.name):
            beside[adapted_module(parameter.name) + WEIGHT].append(parameter)
    return [tuple(beside.get(parameter.name, ())) for parameter in tree.parameters]
