"""The field that one types into."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

LONGEST = 100_000
"""Characters that are taken from what is pasted; far more than any model reads."""


class TextField(QPlainTextEdit):
    """Plain text over several lines; the tab key leaves it."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Type or paste a text here, or click an example")
        self.setAccessibleName("Your text")
        self.setToolTip("What the model shall classify; line breaks are part of the text")
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 6 + 24)
        self.textChanged.connect(self._on_text_changed)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste as plain text, at most ``LONGEST`` characters of it."""
        if source.hasText():
            self.insertPlainText(source.text()[:LONGEST])

    def _on_text_changed(self) -> None:
        self.changed.emit(self.toPlainText())
