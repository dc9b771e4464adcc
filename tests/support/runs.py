"""Run folders as a run leaves them, whole or broken off, and the history of a part of a run."""

from __future__ import annotations

from pathlib import Path

from tests.support.scripted import scripted_events
from tests.support.small import small_plan
from trainer_core.runs.folder import RunFolder, create_run_folder
from trainer_core.runs.history import RunHistory
from trainer_core.runs.journal import Journal
from trainer_core.training.events import CheckpointSaved, StepFinished


def write_run(
    parent: Path, name: str = "head-top-all", *, scale: float = 1.0, steps: int | None = None, checkpoint: bool = True
) -> RunFolder:
    """Write a run folder; ``steps`` is where it broke off, ``scale`` a factor on its scores."""
    run, plan = create_run_folder(parent, name), small_plan()
    run.save_plan(plan)
    with Journal(run.journal_file) as journal:
        for event in scripted_events(plan, str(run.path), scale=scale):
            journal.append(event)
            if checkpoint and isinstance(event, CheckpointSaved) and event.best:
                run.best_file.write_text(Path(event.path).name, encoding="utf-8")
            if isinstance(event, StepFinished) and event.step == steps:
                break
    return run


def history_of(steps: int | None = None) -> RunHistory:
    """Return the scripted run's history, whole or up to a number of steps."""
    history = RunHistory()
    for event in scripted_events():
        history.apply(event)
        if isinstance(event, StepFinished) and event.step == steps:
            break
    return history
