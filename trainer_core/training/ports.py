"""What the loop asks of whoever runs it. Keeps ``training`` free of ``runs`` and ``engines``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from trainer_core.inference.prediction import Prediction
from trainer_core.stages.plan import RunPlan
from trainer_core.tasks.base import Facts
from trainer_core.training.snapshot import Snapshot

AnswerPinned = Callable[[], Sequence[Prediction]]
"""Returns what the network, as it is, answers to the pinned rows; nothing where there are none. Changes its modes."""


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint on disk: after which step and in which stage it was made, where it lies in the run folder, its size.

    ``best`` tells that it is the best of the run by now.
    """

    step: int
    stage: int
    path: str
    bytes: int
    best: bool


class Checkpoints(Protocol):
    """Keeps weights while training goes on. A checkpoint is visible whole or not at all.

    What was begun is done in its order. Where something could not be written, ``wait`` and ``saved`` raise ``OSError``;
    called again, they begin it again, with all that came after it.
    """

    def save(self, snapshot: Snapshot) -> None:
        """Begin to keep a moment of the run, to go on from it later."""
        ...

    def mark_best(self, step: int, stage: int, calibration: Facts) -> None:
        """Make the moment of this step, which was handed over before, the best of the run.

        Args:
            step: the optimiser steps done.
            stage: which stage made them.
            calibration: what the task has to know to read the scores of these weights.
        """
        ...

    def save_best(
        self, step: int, stage: int, tensors: Mapping[str, Tensor], facts: Mapping[str, str], calibration: Facts
    ) -> None:
        """Begin to keep weights that no moment holds, as the best of the run.

        Args:
            step: the optimiser steps done.
            stage: which stage made them.
            tensors: by layer name, on the CPU.
            facts: short texts to keep beside them, such as the pooling.
            calibration: as ``mark_best`` takes it.
        """
        ...

    def wait(self) -> None:
        """Wait until all is written that was begun."""
        ...

    def saved(self, *, wait: bool = False) -> list[SavedCheckpoint]:
        """Return what came to disk since this was last asked; with ``wait``, all that was begun."""
        ...

    def load_best(self) -> dict[str, Tensor]:
        """Return the tensors of the best checkpoint, on the CPU."""
        ...


class Originals(Protocol):
    """Knows the pretrained weights."""

    def __call__(self, names: set[str]) -> dict[str, Tensor]:
        """Return the pretrained tensors of these layer names, on the CPU."""
        ...


class PlanKeeper(Protocol):
    """Keeps a plan that was changed while the run is under way, before anything is done by it."""

    def __call__(self, plan: RunPlan) -> None:
        """Write it in place of the one before.

        Raises:
            OSError: it cannot be written; the one before is there still.
        """
        ...


class ArraySink(Protocol):
    """An array or several that are written row after row."""

    def append(self, rows: dict[str, Tensor]) -> bool:
        """Put rows behind those already there; False when they no longer fit, and then nothing was put."""
        ...

    def keep(self) -> dict[str, Tensor]:
        """End the writing and return the arrays, on the CPU."""
        ...


class ArrayCache(Protocol):
    """Keeps arrays by key, for later runs too where it can."""

    def load(self, key: str) -> dict[str, Tensor] | None:
        """Return the arrays kept under a key, on the CPU, or None."""
        ...

    def write(self, key: str, expected_bytes: int) -> AbstractContextManager[ArraySink]:
        """Begin to write; left without ``keep``, nothing stays.

        Args:
            key: under which the arrays are to be found.
            expected_bytes: about how much will come.
        """
        ...
