"""Measures of steps, left on the device and fetched many at once: asking for a number makes a GPU wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from trainer_core.training.events import StepFinished

STEPS_AT_ONCE = 10
"""How many steps a GPU goes on before their numbers are fetched; the CPU has them at hand."""


class StepMeter:
    """Collects what steps measured and tells it in the order of the steps."""

    def __init__(self, device: torch.device) -> None:
        self._most = 1 if device.type == "cpu" else STEPS_AT_ONCE
        self._waiting: list[tuple[Tensor, Tensor, dict[str, Any]]] = []
        self.start()

    def start(self) -> None:
        """Begin to measure time; for after work that belongs to no step."""
        self._since = time.perf_counter()

    def note(self, loss: Tensor, gradient_norm: Tensor, **facts: Any) -> Iterator[StepFinished]:
        """Take note of a step, and tell of all that wait when there are enough.

        Args:
            loss: a scalar on the device.
            gradient_norm: likewise.
            facts: what is known of the step without asking the device.
        """
        self._waiting.append((loss, gradient_norm, facts))
        if len(self._waiting) >= self._most:
            yield from self.flush()

    def flush(self) -> Iterator[StepFinished]:
        """Tell of all steps that wait; their time is the mean over them."""
        if not self._waiting:
            return
        measured = torch.stack([torch.stack([loss, norm.to(loss.dtype)]) for loss, norm, _ in self._waiting]).tolist()
        now = time.perf_counter()
        seconds = (now - self._since) / len(self._waiting)
        steps, self._waiting = self._waiting, []
        for (loss, norm), (_, _, facts) in zip(measured, steps, strict=True):
            yield StepFinished(loss=loss, gradient_norm=norm, seconds=seconds, **facts)
        self._since = time.perf_counter()
