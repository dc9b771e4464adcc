"""The linear probe of a head that scores each token: solved on the tokens of some rows."""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.rows import IntArray
from trainer_core.training.evaluate import Evaluation, evaluate
from trainer_core.training.events import Event, ProbeFinished, WorkProgress
from trainer_core.training.inputs import TokenInputs
from trainer_core.training.memory import each_part
from trainer_core.training.session import TrainingSession
from trainer_core.training.solve import EXACT, NEAR, STRENGTHS, LinearSolution, set_head, solve_linear, undisturbed

SOLVED_TOKENS = 20_000
"""More tokens change a solution little, and take long."""
BATCH_TOKENS = 4_096
HELD_OUT = 5
"""Every fifth row tells which strength does best, on what was solved on the others."""
SOLVE = "Solving the head"


def solve_token_head(session: TrainingSession) -> Generator[Event, None, Evaluation]:
    """Set the head to its linear solution on the states of the frozen body.

    Yields:
        Progress; at the end, what the head reaches on the validation rows.
    """
    started = time.monotonic()
    rows = _some_rows(session)
    features, targets = yield from undisturbed(session, lambda: _tokens(session, rows))
    held = np.arange(len(rows)) % HELD_OUT == 0 if len(rows) > 1 else np.ones(1, dtype=np.bool_)
    judged = torch.from_numpy(np.repeat(held, session.train.lengths[rows])).to(session.device)
    fit = judged if judged.all() else ~judged
    losses: dict[float, float] = {}
    yield WorkProgress(work=SOLVE, done=0, total=len(STRENGTHS))
    for strength in STRENGTHS:
        solve = partial(_solve, session, features[fit], targets[fit], strength, NEAR)
        solution = yield from undisturbed(session, solve)
        losses[strength] = float(session.task.loss(solution.scores(features[judged]), targets[judged]))
        yield WorkProgress(work=SOLVE, done=len(losses), total=len(STRENGTHS))
    strength = min(losses, key=lambda tried: losses[tried])
    solution = yield from undisturbed(session, lambda: _solve(session, features, targets, strength, EXACT))
    set_head(session, solution)
    found = evaluate(session, TokenInputs(session.validation, session.device))
    seconds = time.monotonic() - started
    yield ProbeFinished(metrics=found.metrics, seconds=seconds, inverse_regularisation=strength)
    return found


def _some_rows(session: TrainingSession) -> IntArray:
    """Return the places of random rows that have so many tokens in all."""
    rows = session.train
    drawn = np.random.default_rng(session.plan.seed).permutation(len(rows))
    enough = int(np.searchsorted(np.cumsum(rows.lengths[drawn]), SOLVED_TOKENS)) + 1
    return np.sort(drawn[:enough])


def _solve(
    session: TrainingSession, features: Tensor, targets: Tensor, strength: float, gradient_left: float
) -> LinearSolution:
    outputs, heard = session.network.head.outputs, session.control.break_off
    return solve_linear(session.task, features, targets, outputs, strength, gradient_left, heard)


def _tokens(session: TrainingSession, rows: IntArray) -> tuple[Tensor, Tensor]:
    """Return the states of the tokens of some rows, float [tokens, width], and their targets."""
    network, inputs = session.network, TokenInputs(session.train, session.device)
    size = max(1, BATCH_TOKENS // max(1, int(session.train.lengths[rows].max())))

    def states(part: IntArray) -> Tensor:
        with torch.no_grad(), session.precision.autocast():
            return inputs.features(network, inputs.batch(part)).float()

    network.eval()
    made: list[Tensor] = []
    for start in range(0, len(rows), size):
        session.control.break_off()
        made += [part for _, part in each_part(session.row_limit, rows[start : start + size], states)]
    targets = torch.from_numpy(session.train.targets[session.train.units(rows)])
    return torch.cat(made), targets.to(session.device)
