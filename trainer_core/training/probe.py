"""The linear probe: the head solved on the features of the frozen body, from which fine-tuning starts.

Linear probing then fine-tuning keeps the pretrained features from being torn apart by a random head: Kumar et al.
2022, arXiv:2202.10054. Features are standardised, the loss is the task's with an L2 penalty, the solver is L-BFGS.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.split import stratified_split
from trainer_core.project.schema import Pooling
from trainer_core.tasks.base import Task
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import Event, PoolingChosen, ProbeFinished
from trainer_core.training.features import read_features
from trainer_core.training.inputs import stage_inputs
from trainer_core.training.session import FrozenFeatures, TrainingSession

CANDIDATES = (Pooling.MEAN, Pooling.CLS, Pooling.LAST)
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Inverse regularisation to choose from; larger trusts the rows more."""
TRIAL_ROWS = 4_000
FEW_ROWS = 4_000
FEW_ROWS_REPEATS = 5
HELD_OUT = 0.2
ITERATIONS = 100


@dataclass(frozen=True)
class Trial:
    """What a strength of regularisation reached on rows held out from the training split."""

    strength: float
    score: float
    loss: float


@dataclass(frozen=True)
class LinearSolution:
    """Weights [outputs, width] and biases [outputs] of a head on raw, not standardised, features."""

    weight: Tensor
    bias: Tensor

    def scores(self, features: Tensor) -> Tensor:
        """Return scores, float [rows, outputs]."""
        return features @ self.weight.T + self.bias


def prepare_head(session: TrainingSession) -> Generator[Event, None, None]:
    """Choose the pooling where that is wished, and set the head to its linear solution where that is wished.

    Leaves the features in the session for stages in which only the head learns.
    """
    wished = session.plan.model.pooling
    candidates = CANDIDATES if wished is Pooling.AUTO else (wished,)
    features = yield from read_features(session, candidates)
    started = time.monotonic()
    trials = {pooling: _try_strengths(session, features[pooling].train) for pooling in candidates}
    chosen = min(trials, key=lambda pooling: trials[pooling].loss)
    session.network.pooling = chosen
    session.features = features[chosen]
    if wished is Pooling.AUTO:
        scores = {pooling.value: trial.score for pooling, trial in trials.items()}
        yield PoolingChosen(pooling=chosen.value, scores=scores)
    if session.plan.training.probe:
        yield from _solve_head(session, features[chosen], trials[chosen].strength, started)


def _solve_head(
    session: TrainingSession, features: FrozenFeatures, strength: float, started: float
) -> Generator[Event, None, None]:
    targets = torch.from_numpy(session.train.targets).to(session.device)
    linear = session.network.head.linear
    solution = solve_linear(session.task, features.train, targets, linear.out_features, strength)
    with torch.no_grad():
        linear.weight.copy_(solution.weight)
        linear.bias.copy_(solution.bias)
    session.changed |= {name for name, _ in session.network.named_layers() if name.startswith("head.")}
    _, validation = stage_inputs(session, only_head=True)
    yield ProbeFinished(
        metrics=evaluate(session, validation),
        seconds=time.monotonic() - started,
        inverse_regularisation=strength,
    )


def _try_strengths(session: TrainingSession, features: Tensor) -> Trial:
    """Return the best strength, by the mean loss on rows of the training split that the solution did not see."""
    targets = torch.from_numpy(session.train.targets).to(session.device)
    outputs = session.network.head.linear.out_features
    splits = _trial_splits(session)
    trials = []
    for strength in STRENGTHS:
        measured = []
        for fit, held in splits:
            solution = solve_linear(session.task, features[fit], targets[fit], outputs, strength)
            scores = solution.scores(features[held]).cpu().numpy()
            measured.append(session.task.measure(scores, targets[held].cpu().numpy()))
        score, loss = (
            float(np.mean([metrics[name] for metrics in measured]))
            for name in (session.task.metrics_offered[0], "loss")
        )
        trials.append(Trial(strength, score, loss))
    return min(trials, key=lambda trial: trial.loss)


def _trial_splits(session: TrainingSession) -> list[tuple[Tensor, Tensor]]:
    """Return the places of rows to fit and to judge by; several pairs where rows are few and chance is large."""
    targets = session.train.targets
    order = np.random.default_rng(session.plan.seed).permutation(len(targets))
    some = np.sort(order[:TRIAL_ROWS])
    pairs = []
    for repeat in range(max(1, min(FEW_ROWS_REPEATS, FEW_ROWS // len(some)))):
        fit, held = stratified_split(targets[some], HELD_OUT, session.plan.seed + repeat)
        if not len(held):
            fit = held = np.arange(len(some))
        pairs.append(tuple(torch.from_numpy(some[part]).to(session.device) for part in (fit, held)))
    return [(fit, held) for fit, held in pairs]


def solve_linear(task: Task, features: Tensor, targets: Tensor, outputs: int, strength: float) -> LinearSolution:
    """Return the linear head that minimises the task's loss plus an L2 penalty on standardised features.

    Args:
        task: whose loss is minimised.
        features: float [rows, width].
        targets: [rows].
        outputs: the number of scores.
        strength: inverse regularisation; the penalty is ``|weight|^2 / (2 * strength * rows)``.

    """
    mean = features.mean(dim=0)
    spread = features.std(dim=0, correction=0).clamp(min=1e-6)
    standard = (features - mean) / spread
    weight = torch.zeros(outputs, features.shape[1], device=features.device, requires_grad=True)
    bias = torch.zeros(outputs, device=features.device, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, tolerance_grad=1e-5, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )
    rows = len(features)

    def objective() -> Tensor:
        solver.zero_grad()
        loss = task.loss(standard @ weight.T + bias, targets) / rows
        loss = loss + weight.square().sum() / (2 * strength * rows)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(objective)  # type: ignore[no-untyped-call]
    raw = weight.detach() / spread
    return LinearSolution(raw, bias.detach() - raw @ mean)
