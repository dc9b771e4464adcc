"""The moving average of the weights that learn, which a stage may be judged by and kept as.

Averaged weights lie flatter and are less sure of themselves than the last ones: Polyak and Juditsky 1992, Acceleration
of stochastic approximation by averaging; for networks, Izmailov et al. 2018, arXiv:1803.05407.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

UPDATES = 10
"""How often the average is brought up to date while its horizon passes: oftener costs time and changes nothing."""

_PREFIX = "average."


class AveragedWeights:
    """An exponential moving average of some parameters.

    Args:
        parameters: those that learn.
        horizon: over how many steps the average reaches back; 0 for none: the weights stand for themselves.

    Attributes:
        steps: of which it took note.
        updates: how often it was brought up to date.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], horizon: float) -> None:
        self._parameters = list(parameters)
        self._every = max(1, round(horizon / UPDATES))
        self._share = min(1.0, self._every / horizon) if horizon else 1.0
        self._averages = [parameter.detach().clone() for parameter in parameters] if horizon else []
        self.steps = self.updates = 0

    @property
    def exists(self) -> bool:
        """Whether there is an average beside the weights themselves."""
        return bool(self._averages)

    @torch.no_grad()
    def update(self) -> None:
        """Take note of a step. The first updates weigh more, so that the start is soon forgotten."""
        self.steps += 1
        if self._averages and self.steps % self._every == 0:
            self.updates += 1
            share = max(self._share, 9 / (10 + self.updates))
            torch._foreach_lerp_(self._averages, self._values(), share)

    def tensors(self, names: Mapping[int, str]) -> dict[str, Tensor]:
        """Return the average's own tensors, by ``average.`` and the parameters' names; none where it is unused.

        Args:
            names: those of all parameters, by the number that Python knows them under.
        """
        pairs = zip(self._parameters, self._averages, strict=False)
        return {_PREFIX + names[id(parameter)]: average for parameter, average in pairs}

    @torch.no_grad()
    def restore(self, names: Mapping[int, str], tensors: Mapping[str, Tensor], steps: int, updates: int) -> None:
        """Go on from what ``tensors`` returned, after so many steps and updates; what it lacks stands as it is."""
        self.steps, self.updates = steps, updates
        for parameter, average in zip(self._parameters, self._averages, strict=False):
            known = tensors.get(_PREFIX + names[id(parameter)])
            if known is not None:
                average.copy_(known)

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
