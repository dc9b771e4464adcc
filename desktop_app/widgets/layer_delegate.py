"""How the cells of the layer tree look: boxes, marks, and bars. No colour alone carries meaning."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_app.adapters.layer_leaves import LayerState
from desktop_app.adapters.layer_model import ADAPTERS_ROLE, SHARE_ROLE, STATE_ROLE, Column
from desktop_app.theme import Theme

ADAPTER_ICON, ADAPTER_COLOR = "mdi6.puzzle", "series_3"
MARKS = {
    LayerState.LEARNING: ("mdi6.fire", "warm"),
    LayerState.FROZEN: ("mdi6.snowflake", "frozen"),
    LayerState.PARTLY: ("mdi6.snowflake-melt", "muted"),
    LayerState.ADAPTED: (ADAPTER_ICON, ADAPTER_COLOR),
}
BAR_HEIGHT = 3
ROW_AIR = 8
BOX_RADIUS = 4.0
"""As round as the style sheet makes boxes."""

Index = QModelIndex | QPersistentModelIndex


class LayerDelegate(QStyledItemDelegate):
    """Adds the mark of what learns, a box of its own and a badge where adapters do, and a bar for the share."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = {state: theme.icon(name, role) for state, (name, role) in MARKS.items()}
        self._in_box = theme.icon(ADAPTER_ICON, "panel")

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Put a snow flake or a flame before the word; a badge is painted instead of both."""
        super().initStyleOption(option, index)
        if index.column() != Column.LEARNS:
            return
        state = index.data(STATE_ROLE)
        if state is LayerState.ADAPTED:
            option.text = ""
            return
        option.icon = self._icons[state]
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
        side = option.fontMetrics.height()
        option.decorationSize = QSize(side, side)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a cell with some air."""
        return super().sizeHint(option, index) + QSize(ROW_AIR, ROW_AIR // 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the cell, and what is special to its column."""
        super().paint(painter, option, index)
        adapted = index.data(STATE_ROLE) is LayerState.ADAPTED
        if index.column() == Column.SHARE:
            self._paint_bar(painter, option.rect, index.data(SHARE_ROLE))
        elif index.column() == Column.NAME and adapted:
            self._paint_box(painter, option, index)
        elif index.column() == Column.LEARNS and adapted:
            self._paint_badge(painter, option, index)
        elif index.column() == Column.LEARNS and index.data(ADAPTERS_ROLE):
            self._paint_beside(painter, option, str(index.data()))

    def _paint_bar(self, painter: QPainter, cell: QRect, share: float) -> None:
        track = QRect(cell.left() + 6, cell.bottom() - BAR_HEIGHT, cell.width() - 12, BAR_HEIGHT)
        filled = QRect(track)
        filled.setWidth(round(track.width() * share))
        painter.fillRect(track, self._theme.color("line"))
        painter.fillRect(filled, self._theme.color("accent"))

    def _paint_box(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint over the box: it is neither ticked nor empty."""
        filled = QStyleOptionViewItem(option)
        self.initStyleOption(filled, index)
        style = option.widget.style() if option.widget else QApplication.style()
        box = style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, filled, option.widget)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(ADAPTER_COLOR))
        painter.drawRoundedRect(QRectF(box), BOX_RADIUS, BOX_RADIUS)
        self._in_box.paint(painter, box.adjusted(2, 2, -2, -2))
        painter.restore()

    def _paint_badge(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        side = option.fontMetrics.height()
        word = str(index.data())
        width = side + option.fontMetrics.horizontalAdvance(word) + 2 * ROW_AIR
        badge = QRect(option.rect.left() + 1, option.rect.top() + 2, width, option.rect.height() - 4)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color(ADAPTER_COLOR), 1.0))
        painter.setBrush(self._theme.color("panel"))
        painter.drawRoundedRect(QRectF(badge).adjusted(0.5, 0.5, -0.5, -0.5), badge.height() / 2, badge.height() / 2)
        icon = QRect(badge.left() + ROW_AIR - 2, badge.top() + (badge.height() - side) // 2, side, side)
        self._icons[LayerState.ADAPTED].paint(painter, icon.adjusted(1, 1, -1, -1))
        painter.setFont(option.font)
        words = badge.adjusted(icon.right() - badge.left() + 4, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, word)
        painter.restore()

    def _paint_beside(self, painter: QPainter, option: QStyleOptionViewItem, word: str) -> None:
        """Paint behind the word that adapters learn too."""
        side = option.fontMetrics.height()
        left = option.rect.left() + side + option.fontMetrics.horizontalAdvance(word) + 2 * ROW_AIR
        top = option.rect.top() + (option.rect.height() - side) // 2
        icon = QRect(left, top, side, side).adjusted(1, 1, -1, -1)
        self._icons[LayerState.ADAPTED].paint(painter, icon)
