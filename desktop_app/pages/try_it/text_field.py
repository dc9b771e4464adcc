"""The fields that one types into: one for each text that a model reads."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_app.widgets.kit import GAP
from trainer_core.data.roles import Fields

LONGEST = 100_000
"""Characters that are taken from what is pasted; far more than any model reads."""
LINES_ALONE = 6
LINES_TOGETHER = 4


class TextField(QPlainTextEdit):
    """Plain text over several lines; the tab key leaves it."""

    def __init__(self, title: str = "Your text", lines: int = LINES_ALONE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Type or paste a text here, or click an example")
        self.setAccessibleName(title)
        self.setToolTip("What the model shall answer; line breaks are part of the text")
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * lines + 24)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste as plain text, at most ``LONGEST`` characters of it."""
        if source.hasText():
            self.insertPlainText(source.text()[:LONGEST])


class TextFields(QWidget):
    """One field, or several under each other with a title over each."""

    changed = Signal(object)
    """The texts of all fields."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._titles: tuple[str, ...] = ()
        self.fields: list[TextField] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP // 2)
        self.show_fields(("Your text",))

    @property
    def texts(self) -> Fields:
        """What stands in the fields."""
        return tuple(field.toPlainText() for field in self.fields)

    def show_fields(self, titles: Sequence[str]) -> None:
        """Show a field for each; what was typed into the first ones stays."""
        if tuple(titles) == self._titles:
            return
        typed = self.texts
        self._titles = tuple(titles)
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.fields = []
        for title in titles:
            self._add(title, labelled=len(titles) > 1)
        self.set_texts(typed)

    def set_texts(self, texts: Sequence[str]) -> None:
        """Put texts into the fields, as far as there are any, and tell it once."""
        for field, text in zip(self.fields, texts, strict=False):
            field.blockSignals(True)
            field.setPlainText(text)
            field.blockSignals(False)
        self._on_text_changed()

    def _add(self, title: str, *, labelled: bool) -> None:
        field = TextField(title, LINES_TOGETHER if labelled else LINES_ALONE)
        if labelled:
            label = QLabel(title)
            label.setBuddy(field)
            if self.fields:
                self._column.addSpacing(GAP)
            self._column.addWidget(label)
        self._column.addWidget(field)
        self.fields.append(field)
        field.textChanged.connect(self._on_text_changed)

    def _on_text_changed(self) -> None:
        self.changed.emit(self.texts)
