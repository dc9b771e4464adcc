"""Runs in the window: begun and ended from one place, listed, chosen, and what closing the window means for one."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.app import Shell
from desktop_app.dialogs import LeaveRun
from desktop_app.widgets.row_delegate import RowRole
from tests.gui.conftest import FakeDialogs
from tests.support.fake_core import FakeCore
from tests.support.runs import write_run
from tests.support.widgets import action_of
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.runs.lock import hold_run

VERBS = ("Train", "Train again", "Pause", "Continue", "Finish now")


def test_a_run_is_begun_and_ended_in_one_place_on_every_page(
    real: Shell, core: FakeCore, project_file: Path, qtbot: QtBot
) -> None:
    """A second Train button would not know of the problems that forbid training."""
    real.window.show()
    real.workspace.open(project_file)
    qtbot.waitUntil(lambda: not real.jobs.is_busy)

    bar = real.window.top_bar

    def assert_one_pair_a_page() -> None:
        for key in real.window.page_titles:
            real.window.show_page(key)
            shown = [button for button in real.window.findChildren(QPushButton) if button.isVisible()]
            verbs = [button for button in shown if button.text().replace("&", "") in VERBS]
            assert set(verbs) == {bar.pause_button, bar.stop_button, bar.train_button}, key

    assert_one_pair_a_page()
    core.training.hold_at = 5
    real.window.train()
    qtbot.waitUntil(core.training.holding.is_set)
    assert_one_pair_a_page()
    real.trainer.stop()
    qtbot.waitUntil(lambda: not real.trainer.running)
    qtbot.waitUntil(lambda: not real.jobs.is_busy)


def test_training_is_shown_from_start_to_end(opened: Shell, core: FakeCore, qtbot: QtBot) -> None:
    bar = opened.window.top_bar
    core.training.hold_at = 40
    qtbot.keyClick(opened.window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert not bar.train_button.isEnabled()
    assert bar.stop_button.isEnabled()
    qtbot.waitUntil(lambda: bar.status.startswith("stage 2 of 3 | step 40 of 126"))
    assert opened.window.shown_page == "train"
    qtbot.waitUntil(lambda: opened.window.sidebar.runs.count() == 1)
    row = opened.window.sidebar.runs.item(0)
    assert row.data(RowRole.SUBTITLE).startswith("training")
    assert row.data(RowRole.MARK_TEXT) == f"{opened.trainer.history.best.value:.3f}"
    core.training.release()
    qtbot.waitUntil(lambda: bar.status.startswith("Finished: best macro F1"))
    assert bar.train_button.isEnabled()
    assert not bar.stop_button.isEnabled()
    qtbot.waitUntil(lambda: opened.window.sidebar.runs.item(0).data(RowRole.SUBTITLE).startswith("finished"))


def test_stopping_says_at_once_that_it_was_heard(opened: Shell, core: FakeCore, qtbot: QtBot) -> None:
    bar = opened.window.top_bar
    core.training.hold_at = 5
    qtbot.mouseClick(bar.train_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(core.training.holding.is_set)
    qtbot.mouseClick(bar.stop_button, Qt.MouseButton.LeftButton)
    assert bar.stop_button.text() == "Ending…"
    assert not bar.stop_button.isEnabled()
    qtbot.waitUntil(lambda: not opened.trainer.running)
    assert bar.status.startswith("Stopped: best")
    assert bar.stop_button.text() == "Finis&h now"


def test_a_pause_is_heard_at_once_and_taken_back(opened: Shell, core: FakeCore, qtbot: QtBot) -> None:
    bar = opened.window.top_bar
    core.training.hold_at = 5
    qtbot.mouseClick(bar.train_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(core.training.holding.is_set)
    qtbot.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    assert bar.pause_button.text() == "Contin&ue"
    assert bar.status.startswith("Pausing")
    qtbot.waitUntil(lambda: bar.status == "Paused after step 5; the model stays in memory")
    assert opened.trainer.running
    assert bar.stop_button.isEnabled()
    qtbot.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    assert bar.pause_button.text() == "Pa&use"
    qtbot.waitUntil(lambda: not opened.trainer.running)
    assert bar.status.startswith("Finished: best")


def test_a_run_is_discarded_only_after_a_question(
    opened: Shell, core: FakeCore, dialogs: FakeDialogs, qtbot: QtBot
) -> None:
    core.training.hold_at = 40
    opened.window.train()
    qtbot.waitUntil(core.training.holding.is_set)
    folder = core.training.folder
    assert folder is not None
    dialogs.discard = False
    action_of(opened.window, "Discard").trigger()
    assert not opened.trainer.stopping
    dialogs.discard = True
    action_of(opened.window, "Discard").trigger()
    assert opened.window.top_bar.status == "Ending; nothing is kept"
    qtbot.waitUntil(lambda: not opened.trainer.running)
    assert dialogs.asked == ["discard", "discard"]
    assert not folder.path.exists()
    assert opened.workspace.run is None
    assert opened.window.top_bar.status == ""
    qtbot.waitUntil(lambda: opened.window.sidebar.runs.count() == 0)


def test_a_run_that_was_broken_off_is_found_when_its_project_is_opened(
    shell: Shell, project_file: Path, qtbot: QtBot
) -> None:
    run = write_run(project_file.parent / "runs", steps=60)
    qtbot.addWidget(shell.window)
    shell.window.show()
    shell.workspace.open(project_file)
    qtbot.waitUntil(lambda: shell.workspace.run == run)
    assert shell.window.shown_page == "train"
    assert "broken off" in shell.window.top_bar.status
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


@pytest.mark.parametrize("held", [False, True])
def test_a_run_that_came_to_its_end_or_is_under_way_elsewhere_is_not_found(
    shell: Shell, project_file: Path, qtbot: QtBot, held: bool
) -> None:
    run = write_run(project_file.parent / "runs", steps=60 if held else None)
    qtbot.addWidget(shell.window)
    with hold_run(run) if held else nullcontext():
        shell.workspace.open(project_file)
        qtbot.waitUntil(lambda: shell.window.sidebar.runs.count() == 1)
        qtbot.waitUntil(lambda: not shell.jobs.is_busy)
    assert shell.workspace.run is None


def test_a_failed_run_says_so(opened: Shell, core: FakeCore, qtbot: QtBot) -> None:
    core.training.fails_at = 3
    opened.window.train()
    qtbot.waitUntil(lambda: not opened.trainer.running)
    assert opened.window.top_bar.status == "The run failed: The memory is full."


def test_runs_are_listed_the_newest_first_and_can_be_chosen(opened: Shell, project_file: Path, qtbot: QtBot) -> None:
    old = write_run(project_file.parent / "runs", scale=0.9)
    broken = write_run(project_file.parent / "runs", steps=18)
    opened.workspace.runs_changed.emit()
    runs = opened.window.sidebar.runs
    qtbot.waitUntil(lambda: runs.count() == 2)
    assert runs.item(0).data(RowRole.SUBTITLE).startswith("interrupted")
    assert runs.item(1).data(RowRole.SUBTITLE).startswith("finished")
    assert runs.item(1).data(RowRole.MARK_TEXT).startswith("0.8")
    place = runs.visualItemRect(runs.item(1)).center()
    qtbot.mouseClick(runs.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened.workspace.run == old
    assert broken.path.name in runs.item(0).toolTip()


def test_a_journal_that_did_not_change_is_not_read_again(
    opened: Shell, project_file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(project_file.parent / "runs")
    opened.workspace.runs_changed.emit()
    qtbot.waitUntil(lambda: opened.window.sidebar.runs.count() == 1)
    write_run(project_file.parent / "runs")
    read: list[RunFolder] = []
    from desktop_app import run_summaries

    real = run_summaries.summarise
    monkeypatch.setattr(run_summaries, "summarise", lambda run: (read.append(run), real(run))[1])
    opened.workspace.runs_changed.emit()
    qtbot.waitUntil(lambda: opened.window.sidebar.runs.count() == 2)
    assert len(read) == 1


# --- leaving ------------------------------------------------------------


def test_closing_while_training_can_go_on_training(
    opened: Shell, core: FakeCore, dialogs: FakeDialogs, qtbot: QtBot
) -> None:
    core.training.hold_at = 4
    opened.window.train()
    qtbot.waitUntil(core.training.holding.is_set)
    dialogs.leave_run = LeaveRun.GO_ON
    opened.window.close()
    assert dialogs.asked == ["leave run"]
    assert opened.window.isVisible()
    assert opened.trainer.running
    assert not opened.trainer.stopping


def test_closing_while_training_can_put_the_run_aside(
    opened: Shell, core: FakeCore, dialogs: FakeDialogs, qtbot: QtBot
) -> None:
    core.training.hold_at = 40
    opened.window.train()
    qtbot.waitUntil(core.training.holding.is_set)
    opened.window.close()
    qtbot.waitUntil(lambda: not opened.window.isVisible())
    assert dialogs.asked == ["leave run"]
    assert opened.trainer.history.status is RunStatus.PUT_ASIDE


def test_closing_while_training_stops_keeps_the_best_and_closes(
    opened: Shell, core: FakeCore, dialogs: FakeDialogs, qtbot: QtBot
) -> None:
    core.training.hold_at = 40
    opened.window.train()
    qtbot.waitUntil(core.training.holding.is_set)
    dialogs.leave_run = LeaveRun.FINISH
    opened.window.close()
    qtbot.waitUntil(lambda: not opened.window.isVisible())
    assert dialogs.asked == ["leave run"]
    assert opened.trainer.history.finished is not None
    assert opened.trainer.history.finished.stopped
