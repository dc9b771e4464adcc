"""Projects in the window: opened, dropped, begun, saved, and asked about before they are left."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.app import Shell
from desktop_app.dialogs import Unsaved
from desktop_app.settings import Settings
from tests.gui.conftest import FakeDialogs
from tests.support.widgets import DROPS, action_of, drop, mime_of

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
    action_of(shell.window, "New from data file").trigger()
    assert shell.workspace.title == "Untitled project"
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)


def test_saving_a_new_project_asks_where(shell: Shell, dialogs: FakeDialogs, tmp_path: Path, qtbot: QtBot) -> None:
    data = tmp_path / "a.tsv"
    data.write_text("text\tlabel\nfine\tyes\n")
    shell.actions.open_path(data)
    dialogs.place = tmp_path / "mine.thaw"
    action_of(shell.window, "Save").trigger()
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
    action_of(opened.window, "Save").trigger()
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


def test_the_place_on_the_screen_is_kept(opened: Shell, qtbot: QtBot) -> None:
    opened.window.resize(1001, 702)
    opened.window.close()
    qtbot.waitUntil(lambda: not opened.window.isVisible())
    file = opened.window._settings.file
    kept = Settings.load(file)
    assert kept.geometry == opened.window._settings.geometry != b""
