"""The window: pages and their marks, what is told of errors, and the first paint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.app import ErrorReporter, Shell, StartUp
from desktop_app.pages.base import PageState
from desktop_app.widgets.row_delegate import RowRole
from tests.gui.conftest import FakeDialogs, StubPresenter
from tests.support.fake_core import FakeCore
from tests.support.runs import write_run

Presenters = dict[str, StubPresenter]


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
