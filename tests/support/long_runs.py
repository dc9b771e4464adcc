"""A run of very many steps, as it lies on disk, and the window that opens it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.fake_core import FakeCore
from tests.support.scripted import scripted_events
from tests.support.small import small_plan, small_project
from trainer_core.project.save import save_project
from trainer_core.runs.folder import RunFolder, create_run_folder
from trainer_core.runs.place import runs_place
from trainer_core.training.events import EvaluationFinished, RunFinished, StepFinished, format_event

STEPS_PER_EVALUATION = 1_000
PATIENCE = 60.0


def write_long_run(parent: Path, steps: int) -> RunFolder:
    """Write a run folder whose last stage took so many steps."""
    run, plan = create_run_folder(parent, "head-top-all"), small_plan()
    run.save_plan(plan)
    told = list(scripted_events(plan, str(run.path)))
    *before, finished = (event for event in told if not isinstance(event, StepFinished | EvaluationFinished))
    assert isinstance(finished, RunFinished)
    step = next(event for event in reversed(told) if isinstance(event, StepFinished))
    evaluation = next(event for event in reversed(told) if isinstance(event, EvaluationFinished))
    with run.journal_file.open("w", encoding="utf-8") as journal:
        journal.writelines(f"{format_event(event)}\n" for event in before)
        for number in range(1, steps + 1):
            loss = 1.0 + 1.0 / number + 0.1 * (number % 7)
            journal.write(format_event(step.model_copy(update={"step": number, "loss": loss})) + "\n")
            if number % STEPS_PER_EVALUATION == 0:
                journal.write(format_event(evaluation.model_copy(update={"step": number, "is_best": False})) + "\n")
        journal.write(f"{format_event(finished)}\n")
    return run


def show_long_run(folder: Path, steps: int) -> dict[str, Any]:
    """Open such a run in the whole window.

    Returns:
        ``seconds`` from choosing it to its curve being drawn, ``longest_turn`` the longest that the window did not
        answer meanwhile, and ``points``, how many the curve is drawn from.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from desktop_app.app import build_shell
    from desktop_app.dialogs import Dialogs
    from desktop_app.pages.train.view import TrainView
    from desktop_app.settings import Settings

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    project = folder / "long.thaw"
    save_project(small_project(), project)
    run = write_long_run(runs_place(project), steps)
    shell = build_shell(app, core=FakeCore(), settings=Settings(folder / "settings.json"), dialogs=Dialogs())
    shell.window.show()
    shell.workspace.open(project)
    shell.window.show_page("train")
    shell.trainer.start()  # so that the plots are made before the time is taken
    view = shell.window.ensure_page("train").view
    assert isinstance(view, TrainView)
    _turn_until(app, lambda: view.board is not None and not shell.trainer.running and not shell.jobs.is_busy)
    assert view.board is not None
    started, longest = time.perf_counter(), 0.0
    shell.workspace.choose_run(run)
    curve = view.board.loss._lines["train"]
    while f"{steps:,} of" not in view.fact_list.texts.get("Step", "") or view.board.loss.needs_redraw:
        turned = time.perf_counter()
        app.processEvents()
        longest = max(longest, time.perf_counter() - turned)
        assert turned - started < PATIENCE, "the run was not shown"
    seconds = time.perf_counter() - started
    points = len(curve.raw.yData)
    shell.close()
    shell.workspace.modified = False
    shell.window.close()
    app.processEvents()
    return {"steps": steps, "seconds": round(seconds, 3), "longest_turn": round(longest, 3), "points": points}


def _turn_until(app: Any, done: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        app.processEvents()
        if time.monotonic() > end:
            raise TimeoutError("the window did not get ready")
