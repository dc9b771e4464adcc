"""What the loop asks of whoever runs it. Keeps ``training`` free of ``runs`` and ``engines``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class SavedCheckpoint:
    """Where a checkpoint lies, relative to the run folder, and how large it is."""

    path: str
    bytes: int


class Checkpoints(Protocol):
    """Keeps weights. A checkpoint is visible whole or not at all."""

    def save_best(self, step: int, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> SavedCheckpoint:
        """Keep the tensors that training changed as the best of the run.

        Args:
            step: the optimiser steps done.
            tensors: by layer name, on the CPU.
            facts: short texts to keep beside them, such as the pooling.
        """
        ...

    def load_best(self) -> dict[str, Tensor]:
        """Return the tensors of the best checkpoint, on the CPU."""
        ...


class Originals(Protocol):
    """Knows the pretrained weights."""

    def __call__(self, names: set[str]) -> dict[str, Tensor]:
        """Return the pretrained tensors of these layer names, on the CPU."""
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
