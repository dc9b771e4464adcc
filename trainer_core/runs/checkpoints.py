"""Checkpoints of a run: only the tensors that training changed, in safetensors, and a pointer to the best."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from trainer_core.errors import InputError
from trainer_core.files import replace_file, writing_beside
from trainer_core.runs.folder import RunFolder
from trainer_core.training.ports import SavedCheckpoint

WEIGHTS = "weights.safetensors"


class FolderCheckpoints:
    """Keeps the best weights of one run in its folder."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    def save_best(self, step: int, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> SavedCheckpoint:
        """Write a checkpoint, then turn the pointer to it, then remove the one it pointed to before."""
        place = self._folder.checkpoints / f"step-{step:08d}"
        with writing_beside(place / WEIGHTS) as beside:
            save_file(dict(tensors), beside, metadata=dict(facts))
        replace_file(self._folder.best_file, place.name.encode())
        self._remove_others(place)
        relative = (place / WEIGHTS).relative_to(self._folder.path).as_posix()
        return SavedCheckpoint(relative, (place / WEIGHTS).stat().st_size)

    def load_best(self) -> dict[str, Tensor]:
        """Return the tensors of the best checkpoint."""
        return load_checkpoint(self._folder.best_checkpoint())[0]

    def _remove_others(self, kept: Path) -> None:
        for other in self._folder.checkpoints.glob("step-*"):
            if other != kept:
                shutil.rmtree(other, ignore_errors=True)


def load_checkpoint(place: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a checkpoint by layer name, and the facts kept beside them.

    Raises:
        InputError: it is not there or cannot be read.
    """
    file = place / WEIGHTS
    try:
        with safe_open(file, framework="pt") as opened:
            facts = dict(opened.metadata() or {})
        return load_file(file), facts
    except Exception as cause:
        what = f"This checkpoint cannot be read: {cause}."
        raise InputError.one(file, what, "Use another run, or the run's folder model/ where it is there.") from cause
