"""Where the rows enter the network in a stage: above the frozen layers, wherever that can be."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import torch

from trainer_core.data.rows import IntArray
from trainer_core.models.blocks import BlockStack
from trainer_core.stages.plan import StagePlan
from trainer_core.training.events import Event, RunWarning
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.frozen.needs import boundaries_from, boundary_of, takes_vectors
from trainer_core.training.frozen.proof import agree
from trainer_core.training.frozen.reading import read_frozen
from trainer_core.training.inputs import FeatureInputs, Inputs, StateInputs, TokenInputs
from trainer_core.training.memory import each_part
from trainer_core.training.session import TrainingSession

DIFFERENT = (
    "The frozen layers of this model give another result when they are computed apart from the others, so they are "
    "computed anew in every epoch."
)


def find_stack(session: TrainingSession) -> BlockStack | None:
    """Return the blocks of the session's body, or None where it cannot be entered between two of them."""
    stack = BlockStack.find(session.network.body)
    if stack is None or (stack.path, len(stack)) != (session.tree.blocks, session.tree.block_count):
        return None
    shortest = np.argsort(session.train.lengths, kind="stable")[:1]

    def can_be_split(rows: IntArray) -> bool:
        tokens = session.train.tokens(rows).to(session.device)
        with torch.no_grad():
            return stack.can_be_split(lambda: session.network.token_states(tokens))

    session.network.eval()
    try:
        return stack if all(can for _, can in each_part(session.row_limit, shortest, can_be_split)) else None
    finally:
        set_training_modes(session.network)


def stage_inputs(
    session: TrainingSession, stages: Sequence[StagePlan]
) -> Generator[Event, None, tuple[Inputs, Inputs]]:
    """Return the inputs of the training and of the validation rows for a stage.

    Args:
        session: the run.
        stages: the stage, and those after it.

    Yields:
        The progress of the pass through the frozen layers, where one is needed; a warning where its outputs cannot be
        used.

    Raises:
        RunStopped: the user asked for the end during the pass.
    """
    plain = _token_inputs(session)
    cached = yield from _cached_inputs(session, stages)
    if cached is None:
        return plain
    if not agree(session, plain[0], cached[0], session.train.lengths):
        yield RunWarning(message=DIFFERENT)
        return plain
    return cached


def _token_inputs(session: TrainingSession) -> tuple[Inputs, Inputs]:
    return TokenInputs(session.train, session.device), TokenInputs(session.validation, session.device)


def _cached_inputs(
    session: TrainingSession, stages: Sequence[StagePlan]
) -> Generator[Event, None, tuple[Inputs, Inputs] | None]:
    by_token = session.network.head.by_token
    later = boundaries_from(stages, session.tree, by_token=by_token)
    if takes_vectors(stages[0], by_token=by_token):
        pooling = session.network.pooling
        frozen = yield from read_frozen(session, [pooling], later)
        return (
            FeatureInputs(session.train, session.device, frozen.train.features[pooling]),
            FeatureInputs(session.validation, session.device, frozen.validation.features[pooling]),
        )
    boundary = boundary_of(stages[0], session.tree, by_token=by_token)
    if not boundary or session.stack is None:
        return None
    frozen = yield from read_frozen(session, [], later)
    return (
        StateInputs(session.train, session.device, frozen.train.states[boundary], session.stack, boundary),
        StateInputs(session.validation, session.device, frozen.validation.states[boundary], session.stack, boundary),
    )
