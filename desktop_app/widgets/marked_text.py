"""A text in which stretches stand out, each kind in a colour of its own, with its name behind it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from desktop_app.marked import MarkedText
from desktop_app.theme import Theme
from desktop_app.widgets.kit import set_kind

SERIES = 6
SOFT = 60
"""How far the colour of a mark covers what lies below, of 255."""
MOST_LINES = 14
SMALL = 0.8
LINE_HEIGHT = 135
"""In percent of a line's own height."""


class MarkedTextView(QTextEdit):
    """Shows what was read and what was found in it; can be selected and copied, not changed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._marked: MarkedText | None = None
        self.setReadOnly(True)
        set_kind(self, "marked")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(0)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What was found in the text")
        self.viewport().setAutoFillBackground(False)
        theme.changed.connect(self._draw)

    def show_marked(self, marked: MarkedText | None) -> None:
        """Show a text with its marks, or nothing."""
        self._marked = marked
        self._draw()

    def resizeEvent(self, event: object) -> None:
        """Be as tall as the text needs at this width."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _fit(self) -> None:
        line = self.fontMetrics().lineSpacing()
        around = self.height() - self.viewport().height()
        needed = int(self.document().size().height()) + around + 2
        self.setFixedHeight(min(max(line, needed), MOST_LINES * line))

    def _draw(self) -> None:
        self.clear()
        if self._marked is None:
            return
        marked, cursor, place = self._marked, self.textCursor(), 0
        airy = QTextBlockFormat()
        airy.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(airy)
        for mark in marked.marks:
            self._insert(cursor, marked.text[place : mark.start], QTextCharFormat())
            color = self._color(marked.labels.index(mark.label))
            self._insert(cursor, marked.text[mark.start : mark.end], self._format(color))
            if mark.label:
                self._insert(cursor, f"\u00a0{mark.label}", self._small(color))
            place = mark.end
        self._insert(cursor, marked.text[place:], QTextCharFormat())
        self._fit()

    def _insert(self, cursor: QTextCursor, text: str, look: QTextCharFormat) -> None:
        if not look.hasProperty(QTextCharFormat.Property.ForegroundBrush):
            look.setForeground(self._theme.color("text"))
        cursor.insertText(text, look)

    def _color(self, place: int) -> QColor:
        return self._theme.color(f"series_{place % SERIES + 1}")

    def _format(self, color: QColor) -> QTextCharFormat:
        look, soft = QTextCharFormat(), QColor(color)
        soft.setAlpha(SOFT)
        look.setBackground(soft)
        return look

    def _small(self, color: QColor) -> QTextCharFormat:
        look = self._format(color)
        look.setForeground(color)
        look.setFontPointSize(self.font().pointSizeF() * SMALL)
        look.setFontWeight(QFont.Weight.DemiBold)
        return look
