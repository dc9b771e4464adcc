"""The training thread against a scripted engine: start, events, stop, failure, and that nothing is left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from desktop_app.background.jobs import Jobs
from desktop_app.background.trainer import Trainer, failure_of
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.small import small_project
from trainer_core.errors import InputError, ThawError
from trainer_core.project.save import save_project
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.training.events import Event, RunFailed, RunFinished, RunStarted, StepFinished


def test_a_run_is_told_from_its_start_to_its_end(qtbot: QtBot, trainer: Trainer, workspace: Workspace) -> None:
    events: list[Event] = []
    trainer.events_arrived.connect(events.extend)
    with qtbot.waitSignals([trainer.run_started, trainer.run_finished], timeout=10_000):
        trainer.start()
        assert trainer.running
    assert not trainer.running
    assert trainer.folder is not None
    assert workspace.run == trainer.folder
    assert workspace.runs() == [trainer.folder]
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert trainer.history.status is RunStatus.FINISHED
    assert trainer.history == trainer.folder.load_history()


def test_events_come_in_batches_and_in_order(qtbot: QtBot, trainer: Trainer) -> None:
    batches: list[list[Event]] = []
    trainer.events_arrived.connect(batches.append)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
    steps = [event.step for batch in batches for event in batch if isinstance(event, StepFinished)]
    assert steps == list(range(1, len(steps) + 1))
    assert len(batches) < len(steps) / 2


def test_the_first_events_arrive_while_the_engine_is_silent(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.hold_at = 3
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == 3)
    assert core.training.holding.is_set()


def test_stopping_is_heard_at_once_and_keeps_the_best(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.hold_at = 3
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == 3)
    heard: list[tuple[bool, bool]] = []
    trainer.running_changed.connect(lambda running: heard.append((running, trainer.stopping)))
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000) as finished:
        trainer.stop()
        assert heard == [(True, True)]
        trainer.stop()
    assert heard == [(True, True), (False, False)]
    assert finished.args is not None
    assert finished.args[0].stopped
    assert trainer.history.status is RunStatus.STOPPED


def test_the_window_goes_on_while_the_engine_works(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.hold_at = 1
    ticks: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    trainer.start()
    qtbot.waitUntil(core.training.holding.is_set)
    timer.start(0)
    qtbot.waitUntil(lambda: len(ticks) > 50)
    timer.stop()
    assert trainer.running


def test_the_engine_is_made_in_the_training_thread(
    qtbot: QtBot, trainer: Trainer, core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    engine = core.training

    def note_thread() -> object:
        threads.append(threading.get_ident())
        return engine

    monkeypatch.setattr(core, "engine", note_thread)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
    assert threads != [threading.get_ident()]


def test_a_failure_that_the_engine_tells_is_told_once(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.fails_at = 4
    events: list[Event] = []
    trainer.events_arrived.connect(events.extend)
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000) as failed:
        trainer.start()
    assert failed.args is not None
    assert failed.args[0].what == "The memory is full."
    assert len([event for event in events if isinstance(event, RunFailed)]) == 1
    assert not trainer.running


def test_an_input_error_becomes_a_failure_in_three_layers(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.error = InputError.one("tickets.tsv", "There is no such file.", "Choose another one.")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        trainer.start()
    failure = trainer.history.failure
    assert failure is not None
    assert failure.what == "tickets.tsv: There is no such file."
    assert failure.remedy == "Choose another one."
    assert failure.traceback == ""
    assert trainer.folder is None


def test_a_mistake_of_ours_keeps_its_traceback(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.error = ZeroDivisionError("division by zero")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        trainer.start()
    assert trainer.history.failure is not None
    assert "ZeroDivisionError" in trainer.history.failure.traceback


def test_an_engine_that_ends_without_a_word_is_a_failure(
    qtbot: QtBot, trainer: Trainer, core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.training, "run", lambda *_: iter(()))
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        trainer.start()
    assert trainer.history.status is RunStatus.FAILED


def test_a_second_start_does_nothing_while_a_run_is_under_way(
    qtbot: QtBot, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.hold_at = 2
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == 2)
    history = trainer.history
    trainer.start()
    assert trainer.history is history
    assert len(workspace.runs()) == 1


def test_a_second_run_begins_with_an_empty_history(qtbot: QtBot, trainer: Trainer) -> None:
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
    first = trainer.folder
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
        assert trainer.history == RunHistory()
    assert trainer.folder != first


def test_waiting_for_the_end_leaves_no_thread(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    core.training.hold_at = 2
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == 2)
    assert not trainer.wait(0.05)
    trainer.stop()
    assert trainer.wait(10)
    assert not trainer.running
    assert trainer.history.status is RunStatus.STOPPED


def test_nothing_starts_without_a_project(qtbot: QtBot, core: FakeCore) -> None:
    jobs = Jobs()
    trainer = Trainer(Workspace(core, jobs))
    trainer.start()
    assert not trainer.running


def test_a_project_never_saved_trains_beside_its_data(
    qtbot: QtBot, trainer: Trainer, core: FakeCore, workspace: Workspace, tmp_path: Path
) -> None:
    seen: list[Path] = []
    original = core.training.run

    def run(project: object, project_file: Path, runs: Path, control: object) -> Iterator[Event]:
        seen.extend([project_file, runs])
        return original(project, project_file, runs, control)  # type: ignore[arg-type]

    core.training.run = run  # type: ignore[method-assign]
    (tmp_path / "new").mkdir()
    workspace.new(tmp_path / "new" / "rows.csv")
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
    assert seen == [tmp_path / "new" / "untitled.thaw", workspace.runs_folder]


def test_a_run_of_another_project_is_not_chosen(
    qtbot: QtBot, trainer: Trainer, core: FakeCore, workspace: Workspace, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "other.thaw"
    other.parent.mkdir()
    save_project(small_project(), other)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
        workspace.open(other)
    assert trainer.folder is not None
    assert workspace.run is None
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


def test_the_cause_of_a_thaw_error_is_kept_as_details() -> None:
    error = ThawError("It did not work.", why="No room.", remedy="Make room.")
    assert failure_of(error).traceback == ""
    error.__cause__ = OSError("disk full")
    assert "disk full" in failure_of(error).traceback
