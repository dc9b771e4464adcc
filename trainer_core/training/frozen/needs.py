"""What the stages of a plan need of the frozen layers. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_core.layers.freeze import frozen_blocks
from trainer_core.layers.tree import LayerTree
from trainer_core.stages.plan import StagePlan


def boundary_of(stage: StagePlan, tree: LayerTree) -> int:
    """Return the number of blocks whose output a stage can take from the cache; 0 where it needs none of it.

    A stage in which only the head learns needs vectors of whole texts, not states between blocks: 0 too.
    """
    return 0 if stage.only_head else frozen_blocks(stage.trainable, tree)


def boundaries_from(stages: Sequence[StagePlan], tree: LayerTree) -> tuple[int, ...]:
    """Return the boundaries that these stages need and that still hold when their turn comes, the lowest first.

    What lies below a boundary must be as it is now: no stage before may teach it.
    """
    wanted: set[int] = set()
    untouched = tree.block_count
    for stage in stages:
        boundary = boundary_of(stage, tree)
        if 0 < boundary <= untouched:
            wanted.add(boundary)
        untouched = min(untouched, frozen_blocks(stage.trainable, tree))
    return tuple(sorted(wanted))
