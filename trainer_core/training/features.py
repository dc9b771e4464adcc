"""The pass through the frozen body: every row once, whatever the number of epochs that follow."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from trainer_core.data.encoded import Encoded
from trainer_core.errors import RunStopped
from trainer_core.models.network import pool
from trainer_core.project.schema import Pooling
from trainer_core.training.events import Event, WorkProgress
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.inputs import EVALUATION_BATCH, TokenInputs
from trainer_core.training.session import FrozenFeatures, TrainingSession

WORK = "Reading the rows through the frozen layers"
REPORT_SECONDS = 0.25


def read_features(
    session: TrainingSession, poolings: Sequence[Pooling]
) -> Generator[Event, None, dict[Pooling, FrozenFeatures]]:
    """Compute the vectors of all rows, for several poolings in one pass.

    Yields:
        Progress, in rows.

    Returns:
        The features by pooling.

    Raises:
        RunStopped: the user asked for the end.
    """
    total = len(session.train) + len(session.validation)
    train = yield from _read_split(session, session.train, poolings, 0, total)
    validation = yield from _read_split(session, session.validation, poolings, len(session.train), total)
    return {pooling: FrozenFeatures(train[pooling], validation[pooling]) for pooling in poolings}


def _read_split(
    session: TrainingSession, rows: Encoded, poolings: Sequence[Pooling], done: int, total: int
) -> Generator[Event, None, dict[Pooling, Tensor]]:
    inputs = TokenInputs(rows, session.device)
    found: dict[Pooling, Tensor] = {}
    reported = 0.0
    session.network.eval()
    for places, batch in inputs.in_order(EVALUATION_BATCH):
        ids, mask = batch.values
        with torch.no_grad(), session.precision.autocast():
            states = session.network.token_states(ids, mask)
            pooled = {pooling: pool(states, mask, pooling).float() for pooling in poolings}
        for pooling, values in pooled.items():
            if pooling not in found:
                found[pooling] = torch.empty(len(rows), values.shape[1], device=values.device)
            found[pooling][torch.from_numpy(places).to(values.device)] = values
        done += len(batch)
        if session.control.finish_wished:
            raise RunStopped("Stopped before there was anything to keep.", remedy="Start the run again when you like.")
        if time.monotonic() - reported > REPORT_SECONDS or done == total:
            reported = time.monotonic()
            yield WorkProgress(work=WORK, done=done, total=total)
    set_training_modes(session.network)
    return found
