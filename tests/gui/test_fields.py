"""Whatever is typed or pasted into a field of a page, the project stays one that can be read, and nothing breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.background.trainer import Trainer
from desktop_app.pages import data, layers, model, stages, train, try_it
from desktop_app.pages.base import Page
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace
from trainer_core.project.load import parse_project
from trainer_core.project.save import format_project

MEGABYTE = "a long story, " * 75_000
NONSENSE = [
    MEGABYTE,
    "-1",
    "-999999999999999999999",
    "1e999",
    "nan",
    "12 bananas",
    "5 %%",
    "٣٤",
    "0x1F",
    "../../../etc/passwd",
    "a\nb\tc\0d",
    "\u202egnirts",
    "👍🏽" * 50,
    "' or 1=1 --",
    "<b onclick=x>&amp;",
    "",
]
PAGES: dict[str, Callable[[Workspace, Trainer], Page]] = {
    "data": lambda workspace, _: data.build_page(workspace, Theme()),
    "model": lambda workspace, _: model.build_page(workspace, Theme()),
    "layers": lambda workspace, _: layers.build_page(workspace, Theme()),
    "stages": lambda workspace, _: stages.build_page(workspace, Theme()),
    "train": lambda workspace, trainer: train.build_page(workspace, Theme(), trainer),
    "try_it": lambda workspace, _: try_it.build_page(workspace, Theme()),
}


def _fields(view: QWidget) -> list[QWidget]:
    kinds = (QLineEdit, QPlainTextEdit, QTextEdit)
    found = [field for kind in kinds for field in view.findChildren(kind) if not field.isReadOnly()]
    return [field for field in found if field.isEnabled()]


def _paste(qtbot: QtBot, field: QWidget, text: str) -> None:
    """Put a text in place of what a field holds, as the clipboard does, and leave the field."""
    if isinstance(field, QLineEdit):
        field.selectAll()
        field.insert(text)
        box = field.parentWidget()
        if isinstance(box, QAbstractSpinBox):
            box.interpretText()
        if not isinstance(box, QComboBox):
            qtbot.keyClick(field, Qt.Key.Key_Return)
        field.editingFinished.emit()
    elif isinstance(field, QPlainTextEdit | QTextEdit):
        field.selectAll()
        field.insertPlainText(text)


@pytest.mark.parametrize("name", PAGES)
def test_no_field_takes_what_a_project_may_not_hold(
    qtbot: QtBot, ready: Workspace, trainer: Trainer, idle: Callable[[], None], name: str
) -> None:
    page = PAGES[name](ready, trainer)
    qtbot.addWidget(page.view)
    page.view.resize(1000, 900)
    page.view.show()
    idle()
    for place in range(len(_fields(page.view))):
        for text in NONSENSE:
            fields = _fields(page.view)
            if place < len(fields):
                _paste(qtbot, fields[place], text)
            assert ready.project is not None
            assert parse_project(format_project(ready.project), "any.thaw") == ready.project
    idle()
