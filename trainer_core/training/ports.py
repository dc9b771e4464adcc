"""What the loop asks of whoever runs it. Keeps ``training`` free of ``runs`` and ``engines``."""

from __future__ import annotations

from collections.abc import Mapping
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
