"""Which passes through frozen layers a plan needs, and when; the twin of ``training/frozen``. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_core.forecast.contract import Work
from trainer_core.layers.freeze import frozen_blocks
from trainer_core.training.frozen.needs import boundaries_from, boundary_of, takes_vectors

POOLED = -1
"""Stands among boundaries for the vectors of whole texts."""
POOLINGS_TRIED = 3


@dataclass(frozen=True)
class StagePass:
    """Where the rows enter a stage, and what has to be read for it.

    Attributes:
        boundary: how many blocks lie below the place where rows enter; all of them where only the head learns.
        read_blocks: through how many blocks all rows go once before the stage; 0 where what it needs is there.
        new_states: at how many boundaries states are written by that.
    """

    boundary: int
    read_blocks: int
    new_states: int


def block_count(work: Work) -> int:
    """Return the number of blocks; a body without a list of blocks counts as one."""
    return max(1, work.tree.block_count)


def opening_pass(work: Work) -> StagePass:
    """Return the pass before the first stage, from which the head is solved."""
    if work.by_token or not (work.training.probe or work.chooses_pooling):
        return StagePass(0, 0, 0)
    return StagePass(0, block_count(work), len(boundaries_from(work.stages, work.tree, by_token=work.by_token)))


def stage_passes(work: Work) -> list[StagePass]:
    """Return the pass of every stage, given what earlier ones have read and taught."""
    opening = opening_pass(work)
    by_token = work.by_token
    opened = {POOLED, *boundaries_from(work.stages, work.tree, by_token=by_token)}
    there: set[int] = opened if opening.read_blocks else set()
    found: list[StagePass] = []
    for place, stage in enumerate(work.stages):
        boundary = boundary_of(stage, work.tree, by_token=by_token)
        later = boundaries_from(work.stages[place:], work.tree, by_token=by_token)
        wanted = set(later) if stage.only_head or boundary else set()
        if takes_vectors(stage, by_token=by_token):
            wanted.add(POOLED)
        new = wanted - there
        read = block_count(work) if POOLED in new else max(new, default=0)
        found.append(StagePass(block_count(work) if stage.only_head else boundary, read, len(new - {POOLED})))
        there |= new
        lowest = frozen_blocks(stage.trainable, work.tree)
        # What this stage teaches is no longer as it was read; vectors of whole texts depend on every block.
        there = {what for what in there if stage.only_head or (what != POOLED and what <= lowest)}
    return found
