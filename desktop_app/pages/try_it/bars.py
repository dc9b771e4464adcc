"""Bars: a label, how far it goes, and a text behind it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.pages.try_it.words import Bar
from desktop_app.theme import Theme

ROW_GAP = 10
LABEL_GAP = 14
LARGEST_LABEL_SHARE = 0.45
"""How much of the width labels may take before they are shortened."""


class AnswerBars(QWidget):
    """Draws what an answer was chosen from; the text beside each bar says the same as its length."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What the answer was chosen from")
        theme.changed.connect(self.update)

    @property
    def texts(self) -> list[str]:
        """What is written: one line a bar."""
        return [f"{bar.label} {bar.text}" for bar in self._bars]

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show these, from top to bottom."""
        grown = len(bars) != len(self._bars)
        self._bars = tuple(bars)
        self.setAccessibleDescription(", ".join(self.texts))
        self.setToolTip("\n".join(self.texts))
        if grown:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of all rows."""
        return QSize(260, len(self._bars) * self._row_height)

    def minimumSizeHint(self) -> QSize:
        """Return the height of all rows at a small width."""
        return QSize(160, self.sizeHint().height())

    @property
    def _row_height(self) -> int:
        return self.fontMetrics().height() + ROW_GAP

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw all rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(bar.label) for bar in self._bars), default=0)
        left = min(widest, int(self.width() * LARGEST_LABEL_SHARE)) + LABEL_GAP
        right = metrics.horizontalAdvance("<99.9 % ")
        for place, bar in enumerate(self._bars):
            row = QRectF(0, place * self._row_height, self.width(), self._row_height)
            self._paint_row(painter, row, bar, left, right)

    def _paint_row(self, painter: QPainter, row: QRectF, bar: Bar, left: int, right: int) -> None:
        theme, middle = self._theme, Qt.AlignmentFlag.AlignVCenter
        label = self.fontMetrics().elidedText(bar.label, Qt.TextElideMode.ElideRight, left - LABEL_GAP + 2)
        painter.setPen(theme.color("text"))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | middle, label)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | middle, bar.text)
        track = QRectF(row.left() + left, row.center().y() - 5, row.width() - left - right - 8, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(track, 5, 5)
        filled = QRectF(track)
        filled.setWidth(max(track.height(), track.width() * bar.share) if bar.share >= 0.0005 else 0)
        painter.setBrush(theme.color("accent" if bar.strong else "line_strong"))
        painter.drawRoundedRect(filled, 5, 5)
        if bar.mark is not None:
            place = track.left() + track.width() * bar.mark
            painter.setBrush(theme.color("text"))
            painter.drawRect(QRectF(place - 1, track.top() - 3, 2, track.height() + 6))
