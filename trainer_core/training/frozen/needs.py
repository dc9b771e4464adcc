"""What the stages of a plan need of the frozen layers. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_core.layers.freeze import frozen_blocks
from trainer_core.layers.tree import LayerTree
from trainer_core.stages.plan import StagePlan


def takes_vectors(stage: StagePlan, *, by_token: bool) -> bool:
    """Whether a stage needs nothing of the body but the vectors of whole rows: only a head learns that scores rows."""
    return stage.only_head and not by_token


def boundary_of(stage: StagePlan, tree: LayerTree, *, by_token: bool) -> int:
    """Return the number of blocks whose output a stage can take from the cache; 0 where it needs none of it.

    Args:
        stage: of a plan.
        tree: the model's layers.
        by_token: whether the head scores each token; else it scores rows by their vectors.
    """
    return 0 if takes_vectors(stage, by_token=by_token) else frozen_blocks(stage.trainable, tree)


def boundaries_from(stages: Sequence[StagePlan], tree: LayerTree, *, by_token: bool) -> tuple[int, ...]:
    """Return the boundaries that these stages need and that still hold when their turn comes, the lowest first.

    What lies below a boundary must be as it is now: no stage before may teach it.
    """
    wanted: set[int] = set()
    untouched = tree.block_count
    for stage in stages:
        boundary = boundary_of(stage, tree, by_token=by_token)
        if 0 < boundary <= untouched:
            wanted.add(boundary)
        untouched = min(untouched, frozen_blocks(stage.trainable, tree))
    return tuple(sorted(wanted))
