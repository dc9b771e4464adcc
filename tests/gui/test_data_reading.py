"""The Data page shows how a language model reads a row, and which of it counts, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_app.marked import Mark, MarkedText
from desktop_app.pages.data import build_page
from desktop_app.pages.data.view import DataView
from desktop_app.pages.data.words import marked_reading, reading_words
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_views import Chooser
from tests.support.small_data import small_tasks
from trainer_core.data.reading import Reading, Stretch
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import TEXT
from trainer_core.errors import InputError
from trainer_core.tasks.facts import TaskFacts

READ = Reading((Stretch("<user>my parcel<end><assistant>", False), Stretch("is late<end>", True)), 9, 3, cut=False)
CHAT = TaskFacts("chat", "Chat", "Answers", (TEXT,), ("perplexity", "loss"), language=True)


@pytest.fixture
def view(
    core: FakeCore, workspace: Workspace, chooser: Chooser, open_project: Callable[[], None], qtbot: QtBot
) -> DataView:
    core.tasks, core.reading = [*small_tasks(), CHAT], READ
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), choose_file=chooser)
    qtbot.addWidget(page.view)
    page.view.resize(1100, 720)
    page.view.show()
    open_project()
    assert isinstance(page.view, DataView)
    return page.view


def choose(view: DataView, workspace: Workspace, qtbot: QtBot, row: int) -> None:
    """Click a row and wait until nothing is read any more."""
    table = view.rows.table
    place = table.visualRect(table.model().index(row, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


def test_what_counts_of_a_chosen_row_is_marked(
    view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot
) -> None:
    workspace.update(task="chat")
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    choose(view, workspace, qtbot, 1)
    assert core.calls.count("preview_reading") == 1
    assert view.rows.reading.isVisible()
    assert not view.rows.text.isVisible()
    assert view.rows.reading.toPlainText() == "<user>my parcel<end><assistant>is late<end>"
    assert view.rows.counted.text() == "As the model reads it: the marked 3 of 9 tokens are learnt."
    cursor = view.rows.reading.textCursor()
    cursor.setPosition(len(READ.stretches[0].text) + 2)
    assert cursor.charFormat().background().style() != Qt.BrushStyle.NoBrush
    cursor.setPosition(3)
    assert cursor.charFormat().background().style() == Qt.BrushStyle.NoBrush


def test_other_tasks_show_the_cells_and_ask_nothing(
    view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot
) -> None:
    choose(view, workspace, qtbot, 1)
    assert "preview_reading" not in core.calls
    assert view.rows.text.isVisible()
    assert not view.rows.reading.isVisible()


def test_what_only_the_model_notices_stands_among_the_findings(
    view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot
) -> None:
    def shown() -> bool:
        return any("cut away" in label.text() for label in view.findings.findChildren(QLabel))

    core.noticed = [Finding(Severity.WARNING, "a.tsv", "1 row whose answer is cut away entirely.", "Raise it.", (3,))]
    assert "notice_rows" not in core.calls
    workspace.update(task="chat")
    qtbot.waitUntil(shown)
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert workspace.project is not None
    core.noticed = []
    workspace.update(model=workspace.project.model.model_dump() | {"max_length": 64})
    qtbot.waitUntil(lambda: not shown())
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    asked = core.calls.count("notice_rows")
    assert asked > 1
    assert workspace.project is not None
    workspace.update(training=workspace.project.training.model_dump() | {"batch_size": 4})
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert core.calls.count("notice_rows") == asked


def test_a_chosen_row_is_read_again_when_less_of_it_fits(
    view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot
) -> None:
    workspace.update(task="chat")
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    choose(view, workspace, qtbot, 1)
    core.reading = Reading(READ.stretches[:1], 4, 0, cut=True)
    assert workspace.project is not None
    workspace.update(model=workspace.project.model.model_dump() | {"max_length": 4})
    qtbot.waitUntil(lambda: view.rows.counted.text().startswith("Nothing of this row counts"))
    workspace.update(task="classification")
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert not view.rows.reading.isVisible()


def test_a_row_that_cannot_be_read_shows_its_cells(
    view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot
) -> None:
    core.reading = InputError.one("model.source", "It has no tokenizer.", "Choose another.")
    workspace.update(task="chat")
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    choose(view, workspace, qtbot, 0)
    assert view.rows.text.isVisible()
    assert view.rows.text.toPlainText() != ""
    assert not view.rows.reading.isVisible()


def test_readings_are_told_in_words() -> None:
    assert marked_reading(READ) == MarkedText("<user>my parcel<end><assistant>is late<end>", (Mark(31, 43),))
    cut = Reading(READ.stretches, 1_200, 1_100, cut=True)
    assert reading_words(cut) == (
        "As the model reads it: the marked 1,100 of 1,200 tokens are learnt. The end does not fit and is not read."
    )
    nothing = Reading(READ.stretches[:1], 32, 0, cut=True)
    assert reading_words(nothing) == "Nothing of this row counts: its answer is cut away at 32 tokens."
