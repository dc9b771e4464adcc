"""Solving a linear head: standardised features, the task's loss with an L2 penalty, L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from trainer_core.models.network import LinearHead
from trainer_core.tasks.base import Task
from trainer_core.training.control import Interrupted, heed
from trainer_core.training.events import Event
from trainer_core.training.session import TrainingSession

Done = TypeVar("Done")

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Inverse regularisation to choose from; larger trusts the rows more."""
STRENGTHS_OF_PAIRS = (1e-5, 1e-4, *STRENGTHS)
"""Where two texts are compared: the features that all say a little of the same, likeness, are many."""
LEAST_SPREAD = 0.2
"""The least spread that a feature is taken to have, as a share of the median spread."""
ITERATIONS = 100
EXACT, NEAR = 1e-5, 1e-4
"""The largest gradient left in a solution that is used, and in one that is only compared with others."""


@dataclass(frozen=True)
class LinearSolution:
    """Weights [outputs, width] and biases [outputs] of a head on raw, not standardised, features."""

    weight: Tensor
    bias: Tensor

    def scores(self, features: Tensor) -> Tensor:
        """Return scores, float [rows, outputs]."""
        return features @ self.weight.T + self.bias


def solve_linear(
    task: Task,
    features: Tensor,
    targets: Tensor,
    outputs: int,
    strength: float,
    gradient_left: float = EXACT,
    heard: Callable[[], None] = lambda: None,
) -> LinearSolution:
    """Return the linear head that minimises the task's loss plus an L2 penalty on standardised features.

    Args:
        task: whose loss is minimised.
        features: float [rows, width].
        targets: [rows].
        outputs: the number of scores.
        strength: inverse regularisation; the penalty is ``|weight|^2 / (2 * strength * rows)``.
        gradient_left: where the solver may stop.
        heard: called before every look at the rows; may raise to break off.
    """
    mean = features.mean(dim=0)
    spread = features.std(dim=0, correction=0)
    # A feature that hardly varies must not get a huge weight: once the body learns, it will vary.
    spread = spread.clamp(min=max(LEAST_SPREAD * float(spread.median()), 1e-6))
    standard = (features - mean) / spread
    weight = torch.zeros(outputs, features.shape[1], device=features.device, requires_grad=True)
    bias = torch.zeros(outputs, device=features.device, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias],
        max_iter=ITERATIONS,
        tolerance_grad=gradient_left,
        tolerance_change=1e-7,
        line_search_fn="strong_wolfe",
    )
    rows = len(features)

    def objective() -> Tensor:
        heard()
        solver.zero_grad()
        loss = task.loss(standard @ weight.T + bias, targets) / rows
        loss = loss + weight.square().sum() / (2 * strength * rows)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(objective)  # type: ignore[no-untyped-call]
    raw = weight.detach() / spread
    return LinearSolution(raw, bias.detach() - raw @ mean)


def set_head(session: TrainingSession, solution: LinearSolution) -> None:
    """Let the head be a solution."""
    head = session.network.head
    assert isinstance(head, LinearHead)
    linear = head.linear
    with torch.no_grad():
        linear.weight.copy_(solution.weight)
        linear.bias.copy_(solution.bias)
    session.changed |= {name for name, _ in session.network.named_layers() if name.startswith("head.")}


def undisturbed(session: TrainingSession, work: Callable[[], Done]) -> Generator[Event, None, Done]:
    """Do long work, from its beginning again where a wish interrupted it."""
    while True:
        try:
            return work()
        except Interrupted:
            yield from heed(session.control, session.step)
