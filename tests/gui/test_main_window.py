"""The window: pages and their marks, training, opening, saving, dropping, closing, and the first paint."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.app import ErrorReporter, Shell, StartUp, build_shell
from desktop_app.dialogs import LeaveRun, Unsaved
from desktop_app.pages.base import PageState
from desktop_app.settings import Settings
from desktop_app.widgets.row_delegate import RowRole
from tests.gui.conftest import FakeDialogs, StubPresenter
from tests.support.fake_core import FakeCore
from tests.support.runs import write_run
from tests.support.widgets import DROPS, drop, mime_of
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.runs.lock import hold_run

VERBS = ("Train", "Train again", "Pause", "Continue", "Finish now")
Presenters = dict[str, StubPresenter]


def action(shell: Shell, title: str) -> QAction:
    found = [a for a in shell.window.findChildren(QAction) if a.text().replace("&", "").rstrip("…") == title]
    assert len(found) == 1, [a.text() for a in found]
    return found[0]


# --- pages ------------------------------------------------------------


def test_without_a_project_the_welcome_page_is_all_there_is(shell: Shell, qtbot: QtBot) -> None:
    qtbot.addWidget(shell.window)
    shell.window.show()
    assert shell.window.shown_page == "welcome"
    assert not shell.window.sidebar.isVisible()
    assert not shell.window.top_bar.isVisible()
    assert not shell.window.top_bar.train_button.isEnabled()


def test_opening_a_project_shows_its_data(opened: Shell) -> None:
    assert opened.window.shown_page == "data"
    assert opened.window.sidebar.isVisible()
    assert "tickets.thaw" in opened.window.windowTitle()
    assert opened.window.stack.currentWidget().text() == "Data"


def test_shortcuts_lead_to_the_pages(opened: Shell, qtbot: QtBot) -> None:
    opened.window.activateWindow()
    for number, title in enumerate(("Data", "Model", "Layers", "Stages", "Train", "Try it"), start=1):
        qtbot.keyClick(opened.window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        assert opened.window.stack.currentWidget().text() == title
        assert opened.window.sidebar.pages.currentItem().text() == title


def test_a_click_in_the_navigation_shows_the_page(opened: Shell, qtbot: QtBot) -> None:
    pages = opened.window.sidebar.pages
    place = pages.visualItemRect(pages.item(3)).center()
    qtbot.mouseClick(pages.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened.window.stack.currentWidget().text() == "Stages"


def test_a_pages_state_is_marked_with_more_than_a_colour(opened: Shell, presenters: Presenters) -> None:
    item = opened.window.sidebar.pages.item(1)
    seen = set()
    for state in PageState:
        presenters["model"].become(state, *(["The model is too large."] if state is PageState.PROBLEM else []))
        seen.add((item.data(RowRole.MARK_ICON), item.data(RowRole.MARK_TEXT)))
        if state is PageState.PROBLEM:
            assert "The model is too large." in item.toolTip()
            assert "1 thing to mend" in item.data(Qt.ItemDataRole.AccessibleTextRole)
    assert len(seen) == len(PageState)


def test_problems_forbid_training_and_are_named_where_one_looks(opened: Shell, presenters: Presenters) -> None:
    train = opened.window.top_bar.train_button
    assert train.isEnabled()
    presenters["layers"].become(PageState.PROBLEM, "No layer learns.", "A rule matches nothing.")
    assert not train.isEnabled()
    assert not any(wish.isEnabled() for wish in opened.window.findChildren(QAction) if wish.shortcut() == "Ctrl+R")
    assert "No layer learns." in train.toolTip()
    assert opened.window.strip.text == "2 problems: No layer learns."
    presenters["layers"].become(PageState.OK)
    assert train.isEnabled()
    assert "problem" not in opened.window.strip.text


def test_a_click_on_the_problem_leads_to_its_page(opened: Shell, presenters: Presenters, qtbot: QtBot) -> None:
    presenters["stages"].become(PageState.PROBLEM, "Stage 2 has no layers.")
    qtbot.mouseClick(opened.window.strip._button, Qt.MouseButton.LeftButton)
    assert opened.window.shown_page == "stages"


@pytest.fixture
def real(qapp: QApplication, qtbot: QtBot, core: FakeCore, settings: Settings, dialogs: FakeDialogs) -> Iterator[Shell]:
    """Return a window on the real pages."""
    shell = build_shell(qapp, core=core, settings=settings, dialogs=dialogs)
    qtbot.addWidget(shell.window)
    yield shell
    core.training.release()
    shell.close()
    qapp.setStyleSheet("")


@pytest.mark.parametrize(("button", "page"), [("Choose layers…", "layers"), ("Try it", "try_it")])
def test_pages_lead_to_each_other(real: Shell, qtbot: QtBot, project_file: Path, button: str, page: str) -> None:
    shell = real
    write_run(project_file.parent / "runs")
    shell.workspace.open(project_file)
    shell.window.show_page("stages" if page == "layers" else "train")
    shell.workspace.choose_run(shell.workspace.runs()[0])
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)
    view = shell.window.stack.currentWidget()
    pressed = next(b for b in view.findChildren(QPushButton) if b.text().replace("&", "") == button)
    pressed.click()
    assert shell.window.shown_page == page
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_background_work_is_named(shell: Shell, qtbot: QtBot) -> None:
    shell.jobs.busy_changed.emit("Reading the rows")
    assert shell.window.strip.work == "Reading the rows…"
    shell.jobs.busy_changed.emit("")
    assert shell.window.strip.work == ""


# --- training ------------------------------------------------------------


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
    action(opened, "Discard").trigger()
    assert not opened.trainer.stopping
    dialogs.discard = True
    action(opened, "Discard").trigger()
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


# --- opening and saving ------------------------------------------------------------


@DROPS
def test_a_dropped_project_opens(shell: Shell, project_file: Path, qtbot: QtBot) -> None:
    assert drop(shell.window, mime_of(project_file))
    assert shell.workspace.path == project_file
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


@DROPS
def test_a_dropped_data_file_begins_a_project(shell: Shell, tmp_path: Path, qtbot: QtBot) -> None:
    data = tmp_path / "Reviews.CSV"
    data.write_text("text,label\nfine,yes\n")
    assert drop(shell.window, mime_of(data))
    assert shell.workspace.project is not None
    assert shell.workspace.project.data.train == "Reviews.CSV"
    assert shell.window.isWindowModified()
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


@DROPS
def test_other_files_are_not_taken(shell: Shell, tmp_path: Path) -> None:
    assert not drop(shell.window, mime_of(tmp_path / "picture.png"))


def test_a_broken_project_is_told_and_the_open_one_stays(
    opened: Shell, tmp_path: Path, project_file: Path, dialogs: FakeDialogs
) -> None:
    broken = tmp_path / "broken.thaw"
    broken.write_text("version = 1\n[data]\ntrian = 3\n")
    opened.actions.open_path(broken)
    assert len(dialogs.errors) == 1
    assert opened.workspace.path == project_file


def test_new_asks_for_a_data_file(shell: Shell, dialogs: FakeDialogs, project_file: Path, qtbot: QtBot) -> None:
    dialogs.file = project_file.with_name("tickets.tsv")
    action(shell, "New from data file").trigger()
    assert shell.workspace.title == "Untitled project"
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_saving_a_new_project_asks_where(shell: Shell, dialogs: FakeDialogs, tmp_path: Path, qtbot: QtBot) -> None:
    data = tmp_path / "a.tsv"
    data.write_text("text\tlabel\nfine\tyes\n")
    shell.actions.open_path(data)
    dialogs.place = tmp_path / "mine.thaw"
    action(shell, "Save").trigger()
    assert dialogs.place.is_file()
    assert not shell.workspace.modified
    assert shell.actions.recent()[0] == dialogs.place
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_saving_where_nothing_can_be_written_is_told(opened: Shell, dialogs: FakeDialogs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    dialogs.place = tmp_path / "file" / "mine.thaw"
    opened.workspace.update(seed=9)
    assert not opened.actions.save_as()
    assert len(dialogs.errors) == 1
    assert opened.workspace.modified


def test_the_edited_mark_comes_and_goes(opened: Shell) -> None:
    edited = opened.window.top_bar._modified
    assert not edited.isVisible()
    opened.workspace.update(seed=9)
    assert edited.isVisible()
    assert opened.window.isWindowModified()
    action(opened, "Save").trigger()
    assert not edited.isVisible()


# --- leaving ------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "closes", "saved"),
    [(Unsaved.SAVE, True, True), (Unsaved.DISCARD, True, False), (Unsaved.CANCEL, False, False)],
)
def test_closing_asks_about_unsaved_changes(
    opened: Shell, dialogs: FakeDialogs, project_file: Path, qtbot: QtBot, answer: Unsaved, closes: bool, saved: bool
) -> None:
    opened.workspace.update(seed=99)
    dialogs.unsaved = answer
    opened.window.close()
    assert dialogs.asked == ["unsaved"]
    if closes:
        qtbot.waitUntil(lambda: not opened.window.isVisible())
    else:
        assert opened.window.isVisible()
    assert ("seed = 99" in project_file.read_text()) == saved


def test_closing_without_changes_asks_nothing(opened: Shell, dialogs: FakeDialogs, qtbot: QtBot) -> None:
    opened.window.close()
    qtbot.waitUntil(lambda: not opened.window.isVisible())
    assert dialogs.asked == []


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


def test_the_place_on_the_screen_is_kept(opened: Shell, qtbot: QtBot) -> None:
    opened.window.resize(1001, 702)
    opened.window.close()
    qtbot.waitUntil(lambda: not opened.window.isVisible())
    file = opened.window._settings.file
    kept = Settings.load(file)
    assert kept.geometry == opened.window._settings.geometry != b""


# --- errors ------------------------------------------------------------


def test_an_error_nobody_handled_is_shown_once(
    dialogs: FakeDialogs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    reporter = ErrorReporter(dialogs)
    reporter.install()
    try:
        for _ in range(3):
            error = RuntimeError("the disk fell off")
            sys.excepthook(RuntimeError, error, None)
    finally:
        reporter.uninstall()
    assert [str(error) for error in dialogs.errors] == ["the disk fell off"]
    assert "the disk fell off" in capsys.readouterr().err


def test_a_failed_job_without_a_handler_is_shown(shell: Shell, dialogs: FakeDialogs, qtbot: QtBot) -> None:
    def work() -> None:
        raise OSError("no such disk")

    shell.jobs.start("Something", work, print)
    qtbot.waitUntil(lambda: len(dialogs.errors) == 1)


def test_the_error_box_has_three_layers(qtbot: QtBot) -> None:
    from PySide6.QtGui import QGuiApplication

    from desktop_app.widgets.error_dialog import ErrorDialog

    box = ErrorDialog(ValueError("seven is no colour"))
    qtbot.addWidget(box)
    box.show()
    assert "seven is no colour" in box.what
    assert "report" in box.remedy
    copy = next(button for button in box.findChildren(QPushButton) if "Copy" in button.text())
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "ValueError: seven is no colour" in QGuiApplication.clipboard().text()


# --- the first paint ------------------------------------------------------------


def test_after_the_first_paint_come_pages_project_and_libraries(
    shell: Shell, core: FakeCore, project_file: Path, qtbot: QtBot, presenters: Presenters
) -> None:
    start_up = StartUp(shell, project_file)
    assert not presenters
    with qtbot.waitSignal(start_up.finished):
        shell.window.show()
    assert len(presenters) == 6
    assert shell.workspace.path == project_file
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)
    assert "warm_up" in core.calls


def test_a_page_that_cannot_be_made_takes_no_other_with_it(
    shell: Shell, core: FakeCore, qtbot: QtBot, presenters: Presenters, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shell.window.ensure_page

    def ensure(key: str) -> object:
        if key == "layers":
            raise RuntimeError("no layers today")
        return real(key)

    monkeypatch.setattr(shell.window, "ensure_page", ensure)
    start_up = StartUp(shell, None)
    with qtbot.captureExceptions() as raised, qtbot.waitSignal(start_up.finished):
        shell.window.show()
    assert [str(error) for _, error, _ in raised] == ["no layers today"]
    assert set(presenters) == {"data", "model", "stages", "train", "try_it"}
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


PAINT = """
import sys
from PySide6.QtWidgets import QApplication
from desktop_app.app import build_shell
from desktop_app.core_access import LocalCore
from desktop_app.dialogs import Dialogs
from desktop_app.settings import Settings
app = QApplication([])
shell = build_shell(app, core=LocalCore(), settings=Settings.load(), dialogs=Dialogs())
heavy = "torch transformers datasets sklearn pyqtgraph".split()
shell.window.painted.connect(lambda: (print("loaded:", [m for m in heavy if m in sys.modules]), app.quit()))
shell.window.show()
app.exec()
shell.close()
"""


def test_the_window_is_painted_before_any_heavy_library_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", PAINT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "loaded: []"
