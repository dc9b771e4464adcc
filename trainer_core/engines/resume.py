"""Going on with a run: its last whole snapshot, and whether all is still as it was."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from trainer_core.engines.base import GoOn
from trainer_core.engines.prepare import PreparedRun, hash_project, prepare_run
from trainer_core.errors import InputError, Problem, RunChanged
from trainer_core.files import remove_unfinished, replace_file
from trainer_core.project.schema import Precision
from trainer_core.runs.checkpoints import STATE, best_name, load_snapshot
from trainer_core.runs.folder import RunFolder, is_run_folder
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.stages.plan import RunPlan
from trainer_core.training.snapshot import Snapshot

CHANGED = "This has changed since the run began."
ANYWAY = "Put back what it was, or continue anyway (--anyway): what was learnt stays, and the rest is learnt from this."
ANEW = "The run was broken off before anything was saved, so it began anew."


@dataclass(frozen=True)
class Resumption:
    """What a run goes on with.

    Attributes:
        prepared: its plan, with the rows and the model as they are now.
        snapshot: the moment to go on from; None where nothing was saved, and the run begins anew.
        precision: the number format that the run has computed in; None where it came to no step.
        messages: what the user should know.
    """

    prepared: PreparedRun
    snapshot: Snapshot | None
    precision: Precision | None
    messages: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A snapshot, how long the journal was then, and what is wrong with later ones."""

    snapshot: Snapshot
    journal_bytes: int
    messages: tuple[str, ...]


def prepare_resumption(folder: RunFolder, how: GoOn) -> Resumption:
    """Find the moment to go on from, and put the run's folder back to it.

    Args:
        folder: of the run; no other process may write it.
        how: what is wished beside going on.

    Raises:
        RunChanged: something is no longer as it was.
        InputError: it is over, or has nothing to go on from.
    """
    planned, history = folder.load_plan(), folder.load_history()
    if history.status is RunStatus.FINISHED and not how.epochs:
        what, remedy = (
            "This run is over: its best weights are saved.",
            "Say how many more (--epochs), or try it.",
        )
        raise InputError.one(folder.path, what, remedy)
    found = _last_snapshot(folder)
    if found is None and history.finished is not None:
        what, remedy = "This run kept nothing to go on from.", "Start a new one."
        raise InputError.one(folder.path, what, remedy)
    prepared = prepare_run(planned.project, Path(planned.project_file), pretrained=pretrained_model(folder, planned))
    changed = _changes(planned, prepared.plan)
    if changed and not how.anyway:
        raise RunChanged(changed)
    plan, messages = planned, [f"Continued anyway: {problem.where} has changed." for problem in changed]
    if how.rate_factor != 1.0:
        plan = plan.with_rates(how.rate_factor, found.snapshot.facts.stage.place if found else 0)
        messages.append(f"The learning rates from here on are {how.rate_factor:g} times what was planned.")
    if how.epochs:
        plan = plan.longer(how.epochs)
    _put_back(folder, found)
    if plan != planned:
        folder.save_plan(plan)
    return Resumption(
        prepared=replace(prepared, plan=plan),
        snapshot=found.snapshot if found else None,
        precision=found.snapshot.facts.precision if found else _precision(history),
        messages=(*messages, *(found.messages if found else _anew(folder))),
    )


def pretrained_model(folder: RunFolder, plan: RunPlan) -> Path | None:
    """Return what the model became by reading on before the stages; None where it did not, or has not yet."""
    made = folder.pretraining.model
    return made if Path(plan.model_folder) == made.resolve() else None


def _anew(folder: RunFolder) -> tuple[str, ...]:
    return () if is_run_folder(folder.pretraining.path) else (ANEW,)


def _put_back(folder: RunFolder, found: _Found | None) -> None:
    """Let the folder say what it said then: what the journal tells of later steps is done, and told, again."""
    for place in (folder.path, folder.checkpoints):
        remove_unfinished(place)
    length = found.journal_bytes if found else 0
    if folder.journal_file.is_file() and folder.journal_file.stat().st_size > length:
        os.truncate(folder.journal_file, length)
    best = best_name(found.snapshot.facts) if found else ""
    if best:
        replace_file(folder.best_file, best.encode())
    elif found is None:
        folder.best_file.unlink(missing_ok=True)
        shutil.rmtree(folder.checkpoints, ignore_errors=True)
        folder.checkpoints.mkdir(exist_ok=True)


def _precision(history: RunHistory) -> Precision | None:
    return Precision(history.started.precision) if history.started else None


def _last_snapshot(folder: RunFolder) -> _Found | None:
    """Return the newest snapshot that is whole; None where there never was one.

    Raises:
        InputError: there are some, and none of them is whole.
    """
    damaged: list[InputError] = []
    for place in sorted(folder.checkpoints.glob("step-*"), reverse=True):
        if not (place / STATE).is_file():
            continue
        try:
            snapshot, journal_bytes = load_snapshot(place)
        except InputError as error:
            damaged.append(error)
            continue
        before = f"The one before, of step {snapshot.facts.step:,}, took its place."
        return _Found(snapshot, journal_bytes, tuple(f"{error.what} {before}" for error in damaged))
    if damaged:
        raise InputError([problem for error in damaged for problem in error.problems])
    return None


def _changes(before: RunPlan, now: RunPlan) -> list[Problem]:
    pairs: list[tuple[str, object, object]] = [
        (before.data.train, before.data.train_sha256, now.data.train_sha256),
        (before.data.validation or "", before.data.validation_sha256, now.data.validation_sha256),
        (before.model_folder, before.model_sha256, now.model_sha256),
        (before.project_file, before.project_sha256, hash_project(Path(before.project_file))),
    ]
    return [Problem(where, CHANGED, ANYWAY) for where, old, new in pairs if old != new]
