"""The whole Data page with real widgets, keys and clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox
from pytestqt.qtbot import QtBot

from desktop_app.adapters.class_shares import LENGTH_ROLE, NUMBERS_ROLE
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.data import build_page
from desktop_app.pages.data.view import DataView
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_views import Chooser
from tests.support.small_data import LABELS, SAMPLE
from tests.support.widgets import DROPS, assert_named, controls_of, drop, mime_of
from trainer_core.project.schema import DataSection


def data_of(workspace: Workspace) -> DataSection:
    assert workspace.project is not None
    return workspace.project.data


@pytest.fixture
def page(workspace: Workspace, chooser: Chooser, open_project: Callable[[], None], qtbot: QtBot) -> Page:
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), choose_file=chooser)
    qtbot.addWidget(page.view)
    page.view.resize(1100, 720)
    page.view.show()
    open_project()
    return page


@pytest.fixture
def view(page: Page) -> DataView:
    assert isinstance(page.view, DataView)
    return page.view


def pick(qtbot: QtBot, box: QComboBox, letter: str) -> None:
    """Choose the entry that begins with a letter, with the keyboard."""
    box.setFocus()
    qtbot.keyClicks(box, letter)


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    """Click the mark of a button with a text beside it."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def test_showing_a_project_does_not_write_it(page: Page, workspace: Workspace, view: DataView) -> None:
    assert not workspace.modified
    changed = DataSection(
        train="tickets.tsv", validation_share=0.333, limit=77, header=False, skip_incomplete=True, columns={"text": 0}
    )
    workspace.update(data=changed.model_dump())
    assert data_of(workspace) == changed
    assert (view.reading.limit.value(), view.reading.skip.isChecked()) == (77, True)
    assert view.validation.share.value() == 33.3
    assert view.reading.header.currentText() == "No names"


def test_roles_are_changed_with_the_box_and_guesses_are_marked(
    view: DataView, workspace: Workspace, qtbot: QtBot
) -> None:
    rows = [view.columns.row(place) for place in range(3)]
    assert [row.role.currentText() for row in rows] == ["Not used", "Text", "Label"]
    assert [row.guessed.isVisible() for row in rows] == [False, True, True]
    assert not view.columns.guess.isVisible()
    pick(qtbot, rows[0].role, "L")
    assert data_of(workspace).columns.label == "id"
    assert view.columns.guess.isVisible()
    qtbot.mouseClick(view.columns.guess, Qt.MouseButton.LeftButton)
    assert data_of(workspace).columns.label is None


def test_while_busy_no_role_can_be_chosen_and_the_keyboard_comes_back(
    view: DataView, workspace: Workspace, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    box = view.columns.row(0).role
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    workspace.examine_data()
    assert not box.isEnabled()
    idle()
    assert box.isEnabled()
    assert box.hasFocus()


def test_reading_is_set_with_clicks(view: DataView, workspace: Workspace, qtbot: QtBot) -> None:
    assert view.reading.header.currentText() == "Find out (names)"
    click(qtbot, view.reading.skip)
    assert data_of(workspace).skip_incomplete
    assert not view.reading.limit.isEnabled()
    click(qtbot, view.reading.limited)
    assert data_of(workspace).limit == 1_000
    view.reading.limit.selectAll()
    qtbot.keyClicks(view.reading.limit, "250")
    assert data_of(workspace).limit == 1_000
    qtbot.keyClick(view.reading.limit, Qt.Key.Key_Return)
    assert data_of(workspace).limit == 250
    click(qtbot, view.reading.limited)
    assert data_of(workspace).limit is None


def test_validation_goes_back_when_the_dialog_is_closed(
    view: DataView, workspace: Workspace, qtbot: QtBot, chooser: Chooser, tmp_path: Path
) -> None:
    panel = view.validation
    click(qtbot, panel.by_file)
    assert len(chooser.asked) == 1
    assert panel.by_share.isChecked()
    chooser.answer = tmp_path / "dev.tsv"
    click(qtbot, panel.by_file)
    assert panel.by_file.isChecked()
    assert panel.file.whole_text == "dev.tsv"
    assert not panel.share.isEnabled()
    click(qtbot, panel.by_share)
    assert data_of(workspace).validation_share == 0.1
    panel.share.stepBy(5)
    assert data_of(workspace).validation_share == 0.15


def test_clicking_the_share_that_holds_already_writes_nothing(
    view: DataView, workspace: Workspace, qtbot: QtBot
) -> None:
    click(qtbot, view.validation.by_share)
    assert not workspace.modified


def test_findings_tell_severity_in_words(view: DataView) -> None:
    words = [row.words for row in view.findings.findings]
    assert words[0] == [
        "Warning · tickets.tsv",
        'The label "Billling" looks like "Billing" (3 rows).',
        "Correct the spelling in the file, or keep both classes.",
        "See rows 17, 203, 411.",
        "“I was billed for something I did not order”",
    ]
    assert len(words) == 2


def test_class_shares_are_shown_per_split_largest_first(view: DataView, qtbot: QtBot) -> None:
    model = view.classes.model
    assert [model.data(model.index(row)) for row in range(2)] == ["Billing: 132 · 23 %", "Account: 120 · 21 %"]
    assert model.data(model.index(0), LENGTH_ROLE) == 1.0
    assert model.data(model.index(5), NUMBERS_ROLE) == "52 · 9.0 %"
    qtbot.mouseClick(view.classes.split_button(1), Qt.MouseButton.LeftButton)
    assert model.data(model.index(0)) == "Billing: 14 · 22 %"
    assert model.rowCount() == len(LABELS)


def test_a_chosen_row_is_shown_whole(view: DataView, qtbot: QtBot, core: FakeCore) -> None:
    table = view.rows.table
    assert view.rows.count.text() == "600 rows"
    place = table.visualRect(table.model().index(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.rows.text.toPlainText() == SAMPLE[1][0]
    assert view.rows.label.whole_text == SAMPLE[1][1]
    qtbot.keyClick(table, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: view.rows.text.toPlainText() == SAMPLE[599 % len(SAMPLE)][0])


def test_an_unforeseen_error_is_shown_and_the_old_report_gone(
    page: Page, view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    core.report = RuntimeError("the reader broke")
    workspace.examine_data()
    idle()
    assert "the reader broke" in view.findings.notice.text
    assert view.findings.findings == []
    assert view.classes.model.rowCount() == 0
    assert page.presenter.state is PageState.PROBLEM
    top = view.rows.mapTo(view, QPoint()).y()
    qtbot.waitUntil(lambda: abs(view.findings.mapTo(view, QPoint()).y() - top) <= 1)


@DROPS
def test_a_file_can_be_dropped_anywhere_on_the_page(view: DataView, workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("a,b\n", encoding="utf-8")
    assert drop(view, mime_of(path))
    assert data_of(workspace).train == "new.csv"


def test_a_dropped_text_is_not_taken(view: DataView, workspace: Workspace) -> None:
    mime = QMimeData()
    mime.setText("not a file")
    assert not drop(view, mime)
    assert not workspace.modified


def test_the_report_moves_below_the_columns_where_there_is_no_room(view: DataView, qtbot: QtBot) -> None:
    wide = view.findings.mapTo(view, view.findings.rect().topLeft())
    assert wide.x() > view.rows.mapTo(view, view.rows.rect().topRight()).x()
    view.resize(700, 600)
    qtbot.waitUntil(lambda: view.findings.mapTo(view, view.findings.rect().topLeft()).x() < 100)
    assert view.width() == 700
    view.resize(1100, 600)
    qtbot.waitUntil(lambda: view.findings.mapTo(view, view.findings.rect().topLeft()).x() > 600)


def test_a_report_that_needs_much_room_does_not_keep_the_page_wide(view: DataView, qtbot: QtBot) -> None:
    view.classes.setMinimumWidth(420)
    qtbot.waitUntil(lambda: view.classes.width() >= 420)
    view.resize(760, 600)
    qtbot.waitUntil(lambda: view.findings.mapTo(view, view.findings.rect().topLeft()).x() < 100)
    assert view.width() == 760
    view.classes.setMinimumWidth(0)
    qtbot.waitUntil(lambda: view.findings.mapTo(view, view.findings.rect().topLeft()).x() > 400)


def test_every_control_has_a_name_and_a_tooltip(view: DataView) -> None:
    controls = controls_of(view)
    assert len(controls) > 10
    assert_named(controls)
