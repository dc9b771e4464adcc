"""Going on with a run that was broken off: its last whole snapshot, and whether all is still as it was."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from trainer_core.engines.prepare import PreparedRun, hash_project, prepare_run
from trainer_core.errors import InputError, Problem
from trainer_core.files import replace_file
from trainer_core.runs.checkpoints import STATE, best_name, load_snapshot
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.stages.plan import RunPlan
from trainer_core.training.snapshot import Snapshot

CHANGED = "This has changed since the run began."
ANYWAY = "Put back what it was, or continue anyway: what was learnt so far stays, and the rest is learnt from this."


@dataclass(frozen=True)
class Resumption:
    """What a run goes on with.

    Attributes:
        prepared: its plan, with the rows and the model as they are now.
        snapshot: the moment to go on from.
        changed: what is no longer as it was when the run began.
    """

    prepared: PreparedRun
    snapshot: Snapshot
    changed: tuple[Problem, ...]


def prepare_resumption(folder: RunFolder, *, anyway: bool) -> Resumption:
    """Find the moment to go on from, and put the run's folder back to it.

    Args:
        folder: of a run that was broken off.
        anyway: go on even where the project, the data or the model is no longer what it was.

    Raises:
        InputError: it is over, has nothing to go on from, or something has changed.
    """
    plan = folder.load_plan()
    if folder.load_history().status in (RunStatus.FINISHED, RunStatus.STOPPED):
        what, remedy = "This run is over: its best weights are saved.", "Try them, or start a new run."
        raise InputError.one(folder.path, what, remedy)
    snapshot, journal_bytes = _last_snapshot(folder)
    prepared = prepare_run(plan.project, Path(plan.project_file))
    changed = _changes(plan, prepared.plan)
    if changed and not anyway:
        raise InputError(changed)
    # What the journal tells of later steps is done, and told, again.
    if folder.journal_file.stat().st_size > journal_bytes:
        os.truncate(folder.journal_file, journal_bytes)
    best = best_name(snapshot.facts)
    if best:
        replace_file(folder.best_file, best.encode())
    return Resumption(replace(prepared, plan=plan), snapshot, tuple(changed))


def _last_snapshot(folder: RunFolder) -> tuple[Snapshot, int]:
    """Return the newest snapshot that is whole; where one is damaged, the one before serves."""
    damaged: InputError | None = None
    for place in sorted(folder.checkpoints.glob("step-*"), reverse=True):
        if (place / STATE).is_file():
            try:
                return load_snapshot(place)
            except InputError as error:
                damaged = damaged or error
    if damaged:
        raise damaged
    what = "This run was broken off before there was anything to go on from."
    raise InputError.one(folder.path, what, "Start it anew.")


def _changes(before: RunPlan, now: RunPlan) -> list[Problem]:
    pairs: list[tuple[str, object, object]] = [
        (before.data.train, before.data.train_sha256, now.data.train_sha256),
        (before.data.validation or "", before.data.validation_sha256, now.data.validation_sha256),
        (before.model_folder, before.model_sha256, now.model_sha256),
        (before.project_file, before.project_sha256, hash_project(Path(before.project_file))),
    ]
    return [Problem(where, CHANGED, ANYWAY) for where, old, new in pairs if old != new]
