"""An engine that plays the scripted run into a real run folder: it can wait, fail, and meet a full disk. No torch."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.scripted import metrics_of, outlines, scripted_events
from tests.support.small import METRIC, small_plan
from trainer_core.engines.base import PLAINLY, GoOn
from trainer_core.project.schema import Project
from trainer_core.runs.folder import RunFolder, create_run_folder
from trainer_core.runs.journal import Journal, read_journal
from trainer_core.runs.lock import hold_run
from trainer_core.runs.place import runs_place
from trainer_core.stages.changes import ChangeWish
from trainer_core.stages.plan import RunPlan
from trainer_core.training.control import Control, Discarded, PutAside, Wish, heed
from trainer_core.training.events import (
    Best,
    BestRestored,
    CheckpointSaved,
    EvaluationFinished,
    Event,
    RunContinued,
    RunDiscarded,
    RunFailed,
    RunFinished,
    RunPaused,
    RunPutAside,
    RunResumed,
    StageFinished,
    StageStarted,
    StepFinished,
    format_event,
)
from trainer_core.training.holding import until_written


class FakeEngine:
    """Plays the scripted run into a real run folder.

    Attributes:
        error: raised before anything is written, as an input error is; going on anyway passes it by.
        fails_at: the step after which the run fails.
        full_at: the step after which the disk is full, until somebody tries again.
        hold_at: the step after which it waits until ``release`` or until the end is wished.
        holding: set while it waits.
        changes: what was wished of a running stage.
        gone_on: how runs were gone on with, in order.
        folder: the folder of the run under way or of the last one; None until it exists.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.fails_at: int | None = None
        self.full_at: int | None = None
        self.hold_at: int | None = None
        self.changes: list[ChangeWish] = []
        self.holding = threading.Event()
        self.folder: RunFolder | None = None
        self.gone_on: list[GoOn] = []
        self._released = threading.Event()

    def hold(self, step: int) -> None:
        """Wait after a step, although an earlier run was released."""
        self.hold_at = step
        self._released.clear()

    def release(self) -> None:
        """Go on after ``hold_at``."""
        self._released.set()

    def run(self, project: Project, project_file: Path, runs: Path | None, control: Control) -> Iterator[Event]:
        """Write the run folder and yield every event, each in the journal before."""
        if self.error is not None:
            raise self.error
        plan = small_plan(project, str(project_file))
        folder = create_run_folder(runs or runs_place(project_file), "-".join(stage.name for stage in plan.stages))
        folder.save_plan(plan)
        self.folder = folder
        yield from self._kept(folder, self._events(plan, folder, control))

    def resume(self, run: Path, control: Control, how: GoOn = PLAINLY) -> Iterator[Event]:
        """Play the rest of the scripted run, from the step that ``last`` names."""
        self.gone_on.append(how)
        if self.error is not None and not how.anyway:
            raise self.error
        folder = RunFolder(run)
        self.folder = folder
        plan, step = folder.load_plan(), folder.last_step or 0
        if how.epochs:
            plan = plan.longer(how.epochs)
        folder.save_plan(plan.with_rates(how.rate_factor, 0))
        kept = [event for event in read_journal(folder.journal_file) if _is_before(event, step)]
        folder.journal_file.write_text("".join(format_event(event) + "\n" for event in kept), encoding="utf-8")
        yield from self._kept(folder, self._rest(plan, folder, control, step))

    def _rest(self, plan: RunPlan, folder: RunFolder, control: Control, step: int) -> Iterator[Event]:
        yield RunResumed(step=step, stages=outlines(plan))
        for event in self._events(plan, folder, control):
            if not _is_before(event, step):
                yield event

    def _kept(self, folder: RunFolder, events: Iterator[Event]) -> Iterator[Event]:
        try:
            with hold_run(folder), Journal(folder.journal_file) as journal:
                for event in events:
                    journal.append(event)
                    if isinstance(event, CheckpointSaved):
                        name = Path(event.path).name
                        folder.last_file.write_text(name, encoding="utf-8")
                        if event.best:
                            folder.best_file.write_text(name, encoding="utf-8")
                    yield event
        except PutAside:
            ended = RunPutAside(folder=str(folder.path), step=folder.load_history().step)
            with Journal(folder.journal_file) as journal:
                journal.append(ended)
            yield ended
        except Discarded:
            shutil.rmtree(folder.path)
            yield RunDiscarded(folder=str(folder.path))

    def _events(self, plan: RunPlan, folder: RunFolder, control: Control) -> Iterator[Event]:
        best = Best(metric=METRIC, value=0.81, step=0, stage="probe")
        for event in scripted_events(plan, str(folder.path)):
            yield event
            if isinstance(event, EvaluationFinished) and event.is_best:
                value = event.metrics[METRIC]
                best = Best(metric=METRIC, value=value, step=event.step, stage=plan.stages[event.stage].name)
            if not isinstance(event, StepFinished):
                continue
            if event.step == self.fails_at:
                yield RunFailed(what="The memory is full.", why="64 MB were wished.", remedy="Halve the batch size.")
                return
            if event.step == self.hold_at:
                self._wait(control)
            if event.step == self.full_at:
                yield from until_written(control, event.step, self._write_once_full)
            self.changes.extend(control.take_changes())
            yield from heed(control, event.step)
            if control.wish is Wish.FINISH:
                name = plan.stages[event.stage].name
                yield StageFinished(stage=event.stage, name=name, step=event.step, reason="stopped")
                metrics = metrics_of(best.value, 1.0)
                yield RunFinished(folder=str(folder.path), seconds=3.0, best=best, metrics=metrics, stopped=True)
                return

    def _write_once_full(self) -> None:
        if self.full_at is not None:
            self.full_at = None
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/runs/today/checkpoints")

    def _wait(self, control: Control) -> None:
        self.holding.set()
        while not self._released.wait(0.01):
            if control.wish is not Wish.GO_ON:
                break
        self.holding.clear()


def _is_before(event: Event, step: int) -> bool:
    """Whether a scripted event tells of what was saved at a step."""
    if isinstance(event, RunFinished | RunFailed | RunPutAside | RunPaused | RunContinued):
        return False
    if isinstance(event, StageStarted | BestRestored):
        return event.step < step
    return getattr(event, "step", 0) <= step
