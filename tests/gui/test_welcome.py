"""The first page: three doors and the recent projects."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_app.app import Shell
from desktop_app.pages.welcome.view import WelcomeView
from desktop_app.theme import Theme
from tests.gui.conftest import FakeDialogs
from trainer_core.resources import starter_projects


def view_of(shell: Shell) -> WelcomeView:
    view = shell.window.findChild(WelcomeView)
    assert view is not None
    return view


def test_the_first_door_opens_the_example(shell: Shell, qtbot: QtBot) -> None:
    qtbot.mouseClick(view_of(shell).doors[0], Qt.MouseButton.LeftButton)
    assert shell.workspace.path == starter_projects()[0].path
    assert shell.window.shown_page == "data"
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_every_example_opens_its_own_project(shell: Shell, qtbot: QtBot) -> None:
    examples = view_of(shell).examples
    assert len(examples) == len(starter_projects()) - 1
    for button, example in zip(examples, starter_projects()[1:], strict=True):
        assert example.title in button.accessibleName()
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert shell.workspace.path == example.path
        qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_the_second_door_begins_a_project(shell: Shell, dialogs: FakeDialogs, project_file: Path, qtbot: QtBot) -> None:
    dialogs.file = project_file.with_name("tickets.tsv")
    qtbot.mouseClick(view_of(shell).doors[1], Qt.MouseButton.LeftButton)
    assert shell.workspace.path is None
    assert shell.workspace.project is not None
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_the_third_door_opens_a_project(shell: Shell, dialogs: FakeDialogs, project_file: Path, qtbot: QtBot) -> None:
    dialogs.file = project_file
    qtbot.mouseClick(view_of(shell).doors[2], Qt.MouseButton.LeftButton)
    assert shell.workspace.path == project_file
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_changing_ones_mind_opens_nothing(shell: Shell, dialogs: FakeDialogs, qtbot: QtBot) -> None:
    for door in view_of(shell).doors[1:]:
        qtbot.mouseClick(door, Qt.MouseButton.LeftButton)
    assert shell.workspace.project is None
    assert dialogs.errors == []


def test_recent_projects_open_with_a_click(shell: Shell, project_file: Path, tmp_path: Path, qtbot: QtBot) -> None:
    other = tmp_path / "other & more.thaw"
    other.write_bytes(project_file.read_bytes())
    shell.actions.open_path(other)
    shell.actions.open_path(project_file)
    rows = [row for row in view_of(shell).recent_rows if not row.isHidden()]
    assert [row.accessibleName() for row in rows] == [f"Open tickets in {tmp_path}", f"Open other & more in {tmp_path}"]
    qtbot.mouseClick(rows[1], Qt.MouseButton.LeftButton)
    assert shell.workspace.path == other
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_doors_are_named_and_their_words_fit(qtbot: QtBot) -> None:
    view = WelcomeView(Theme())
    qtbot.addWidget(view)
    view.set_examples([("Pairs", "Whether one follows from the other, in many words"), ("Tags", "Names")])
    view.set_recent([("tickets", "/home/anna"), ("reviews", "/home/anna/" + "deep/" * 60)])
    view.resize(860, 560)
    view.show()
    for row in view.recent_rows:
        assert all(label.height() >= label.fontMetrics().height() for label in row.findChildren(QLabel))
        assert row.width() <= view.width()
    for door in (*view.doors, *view.examples):
        assert door.accessibleName()
        assert door.toolTip()
        for label in door.findChildren(QLabel):
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed
