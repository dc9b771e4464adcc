"""Paints one class: its label and numbers on a line, and below it a bar."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_app.adapters.class_shares import LABEL_ROLE, LENGTH_ROLE, NUMBERS_ROLE
from desktop_app.theme import Theme

BAR = 5
GAP = 4


class ShareDelegate(QStyledItemDelegate):
    """Draws rows of a ``ClassSharesModel``."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return room for a line of text and a bar."""
        return QSize(0, option.fontMetrics.height() + BAR + 3 * GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one class."""
        rect: QRect = option.rect.adjusted(GAP, GAP, -GAP, -GAP)
        metrics = option.fontMetrics
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self._theme.color("accent"))
            painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        line = QRect(rect.left(), rect.top(), rect.width(), metrics.height())
        numbers = str(index.data(NUMBERS_ROLE))
        painter.setPen(self._theme.color("muted"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, numbers)
        room = line.adjusted(0, 0, -metrics.horizontalAdvance(numbers) - 12, 0)
        label = metrics.elidedText(str(index.data(LABEL_ROLE)), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(self._theme.color("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)
        self._paint_bar(painter, QRectF(rect.left(), line.bottom() + GAP, rect.width(), BAR), index.data(LENGTH_ROLE))
        painter.restore()

    def _paint_bar(self, painter: QPainter, rect: QRectF, length: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("line"))
        painter.drawRoundedRect(rect, BAR / 2, BAR / 2)
        if length > 0:
            painter.setBrush(self._theme.color("accent"))
            bar = QRectF(rect.left(), rect.top(), max(BAR, rect.width() * length), BAR)
            painter.drawRoundedRect(bar, BAR / 2, BAR / 2)
