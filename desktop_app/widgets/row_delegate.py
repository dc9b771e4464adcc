"""Draws the rows of the sidebar: icon, title, a line below it, and a mark at the right that is a sign and a text."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_app.theme import Theme

Index = QModelIndex | QPersistentModelIndex


class RowRole(IntEnum):
    """What a row is made of; the title is the display role."""

    ICON = Qt.ItemDataRole.UserRole + 1
    SUBTITLE = Qt.ItemDataRole.UserRole + 2
    MARK_ICON = Qt.ItemDataRole.UserRole + 3
    MARK_TEXT = Qt.ItemDataRole.UserRole + 4
    MARK_COLOR = Qt.ItemDataRole.UserRole + 5


SIGN = 16
MARGIN = 10


class RowDelegate(QStyledItemDelegate):
    """Colours come from the theme by name, so a row follows the look."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the row's size: one line, or two with a subtitle."""
        height = QFontMetrics(option.font).height()
        lines = 2 if index.data(RowRole.SUBTITLE) else 1
        return QSize(120, max(36, lines * height + 16))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = option.rect.adjusted(0, 1, 0, -1)
        self._draw_background(painter, area, option.state)
        inside = area.adjusted(MARGIN, 0, -MARGIN, 0)
        icon = index.data(RowRole.ICON)
        if icon:
            role = "accent" if option.state & QStyle.StateFlag.State_Selected else "muted"
            place = QRect(inside.left(), inside.center().y() - SIGN // 2 + 1, SIGN, SIGN)
            self._theme.icon(icon, role).paint(painter, place)
            inside.setLeft(inside.left() + SIGN + MARGIN)
        inside.setRight(self._draw_mark(painter, inside, option.font, index))
        self._draw_words(painter, inside, option.font, index)
        painter.restore()

    def _draw_background(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent_soft" if selected else "hover"))
            painter.drawRoundedRect(area, 6, 6)
        if selected:
            painter.setBrush(self._theme.color("accent"))
            painter.drawRoundedRect(QRect(area.left(), area.top() + 7, 3, area.height() - 14), 1.5, 1.5)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), 1.5))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)

    def _draw_mark(self, painter: QPainter, inside: QRect, font: QFont, index: Index) -> int:
        """Draw the mark; return where the words have to end."""
        right, role = inside.right(), index.data(RowRole.MARK_COLOR) or "muted"
        text, icon = index.data(RowRole.MARK_TEXT) or "", index.data(RowRole.MARK_ICON)
        if text:
            width = QFontMetrics(font).horizontalAdvance(text)
            painter.setFont(font)
            painter.setPen(self._theme.color(role))
            place = QRect(right - width, inside.top(), width + 1, inside.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
            right -= width + 4
        if icon:
            place = QRect(right - SIGN, inside.center().y() - SIGN // 2 + 1, SIGN, SIGN)
            self._theme.icon(icon, role).paint(painter, place)
            right -= SIGN + 4
        return right - 4

    def _draw_words(self, painter: QPainter, inside: QRect, font: QFont, index: Index) -> None:
        title, subtitle = index.data() or "", index.data(RowRole.SUBTITLE) or ""
        metrics = QFontMetrics(font)
        top = inside.center().y() + 1 - (metrics.height() * (2 if subtitle else 1)) // 2
        painter.setFont(font)
        for text, role in ((title, "text"), (subtitle, "muted")):
            if text:
                painter.setPen(self._theme.color(role))
                elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, inside.width())
                place = QRect(inside.left(), top, inside.width(), metrics.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, elided)
            top += metrics.height()
