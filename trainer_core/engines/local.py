"""The engine that trains in the calling thread: it makes the run folder, keeps the journal, and runs the loop."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainer_core.data.encoded import Encoded
from trainer_core.disk import refused_in_words
from trainer_core.engines.base import PLAINLY, GoOn
from trainer_core.engines.journalling import journalled
from trainer_core.engines.metering import metered
from trainer_core.engines.number_format import resolve_precision
from trainer_core.engines.pinned import PinnedRows
from trainer_core.engines.prepare import PreparedRun, prepare_run
from trainer_core.engines.pretraining import pretrain
from trainer_core.engines.resume import Resumption, prepare_resumption
from trainer_core.errors import InputError, RunDiverged, RunStopped
from trainer_core.export.model_folder import ModelFolderFacts, save_model_folder
from trainer_core.models.adapters import merge_adapters
from trainer_core.models.build import build_planned, read_originals
from trainer_core.models.foreign_code import carry_over
from trainer_core.models.network import Network
from trainer_core.project.schema import Pooling, Precision, Project
from trainer_core.runs.checkpoints import FolderCheckpoints
from trainer_core.runs.folder import RunFolder, create_run_folder, is_run_folder
from trainer_core.runs.lock import hold_run
from trainer_core.runs.place import runs_place
from trainer_core.tasks.base import Task
from trainer_core.training.control import Control, Discarded, Wish
from trainer_core.training.diverged import Diverged
from trainer_core.training.events import (
    Best,
    Event,
    RunDiscarded,
    RunFinished,
    RunWarning,
)
from trainer_core.training.holding import until_written
from trainer_core.training.loop import run_training
from trainer_core.training.memory import free_memory, release_memory
from trainer_core.training.ports import ArrayCache
from trainer_core.training.precision import MixedPrecision
from trainer_core.training.session import TrainingSession
from trainer_core.versions import version_of

MOST_ROWS_NAMED = 64
LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "numpy", "scikit-learn", "safetensors", "thaw-desktop")


class LocalEngine:
    """Trains in the thread that iterates over ``run``."""

    def __init__(self) -> None:
        self._folder: RunFolder | None = None

    @property
    def folder(self) -> RunFolder | None:
        """The run's folder, once it was made; it is there before the first event."""
        return self._folder

    def run(self, project: Project, project_file: Path, runs: Path | None, control: Control) -> Iterator[Event]:
        """Check the input, make a run folder, train, and yield every event of the run.

        Args:
            project: what the user wants.
            project_file: where it was read from; its paths are relative to it.
            runs: the folder below which the run folder is made; None for the usual place.
            control: the user's wishes while it runs.

        Raises:
            InputError: the input is at fault; raised before anything is written.
            Exception: anything else that ends the run; ``run_failed`` was yielded before.
        """
        prepared = prepare_run(project, project_file)
        name = "-".join(stage.name for stage in prepared.plan.stages)
        folder = create_run_folder(runs or runs_place(project_file), name)
        self._folder = folder
        begun = False
        try:
            for event in _kept(folder, lambda: self._begin(folder, prepared, control)):
                begun = True
                yield event
        finally:
            if not begun:  # it could not be written: nobody has to find half a folder
                shutil.rmtree(folder.path, ignore_errors=True)

    def _begin(self, folder: RunFolder, prepared: PreparedRun, control: Control) -> Iterator[Event]:
        with refused_in_words(folder.path, "The run cannot be written."):
            folder.save_plan(prepared.plan)
            folder.save_environment(_environment(prepared))
        yield from journalled(folder, control, self._all(prepared, folder, control, None, PLAINLY))

    def resume(self, run: Path, control: Control, how: GoOn = PLAINLY) -> Iterator[Event]:
        """Go on with a run; see ``Engine.resume``."""
        folder = RunFolder(run)
        folder.load_plan()  # what is no run is refused before a lock is put there
        self._folder = folder
        yield from _kept(folder, lambda: self._resume(folder, control, how))

    def _resume(self, folder: RunFolder, control: Control, how: GoOn) -> Iterator[Event]:
        with refused_in_words(folder.path, "The run cannot be gone on with."):
            found = prepare_resumption(folder, how)
        warnings = [RunWarning(message=message) for message in found.messages]
        yield from journalled(folder, control, self._all(found.prepared, folder, control, found, how), first=warnings)

    def _all(
        self, prepared: PreparedRun, folder: RunFolder, control: Control, resumption: Resumption | None, how: GoOn
    ) -> Generator[Event, None, None]:
        """Let the model read on first, where that is wished and not done, and train it then."""
        if prepared.first is not None:
            inner, first = folder.pretraining, prepared.first

            def begin() -> Iterator[Event]:
                if is_run_folder(inner.path):
                    return self._resume(inner, control, GoOn(anyway=how.anyway))
                inner.checkpoints.mkdir(parents=True, exist_ok=True)
                return self._begin(inner, first, control)

            prepared = yield from pretrain(prepared, folder, control, lambda: _kept(inner, begin))
            resumption = None
        yield from metered(_train(prepared, folder, control, resumption), prepared)


def _kept(folder: RunFolder, begin: Callable[[], Iterator[Event]]) -> Iterator[Event]:
    """Yield a run's events while no other process can write it; in the end give its memory back."""
    try:
        with hold_run(folder):
            yield from begin()
    except Discarded:
        try:
            shutil.rmtree(folder.path)
        except OSError as cause:
            what = f"The run ended, but its folder could not be removed: {cause.strerror}."
            raise InputError.one(folder.path, what, "Remove it yourself.") from cause
        yield RunDiscarded(folder=str(folder.path))
    except Exception:
        free_memory()
        raise
    finally:
        release_memory()


def _train(
    prepared: PreparedRun, folder: RunFolder, control: Control, resumption: Resumption | None = None
) -> Iterator[Event]:
    try:
        yield from _train_all(prepared, folder, control, resumption)
    except Diverged as diverged:
        raise _divergence(diverged, prepared) from None


def _divergence(diverged: Diverged, prepared: PreparedRun) -> RunDiverged:
    """Return as an error that the loss is no number, with the rows by their numbers in the file."""
    rows = prepared.data.train
    owners = prepared.encoded[0].owners
    places = diverged.rows if owners is None else np.unique(owners[diverged.rows])
    numbers = sorted(rows.row_number(place) for place in places)
    named = ", ".join(f"{number:,}" for number in numbers[:MOST_ROWS_NAMED])
    more = f" and {len(numbers) - MOST_ROWS_NAMED:,} more" if len(numbers) > MOST_ROWS_NAMED else ""
    return RunDiverged(
        f"The loss is no longer a number at step {diverged.step:,}.",
        why=f"The step learnt from these rows of {rows.table.path.name}: {named}{more}.",
        remedy="Look at these rows, or continue from the last checkpoint with a lower learning rate (--rate-factor).",
    )


def _train_all(
    prepared: PreparedRun, folder: RunFolder, control: Control, resumption: Resumption | None
) -> Iterator[Event]:
    started = time.monotonic()
    resumed = resumption.snapshot if resumption else None
    plan = prepared.plan
    torch.manual_seed(plan.seed)  # the head's first weights are part of what a seed repeats
    parts = _load_parts(prepared)
    wish = (resumption and resumption.precision) or plan.training.precision
    precision, chosen = resolve_precision(
        wish,
        parts.network,
        parts.task,
        parts.train,
        parts.device,
        body_learns=not all(stage.only_head for stage in plan.stages),
    )
    with FolderCheckpoints(folder) as checkpoints:
        session = _build_session(prepared, parts, precision, folder, checkpoints, control)
        session.resumed = resumed
        cut = sum(int(rows.too_long.sum()) for rows in (session.train, session.validation))
        events = run_training(session)
        yield next(events)
        if chosen:
            yield chosen
        if cut and resumed is None:
            total = len(session.train) + len(session.validation)
            longest = plan.model.max_length
            message = f"{cut:,} of {total:,} texts are longer than {longest} tokens; their ends are not read."
            yield RunWarning(message=message)
        if resumed is None:
            yield from (RunWarning(message=f"{finding.what} {finding.remedy}") for finding in prepared.noticed)
        yield from events
        best = session.best
        if best is None:
            raise RunStopped("Stopped before there was anything to keep.")
        session.restore_best()
        checkpoints.tidy()
    model = ModelFolderFacts.from_plan(plan, session.network.pooling, best.facts)

    if plan.quantised:
        session.network.to("cpu")  # a device that holds the model in four bits may have no room for it whole
    merge_adapters(session.network.body)

    def save_model() -> None:
        save_model_folder(folder.model, session.network, prepared.tokenizer, model)
        carry_over(Path(plan.model_folder), folder.model)

    yield from until_written(control, session.step, save_model)
    yield RunFinished(
        folder=str(folder.path),
        seconds=time.monotonic() - started,
        best=Best(metric=best.metric, value=best.value, step=best.step, stage=best.stage),
        metrics=best.metrics,
        stopped=control.wish is Wish.FINISH,
    )


@dataclass(frozen=True)
class _Parts:
    """What is loaded before anything is decided: the model on its device, and the rows as token numbers."""

    task: Task
    device: torch.device
    network: Network
    train: Encoded
    validation: Encoded
    cache: ArrayCache


def _load_parts(prepared: PreparedRun) -> _Parts:
    plan, task = prepared.plan, prepared.task
    device = torch.device(plan.device)
    pooling = Pooling.MEAN if plan.model.pooling is Pooling.AUTO else plan.model.pooling
    train, validation = prepared.encoded
    return _Parts(
        task=task,
        device=device,
        network=build_planned(plan, task, pooling, device),
        train=train,
        validation=validation,
        cache=prepared.cache,
    )


def _build_session(
    prepared: PreparedRun,
    parts: _Parts,
    precision: Precision,
    folder: RunFolder,
    checkpoints: FolderCheckpoints,
    control: Control,
) -> TrainingSession:
    plan = prepared.plan
    base = Path(plan.model_folder)
    return TrainingSession(
        plan=plan,
        task=parts.task,
        judge=parts.task.judge(prepared.data.validation, parts.validation),
        network=parts.network,
        tree=prepared.facts.tree,
        train=parts.train,
        validation=parts.validation,
        precision=MixedPrecision(parts.device, precision),
        checkpoints=checkpoints,
        originals=lambda names: read_originals(base, names),
        cache=parts.cache,
        control=control,
        keep_plan=folder.save_plan,
        answer_pinned=PinnedRows(prepared, parts.network, control).answers,
    )


def _environment(prepared: PreparedRun) -> dict[str, Any]:
    plan = prepared.plan
    device = torch.device(plan.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    libraries = (*LIBRARIES, *(("bitsandbytes",) if plan.quantised else ()))
    return {
        "versions": {library: version_of(library) for library in libraries},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": {"kind": plan.device, "name": name, "threads": torch.get_num_threads()},
        "seed": plan.seed,
        "model_sha256": plan.model_sha256,
        "train_sha256": plan.data.train_sha256,
        "validation_sha256": plan.data.validation_sha256,
    }
