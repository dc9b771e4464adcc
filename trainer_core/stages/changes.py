"""A change of a running stage: what the user wishes, and what that means for its model. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from trainer_core.errors import InputError
from trainer_core.layers.adapters import WEIGHT
from trainer_core.layers.freeze import resolve_freeze
from trainer_core.layers.tree import LayerTree
from trainer_core.project.schema import HIGHEST_RATE
from trainer_core.stages.plan import StageChange, StagePlan


@dataclass(frozen=True)
class ChangeWish:
    """What shall be otherwise from the next step on; None leaves a thing as it is.

    Attributes:
        rules: which layers learn, as a stage's ``train`` tells it.
        learning_rate: the stage's, at which its schedule goes on.
    """

    rules: tuple[str, ...] | None = None
    learning_rate: float | None = None


def resolve_change(
    wish: ChangeWish, stage: StagePlan, tree: LayerTree, *, place: int, step: int, quantised: Collection[str] = ()
) -> StageChange:
    """Return what a wish means for a stage.

    Args:
        wish: the user's.
        stage: as it is now.
        tree: the model's layers.
        place: which stage it is, from 0.
        step: optimiser steps done in the run.
        quantised: the modules whose matrix the run keeps in four bits.

    Raises:
        InputError: a rule matches nothing, nothing would be left to train, a matrix in four bits would have to learn,
            or the rate is none.
    """
    rate = stage.learning_rate if wish.learning_rate is None else wish.learning_rate
    if not (math.isfinite(rate) and 0.0 < rate <= HIGHEST_RATE):
        what = f"{rate:g} is no learning rate."
        raise InputError.one("learning_rate", what, f"Choose one above 0, and at most {HIGHEST_RATE:g}.")
    rules, trainable, trained = stage.rules, stage.trainable, stage.trained_parameters
    if wish.rules is not None:
        state = resolve_freeze(wish.rules, tree)
        _refuse_quantised(state.trainable, quantised)
        rules, trained = wish.rules, state.trained
        trainable = tuple(parameter.name for parameter in tree.parameters if parameter.name in state.trainable)
    return StageChange(
        stage=place,
        step=step,
        rules=rules,
        trainable=trainable,
        trained_parameters=trained,
        learning_rate=rate,
    )


def _refuse_quantised(trainable: Collection[str], quantised: Collection[str]) -> None:
    held = [module + WEIGHT for module in quantised if module + WEIGHT in trainable]
    if held:
        what = f"This run keeps {len(held):,} of these matrices in four bits, which cannot learn: {held[0]}."
        raise InputError.one("train", what, "Let their adapters learn, or start a run in which a stage names them.")
