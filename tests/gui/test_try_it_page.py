"""The whole Try it page with real widgets, keys and clicks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from pytestqt.qtbot import QtBot

from desktop_app.pages.base import Page
from desktop_app.pages.try_it import build_page
from desktop_app.pages.try_it.report_dialog import ReportDialog
from desktop_app.pages.try_it.text_field import TextField
from desktop_app.pages.try_it.view import TryItView
from desktop_app.pages.try_it.words import answer_of
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import SAMPLE
from tests.support.fake_views import FileAnswers
from tests.support.widgets import assert_named
from trainer_core.inference.prediction import (
    AnswerPrediction,
    ClassPrediction,
    LabelsPrediction,
    SpansPrediction,
    TaggedSpan,
)
from trainer_core.runs.folder import RunFolder

TEXT = "bbb"
"""Of the fake model's classes, Billing is the one that begins with this letter."""


@pytest.fixture
def page(qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers) -> Page:
    page = build_page(ready, Theme(ThemeChoice.LIGHT), questions=questions)
    qtbot.addWidget(page.view)
    page.view.resize(1000, 740)
    page.view.show()
    page.shown()
    return page


def _view(page: Page) -> TryItView:
    assert isinstance(page.view, TryItView)
    return page.view


def field(view: TryItView) -> TextField:
    """Return the first field."""
    return view.texts.fields[0]


def test_typing_changes_the_answer(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    qtbot.keyClicks(field(view), TEXT)
    qtbot.waitUntil(lambda: view.answer.title == "Billing")
    assert view.answer.bars.texts[0].startswith("Billing ")
    assert len(view.answer.bars.texts) == 6
    assert view.answer.hint.startswith("with ")
    assert TEXT in view.command.command
    field(view).clear()
    qtbot.waitUntil(lambda: view.answer.title == "")
    assert not view.answer.bars.isVisible()


def test_a_click_on_an_example_answers_it(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    example = view.examples.list.item(1)
    place = view.examples.list.visualItemRect(example).center()
    qtbot.mouseClick(view.examples.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert field(view).toPlainText() == SAMPLE[1][0]
    qtbot.waitUntil(lambda: view.answer.title != "")


def test_a_long_text_is_said_to_be_cut(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    field(view).setPlainText("word " * 200)
    qtbot.waitUntil(view.answer.note.isVisible)
    assert "longer than the model reads" in view.answer.note.text


def test_the_command_can_be_copied(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    qtbot.mouseClick(view.command.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == view.command.command
    assert view.command.copy_button.text() == "Copied"
    qtbot.waitUntil(lambda: view.command.copy_button.text() == "&Copy")


def test_a_file_is_predicted_with_a_click(qtbot: QtBot, page: Page, tmp_path: Path) -> None:
    view = _view(page)
    qtbot.mouseClick(view.file.file_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.file.end.startswith("160 predictions"))
    assert view.file.file_button.isVisible()
    assert not view.file.bar.isVisible()
    assert (tmp_path / "out.csv").is_file()


def test_every_control_has_a_name_and_a_tooltip(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    assert_named((field(view), view.chooser, view.examples.list, view.file.file_button, view.command.copy_button))
    qtbot.waitUntil(lambda: view.answer.hint != "" and "..." not in view.answer.hint)


def test_the_page_paints_its_bars_in_both_looks(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    view.show_answer(
        answer_of(ClassPrediction({"text": "t"}, False, "a", {"a": 0.7, "a class with a very long name" * 4: 0.3}))
    )
    first = view.answer.bars.grab().toImage()
    assert not first.isNull()
    view.show_answer(answer_of(ClassPrediction({"text": "t"}, False, "b", {"b": 0.8, "a": 0.2})))
    assert view.answer.bars.grab().toImage() != first
    second = view.answer.bars.grab().toImage()
    marked = LabelsPrediction({"text": "t"}, False, ("b",), {"b": 0.8, "a": 0.2}, {"a": 0.5, "b": 0.5})
    view.show_answer(answer_of(marked))
    assert view.answer.bars.grab().toImage() != second


def test_what_was_found_stands_out_in_the_text(page: Page, qtbot: QtBot) -> None:
    view = _view(page)
    marked = view.answer.marked
    spans = (TaggedSpan(0, 3, "person", 0.9), TaggedSpan(13, 21, "place", 0.6))
    view.show_answer(answer_of(SpansPrediction({"text": "Ada lives in New York\n\nnow"}, False, spans)))
    assert marked.isVisible()
    assert not view.answer.bars.isVisible()
    assert marked.toPlainText() == "Ada person lives in New York place\n\nnow"
    cursor = QTextCursor(marked.document())
    colors = []
    for place in (1, 8, 25):
        cursor.setPosition(place + 1)
        colors.append(cursor.charFormat().background().color().name())
    assert colors[0] != colors[2]
    assert marked.height() >= marked.document().size().height()
    first = marked.grab().toImage()
    view.show_answer(answer_of(AnswerPrediction({"question": "q", "context": "The parcel is late"}, False, 4, 10, 0.7)))
    assert marked.toPlainText() == "The parcel is late"
    assert marked.grab().toImage() != first
    view.show_answer(None)
    assert not marked.isVisible()


def test_what_was_typed_stays_when_another_field_comes(qtbot: QtBot, page: Page) -> None:
    view = _view(page)
    qtbot.keyClicks(field(view), TEXT)
    view.show_fields(("Text", "Second text"))
    assert view.texts.texts == (TEXT, "")
    qtbot.keyClicks(view.texts.fields[1], "rrr")
    assert view.texts.texts == (TEXT, "rrr")
    view.show_fields(("Your text",))
    assert view.texts.texts == (TEXT,)
    assert_named(view.texts.fields)
    qtbot.waitUntil(lambda: view.answer.title != "")


def test_a_model_is_measured_with_a_click(page: Page, qtbot: QtBot) -> None:
    view = _view(page)
    qtbot.mouseClick(view.file.evaluation_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(view.window().findChildren(ReportDialog)))
    (dialog,) = view.window().findChildren(ReportDialog)
    cells = [[dialog.labels.item(row, column).text() for column in range(5)] for row in range(2)]
    assert cells == [["Account", "0.900", "0.800", "0.850", "12"], ["Billing", "0.800", "0.800", "0.800", "13"]]
    assert {name: label.text() for name, label in dialog.metrics.items()} == {
        "loss": "0.310",
        "accuracy": "0.910",
        "macro_f1": "0.900",
        "auc": "0.980",
    }
    assert_named((view.file.evaluation_button,))
    assert dialog.labels.accessibleName()
    dialog.accept()
    qtbot.waitUntil(lambda: not view.window().findChildren(ReportDialog))
