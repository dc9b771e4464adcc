"""Positions in a layer tree that its item model needs. Imports no Qt."""

from __future__ import annotations

from collections.abc import Iterator

from trainer_core.layers.tree import LayerNode, LayerTree


def rows_of(tree: LayerTree) -> list[int]:
    """Return, for every node by its id, its place among its siblings."""
    rows = [0] * len(tree.nodes)
    for node in tree.nodes:
        for row, child in enumerate(node.children):
            rows[child] = row
    return rows


def tied_groups(tree: LayerTree) -> dict[int, tuple[int, ...]]:
    """Return, for every leaf that shares its memory, all leaves that share it."""
    places = {parameter.name: place for place, parameter in enumerate(tree.parameters)}
    owner = list(range(len(tree.parameters)))
    for place, parameter in enumerate(tree.parameters):
        if parameter.tied_to in places:
            owner[place] = owner[places[parameter.tied_to]]
    groups: dict[int, list[int]] = {}
    for place, first in enumerate(owner):
        groups.setdefault(first, []).append(place)
    return {place: tuple(group) for group in groups.values() if len(group) > 1 for place in group}


def sibling_runs(tree: LayerTree, touched: set[int]) -> Iterator[tuple[LayerNode, LayerNode]]:
    """Yield the first and last node of every unbroken run of touched siblings."""
    if 0 in touched:
        yield tree.root, tree.root
    for parent in sorted(touched):
        run: list[LayerNode] = []
        for child in tree.nodes[parent].children:
            if child in touched:
                run.append(tree.nodes[child])
            elif run:
                yield run[0], run[-1]
                run = []
        if run:
            yield run[0], run[-1]
