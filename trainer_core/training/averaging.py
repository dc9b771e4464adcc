"""The moving average of the weights that learn, which a stage may be judged by and kept as.

Averaged weights lie flatter and are less sure of themselves than the last ones: Polyak and Juditsky 1992, Acceleration
of stochastic approximation by averaging; for networks, Izmailov et al. 2018, arXiv:1803.05407.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

UPDATES = 10
"""How often the average is brought up to date while its horizon passes: oftener costs time and changes nothing."""


class AveragedWeights:
    """An exponential moving average of some parameters.

    Args:
        parameters: those that learn.
        horizon: over how many steps the average reaches back; 0 for none: the weights stand for themselves.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], horizon: float) -> None:
        self._parameters = list(parameters)
        self._every = max(1, round(horizon / UPDATES))
        self._share = min(1.0, self._every / horizon) if horizon else 1.0
        self._averages = [parameter.detach().clone() for parameter in parameters] if horizon else []
        self._steps = self._updates = 0

    @property
    def exists(self) -> bool:
        """Whether there is an average beside the weights themselves."""
        return bool(self._averages)

    @torch.no_grad()
    def update(self) -> None:
        """Take note of a step. The first updates weigh more, so that the start is soon forgotten."""
        self._steps += 1
        if self._averages and self._steps % self._every == 0:
            self._updates += 1
            share = max(self._share, 9 / (10 + self._updates))
            torch._foreach_lerp_(self._averages, self._values(), share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the average stand in for the weights."""
        if not self._averages:
            yield
            return
        last = [value.clone() for value in self._values()]
        self._put(self._averages)
        try:
            yield
        finally:
            self._put(last)

    def _values(self) -> list[Tensor]:
        return [parameter.detach() for parameter in self._parameters]

    @torch.no_grad()
    def _put(self, values: Sequence[Tensor]) -> None:
        torch._foreach_copy_(self._values(), list(values))
