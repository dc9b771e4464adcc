"""Whether rows that share a sequence keep to themselves; where they do not, each gets one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.encoded import Encoded
from trainer_core.training.events import Event, RunWarning
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.frozen.proof import TOLERANCES
from trainer_core.training.session import TrainingSession

ROWS = 4
TOGETHER = "In this model rows that share a sequence would see each other, so each is read by itself."


def check_packing(session: TrainingSession) -> Iterator[Event]:
    """Compute a few rows packed and alone; where that differs, take the packing back.

    Yields:
        A warning where it was taken back.
    """
    if not session.train.packed or _keep_to_themselves(session):
        return
    session.train, session.validation = (replace(rows, packed=0) for rows in (session.train, session.validation))
    if session.resumed is None:
        yield RunWarning(message=TOGETHER)


def _keep_to_themselves(session: TrainingSession) -> bool:
    rows = session.train
    shortest = np.argsort(rows.lengths, kind="stable")[:ROWS]
    together = replace(rows, packed=int(rows.lengths[shortest].sum()))
    session.network.eval()
    try:
        found, expected = (_states(session, some, shortest) for some in (together, replace(rows, packed=0)))
    finally:
        set_training_modes(session.network)
    largest = expected.abs().max().clamp(min=1e-6)
    return bool((found - expected).abs().max() / largest <= TOLERANCES[session.precision.precision])


def _states(session: TrainingSession, rows: Encoded, chosen: np.ndarray) -> Tensor:
    """Return the states of all tokens of some rows, in their order, float [tokens, width]."""
    tokens = rows.tokens(chosen).to(session.device)
    with torch.no_grad(), session.precision.autocast():
        return session.network.token_states(tokens)[tokens.mask.bool()].float()
