"""Checkpoints of a run: only the tensors that training changed, and what training goes on from.

A checkpoint is a folder with its files and a list of them with their sizes and checksums; it appears whole, and goes
in one step. Two text files beside the checkpoints name the best one and the last one that can be gone on from. All is
written in a thread of its own while training goes on, in the order in which it was begun.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xxhash
from pydantic import TypeAdapter
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from trainer_core.disk import system_errors
from trainer_core.errors import InputError
from trainer_core.files import remove_folder, replace_file, writing_folder_beside
from trainer_core.runs.folder import RunFolder, read_pointer
from trainer_core.runs.writing import WritingQueue
from trainer_core.tasks.base import Facts
from trainer_core.training.ports import SavedCheckpoint
from trainer_core.training.snapshot import Snapshot, SnapshotFacts

WEIGHTS = "weights.safetensors"
STATE = "state.safetensors"
LIST = "files.json"
CALIBRATION = "calibration.json"
KEPT_SNAPSHOTS = 2
"""So many are kept to go on from: where the last one is damaged, the one before serves."""
READ_BYTES = 2**20
_CALIBRATION = TypeAdapter(dict[str, tuple[float, ...]])


class FolderCheckpoints:
    """Keeps the checkpoints of one run in its folder; use it in a ``with`` block, which waits for what was begun."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._writing: WritingQueue[SavedCheckpoint] = WritingQueue("thaw-checkpoints")
        self._snapshots = KEPT_SNAPSHOTS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._writing.close()

    def save(self, snapshot: Snapshot) -> None:
        """Begin to keep a moment of the run, to go on from it later."""
        facts = {"snapshot": snapshot.facts.model_dump(mode="json"), "journal_bytes": self._journal_bytes()}
        self._writing.begin(lambda: self._save(snapshot, facts))

    def mark_best(self, step: int, stage: int, calibration: Facts) -> None:
        """Make the moment of this step, which was handed over before, the best of the run."""
        self._writing.begin(lambda: self._point_best(_name(step), step, stage, calibration))

    def save_best(
        self, step: int, stage: int, tensors: Mapping[str, Tensor], facts: Mapping[str, str], calibration: Facts
    ) -> None:
        """Begin to keep weights that no moment holds, as the best of the run."""
        self._writing.begin(lambda: self._save_best(step, stage, tensors, facts, calibration))

    def wait(self) -> None:
        """Wait until all is written that was begun.

        Raises:
            OSError: something could not be written; the next call, also of ``saved``, begins it anew.
        """
        self._writing.finish()

    def saved(self, *, wait: bool = False) -> list[SavedCheckpoint]:
        """Return what came to disk since this was last asked; with ``wait``, all that was begun.

        Raises:
            OSError: as ``wait`` does.
        """
        return self._writing.take(all_of_them=wait)

    def load_best(self) -> dict[str, Tensor]:
        """Return the tensors of the best checkpoint."""
        self.wait()
        return load_checkpoint(self._folder.best_checkpoint())[0]

    def tidy(self) -> None:
        """Keep no more than a run needs that is over: its best weights, and the last moment, to go on for longer."""
        self.wait()
        self._snapshots = 1
        with contextlib.suppress(OSError):  # what is too much is no harm
            self._remove_others()

    # --- in the thread that writes -----------------------------------------------------------------------------

    def _save(self, snapshot: Snapshot, facts: dict[str, Any]) -> SavedCheckpoint:
        place = self._folder.checkpoints / _name(snapshot.facts.step)
        self._folder.check_there()
        self._flush_journal()
        metadata = weights_facts(snapshot.facts)
        size = _write(place, {WEIGHTS: (snapshot.weights, metadata), STATE: (snapshot.state, None)}, facts)
        replace_file(self._folder.last_file, place.name.encode(), make_folder=False)
        self._remove_others()
        return SavedCheckpoint(snapshot.facts.step, snapshot.facts.stage.place, self._relative(place), size, best=False)

    def _save_best(
        self, step: int, stage: int, tensors: Mapping[str, Tensor], facts: Mapping[str, str], calibration: Facts
    ) -> SavedCheckpoint:
        name = f"{_name(step)}-best"
        self._folder.check_there()
        _write(self._folder.checkpoints / name, {WEIGHTS: (tensors, facts)}, {})
        return self._point_best(name, step, stage, calibration)

    def _point_best(self, name: str, step: int, stage: int, calibration: Facts) -> SavedCheckpoint:
        if calibration:  # a moment is kept before it is evaluated, so this comes to it later
            content = json.dumps({name: list(values) for name, values in calibration.items()})
            replace_file(self._folder.checkpoints / name / CALIBRATION, content.encode(), make_folder=False)
        replace_file(self._folder.best_file, name.encode(), make_folder=False)
        self._remove_others()
        place = self._folder.checkpoints / name
        return SavedCheckpoint(step, stage, self._relative(place), (place / WEIGHTS).stat().st_size, best=True)

    def _relative(self, place: Path) -> str:
        return (place / WEIGHTS).relative_to(self._folder.path).as_posix()

    def _journal_bytes(self) -> int:
        file = self._folder.journal_file
        return file.stat().st_size if file.is_file() else 0

    def _flush_journal(self) -> None:
        """Bring to disk what the journal tells of the time before a snapshot, so that it is not shorter than that."""
        with contextlib.suppress(FileNotFoundError), self._folder.journal_file.open("rb+") as journal:
            os.fsync(journal.fileno())

    def _remove_others(self) -> None:
        """Keep the best, the last to go on from, and what these would call the best."""
        there = sorted(self._folder.checkpoints.glob("step-*"))
        snapshots = [place for place in there if (place / STATE).is_file()][-self._snapshots :]
        kept = {place.name for place in snapshots} | {read_pointer(self._folder.best_file)}
        for place in snapshots:
            kept.add(best_name(read_snapshot_facts(place)))
        for place in there:
            if place.name not in kept:
                remove_folder(place)


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


def load_calibration(place: Path) -> dict[str, tuple[float, ...]]:
    """Return what the task has to know to read the scores of the best checkpoint; nothing where it needs nothing.

    Raises:
        InputError: it cannot be read.
    """
    file = place / CALIBRATION
    try:
        return _CALIBRATION.validate_json(file.read_bytes()) if file.is_file() else {}
    except (OSError, ValueError) as cause:
        what = f"This part of a checkpoint cannot be read: {cause}."
        raise InputError.one(file, what, "Use another run, or the run's folder model/ where it is there.") from cause


def load_snapshot(place: Path) -> tuple[Snapshot, int]:
    """Return what a checkpoint kept to go on from, and how many bytes the journal had then.

    Raises:
        InputError: it is not there, is damaged, or holds weights only.
    """
    try:
        listed = json.loads((place / LIST).read_text(encoding="utf-8"))
        for name, about in listed["files"].items():
            if checksum(place / name) != about["xxh3_128"]:
                raise ValueError(f"{name} is damaged")
        facts = SnapshotFacts.model_validate(listed["facts"]["snapshot"])
        return Snapshot(facts, load_file(place / WEIGHTS), load_file(place / STATE)), listed["facts"]["journal_bytes"]
    except Exception as cause:
        what = f"This checkpoint cannot be gone on from: {cause}."
        raise InputError.one(place, what, "Use another run, or start this one anew.") from cause


def read_snapshot_facts(place: Path) -> SnapshotFacts | None:
    """Return what is known of a checkpoint's moment without reading tensors; None where that cannot be read."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        listed = json.loads((place / LIST).read_text(encoding="utf-8"))
        return SnapshotFacts.model_validate(listed["facts"]["snapshot"])
    return None


def best_name(facts: SnapshotFacts | None) -> str:
    """Return the name of the checkpoint that was the best when a moment was kept; empty where there was none."""
    best = facts.best if facts else None
    if best is None:
        return ""
    return f"{_name(best.step)}-best" if best.averaged or not best.step else _name(best.step)


def weights_facts(facts: SnapshotFacts) -> dict[str, str]:
    """Return what a predictor has to know beside the tensors."""
    return {"pooling": facts.pooling.value, "step": str(facts.step)}


def checksum(file: Path) -> str:
    """Return the XXH3 hash of a file: against damage, not against malice."""
    digest = xxhash.xxh3_128()
    with file.open("rb") as opened:
        while chunk := opened.read(READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _write(
    place: Path, files: dict[str, tuple[Mapping[str, Tensor], Mapping[str, str] | None]], facts: dict[str, Any]
) -> int:
    """Write a folder with files of tensors and the list of them, which appears whole; return the files' bytes."""
    listed: dict[str, dict[str, Any]] = {}
    place.parent.mkdir(exist_ok=True)  # but never the run's own folder, which may have been taken away
    with system_errors(), writing_folder_beside(place) as beside:
        for name, (tensors, metadata) in files.items():
            save_file(dict(tensors), beside / name, metadata=dict(metadata) if metadata else None)
            listed[name] = {"bytes": (beside / name).stat().st_size, "xxh3_128": checksum(beside / name)}
        (beside / LIST).write_text(json.dumps({"files": listed, "facts": facts}, indent=1), encoding="utf-8")
    return sum(about["bytes"] for about in listed.values())
