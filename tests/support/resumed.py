"""Comparing a run that was broken off and gone on with, bit for bit, with one that was not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from safetensors.torch import load_file

from trainer_core.export.model_folder import FACTS
from trainer_core.runs.checkpoints import WEIGHTS, load_calibration
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.runs.journal import read_journal
from trainer_core.training.events import EvaluationFinished, Event, StageChanged, StageFinished, StepFinished

TOLD = (StepFinished, EvaluationFinished, StageFinished, StageChanged)


def story(events: Iterable[Event]) -> list[tuple[Any, ...]]:
    """Return what events say of steps, evaluations and stages, but not how long they took."""
    return [
        tuple(event.model_dump(exclude={"time", "seconds", "peak_bytes"}).values())
        for event in events
        if isinstance(event, TOLD)
    ]


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    """Return the finished model's and the best checkpoint's tensors."""
    of_model = {
        f"{file.name} {name}": tensor
        for file in sorted(folder.model.glob("*.safetensors"))
        for name, tensor in load_file(file).items()
    }
    return of_model | load_file(folder.best_checkpoint() / WEIGHTS)


def differences(folder: RunFolder, unbroken: RunFolder) -> list[str]:
    """Return in what a run differs from the one that was not broken off; nothing where they are alike."""
    found = []
    mine, theirs = weights(folder), weights(unbroken)
    if mine.keys() != theirs.keys():
        found.append(f"tensors: {sorted(mine.keys() ^ theirs.keys())}")
    found += [f"tensor {name}" for name in mine.keys() & theirs.keys() if not torch.equal(mine[name], theirs[name])]
    if (folder.model / FACTS).read_bytes() != (unbroken.model / FACTS).read_bytes():
        found.append("facts of the model")
    if load_calibration(folder.best_checkpoint()) != load_calibration(unbroken.best_checkpoint()):
        found.append("calibration of the best")
    if story(read_journal(folder.journal_file)) != story(read_journal(unbroken.journal_file)):
        found.append("journal")
    if folder.load_history().status is not RunStatus.FINISHED:
        found.append("status")
    return found


def assert_alike(folder: RunFolder, unbroken: RunFolder) -> None:
    """Assert that a run is the one that was not broken off."""
    assert differences(folder, unbroken) == []
