"""One line about every run of the project, read from the journals in the background."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app.run_words import split_run_name
from desktop_app.workspace import Workspace
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import BROKEN_OFF, RunStatus
from trainer_core.runs.lock import is_held
from trainer_core.training.events import Best, RunFailed, RunFinished, RunPutAside, parse_event

READ_RUNS = "Reading the runs"
TAIL_BYTES = 65_536
"""How much of a journal's end is looked at before all of it is read."""


@dataclass(frozen=True)
class RunSummary:
    """What the list of runs shows of one run.

    Attributes:
        folder: the run.
        started: when it began; None where its name does not tell.
        status: where it stands; training for one that has no end in its journal.
        best: its best evaluation, where it has one.
        name: the names of its stages, as its folder has them.
        broken_off: whether it has no end, and no process is working on it.
    """

    folder: RunFolder
    started: datetime.datetime | None
    status: RunStatus
    best: Best | None
    name: str
    broken_off: bool = False


class RunSummaries(QObject):
    """Keeps the summaries of the project's runs up to date; a journal that did not change is not read again."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.summaries: tuple[RunSummary, ...] = ()
        self._workspace = workspace
        self._known: dict[tuple[Path, int], RunSummary] = {}
        workspace.runs_changed.connect(self._on_runs_changed)

    def _on_runs_changed(self) -> None:
        runs, known = self._workspace.runs(), dict(self._known)
        if not runs:
            self._workspace.jobs.forget(READ_RUNS)
            self._on_read({})
            return
        self._workspace.jobs.start(READ_RUNS, lambda: _summarise_all(runs, known), self._on_read)

    def _on_read(self, known: dict[tuple[Path, int], RunSummary]) -> None:
        self._known = known
        self.summaries = tuple(known.values())
        self.changed.emit()


def _summarise_all(
    runs: Sequence[RunFolder], known: dict[tuple[Path, int], RunSummary]
) -> dict[tuple[Path, int], RunSummary]:
    keys = [(run.path, _journal_size(run)) for run in runs]
    return {key: known.get(key) or summarise(run) for key, run in zip(keys, runs, strict=True)}


def _journal_size(run: RunFolder) -> int:
    return run.journal_file.stat().st_size if run.journal_file.is_file() else 0


def summarise(run: RunFolder) -> RunSummary:
    """Return a run's summary: from the last events where they tell, else from all of them."""
    started, name = split_run_name(run.path.name)
    status, best = _end(run) or _whole(run)
    return RunSummary(run, started, status, best, name, broken_off=status in BROKEN_OFF and not is_held(run))


def _end(run: RunFolder) -> tuple[RunStatus, Best | None] | None:
    if not run.journal_file.is_file():
        return None
    with run.journal_file.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - TAIL_BYTES))
        lines = file.read().splitlines()
    for event in map(parse_event, reversed(lines[-3:])):
        if isinstance(event, RunFinished):
            return RunStatus.STOPPED if event.stopped else RunStatus.FINISHED, event.best
        if isinstance(event, RunFailed | RunPutAside):
            return None
    return None


def _whole(run: RunFolder) -> tuple[RunStatus, Best | None]:
    history = run.load_history()
    return history.status, history.best
