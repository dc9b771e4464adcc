"""A text that somebody or a model wrote: as tall as it needs to be, wrapped wherever it must be, never marked up."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QTextBlockFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from desktop_app.widgets.basics import set_kind

LONGEST_LINE = 400
"""Letters after which a line is wide enough in any case."""
LINE_HEIGHT = 125
"""In percent of a line's own height."""


class MessageText(QTextEdit):
    """A text that is as tall as it needs to be; can be selected and copied, not changed."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        set_kind(self, "marked")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(0)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.viewport().setAutoFillBackground(False)

    @property
    def text(self) -> str:
        """What stands here."""
        return self.toPlainText()

    def show_text(self, text: str) -> None:
        """Show another text; where it goes on with this one, a selection stays."""
        shown = self.text
        if not shown or not text.startswith(shown):
            self.clear()
            shown = ""
        self._end().insertText(text[len(shown) :])
        self._fit()

    def grow(self, piece: str) -> None:
        """Append what was written on; a selection stays."""
        end = self._end()
        end.insertText(piece if end.position() else piece.lstrip())
        self._fit()

    def natural_width(self) -> int:
        """Return the width at which no line is broken; for a long one, more than there is."""
        metrics = self.fontMetrics()
        return max((metrics.horizontalAdvance(line[:LONGEST_LINE]) for line in self.text.splitlines()), default=0) + 4

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Be as tall as the text needs at this width."""
        super().resizeEvent(event)
        self._fit()

    def _end(self) -> QTextCursor:
        """Return a cursor at the end, where lines have air between them."""
        cursor, airy = QTextCursor(self.document()), QTextBlockFormat()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        airy.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(airy)
        return cursor

    def _fit(self) -> None:
        height = math.ceil(self.document().size().height())
        if height != self.height():
            self.setFixedHeight(height)
