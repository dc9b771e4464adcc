"""Before the stages: the model reads on in texts of the field, in a run of its own inside the run's folder.

Howard and Ruder 2018, arXiv:1801.06146; Gururangan et al. 2020, arXiv:2004.10964.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from trainer_core.engines.prepare import PreparedRun, prepare_run
from trainer_core.runs.folder import RunFolder
from trainer_core.training.control import Control
from trainer_core.training.events import (
    Event,
    PretrainingFinished,
    RunContinued,
    RunFinished,
    RunHeld,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWarning,
    StepFinished,
    WorkProgress,
)
from trainer_core.training.holding import until_written

WORK = "Reading texts of the field"


def pretrain(
    prepared: PreparedRun, folder: RunFolder, control: Control, events: Callable[[], Iterator[Event]]
) -> Generator[Event, None, PreparedRun]:
    """Let the model read on, unless it has; return the run prepared anew, with what the model became.

    Args:
        prepared: the run whose model it is.
        folder: of that run.
        control: the user's wishes.
        events: begins the run inside the folder, or goes on with it.

    Yields:
        How far it is; what the run inside it warns of and waits for; and what it came to.

    Raises:
        PutAside, Discarded: the user wishes it.
    """
    inner = folder.pretraining
    if not inner.model.is_dir():
        outer = _Outer()
        for event in events():
            yield from outer.hear(event)
        control.check()  # the run inside has heeded what was wished; now this one does
    finished = _finished(inner)
    again = prepare_run(prepared.plan.project, Path(prepared.plan.project_file), pretrained=inner.model)
    become = {"model_folder": again.plan.model_folder, "model_sha256": again.plan.model_sha256}
    plan = prepared.plan.model_copy(update=become)
    yield from until_written(control, 0, lambda: folder.save_plan(plan))
    shutil.rmtree(inner.checkpoints, ignore_errors=True)  # optimiser states of a model that is whole
    if finished is not None:
        yield finished
    return replace(again, plan=plan)


@dataclass
class _Outer:
    """What a run tells of the one inside it."""

    steps: int = 0
    told: int = 0

    def hear(self, event: Event) -> Iterator[Event]:
        """Yield what is worth telling of an event."""
        if isinstance(event, RunStarted | RunResumed):
            self.steps = sum(stage.steps for stage in event.stages)
        elif isinstance(event, StepFinished):
            percent = 100 * event.step // max(1, self.steps)
            if percent > self.told:
                self.told = percent
                yield WorkProgress(work=WORK, done=event.step, total=self.steps)
        elif isinstance(event, RunFinished):
            yield WorkProgress(work=WORK, done=1, total=1)
        elif isinstance(event, RunWarning | RunPaused | RunContinued | RunHeld | WorkProgress):
            yield event


def _finished(inner: RunFolder) -> PretrainingFinished | None:
    """Return what the run inside came to, from its journal; nothing where that is damaged."""
    history = inner.load_history()
    if history.finished is None:
        return None
    return PretrainingFinished(
        folder=str(inner.path),
        before=history.pretrained.metrics if history.pretrained else {},
        metrics=history.finished.metrics,
        seconds=history.finished.seconds,
    )
