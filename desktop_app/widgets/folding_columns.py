"""Columns side by side, the last of which moves into the first where there is no room for all."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSplitter, QWidget

from desktop_app.widgets.kit import GAP


class FoldingColumns(QSplitter):
    """A splitter that is as narrow as it can be without its last column.

    Args:
        columns: The widgets from left to right.
        sizes: Their widths to begin with, and whenever the last column comes back.
        stretch: How they share the room that is gained.
        home: The layout within the first column that takes the last one in.
        place: Where in that layout.
        letters: Below so many letters of width the last column moves; sooner where the columns need more.
    """

    folded = Signal(bool)
    """The last column moved into the first (True), or came back (False)."""

    def __init__(
        self,
        columns: Sequence[QWidget],
        *,
        sizes: Sequence[int],
        stretch: Sequence[int],
        home: QBoxLayout,
        place: int,
        letters: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._kept, self._last = list(columns[:-1]), columns[-1]
        self._sizes, self._home, self._place, self._letters = list(sizes), home, place, letters
        self.setChildrenCollapsible(False)
        self.setHandleWidth(2 * GAP)
        for number, column in enumerate(columns):
            self.addWidget(column)
            self.setStretchFactor(number, stretch[number])
        self.setSizes(self._sizes)

    def is_folded(self) -> bool:
        """Tell whether the last column is within the first."""
        return self.indexOf(self._last) < 0

    def minimumSizeHint(self) -> QSize:
        """Return the size that the columns need without the last: were it with it, this could never get narrow."""
        return QSize(self._width_of(self._kept), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold or unfold by the new width."""
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """Fold or unfold when a column needs another width."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return done

    def _arrange(self) -> None:
        room = max(self._letters * self.fontMetrics().averageCharWidth(), self._width_of([*self._kept, self._last]))
        if self.width() < room and not self.is_folded():
            self._home.insertWidget(self._place, self._last)
            self.folded.emit(True)
        elif self.width() >= room and self.is_folded():
            self._home.removeWidget(self._last)
            self.addWidget(self._last)
            self.setSizes(self._sizes)
            self.folded.emit(False)

    def _width_of(self, columns: Sequence[QWidget]) -> int:
        needed = [max(column.minimumSizeHint().width(), column.minimumWidth()) for column in columns]
        return sum(needed) + self.handleWidth() * (len(needed) - 1)
