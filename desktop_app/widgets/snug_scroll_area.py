"""A scroll area that wants no more height than its content has, so that what stands below it comes close."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

LEAST_HEIGHT = 40


class SnugScrollArea(QScrollArea):
    """Scrolls up and down only: it is never narrower than its content."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        self._whole = False
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        content.installEventFilter(self)

    def show_whole(self, whole: bool) -> None:
        """Take all the height that the content has, inside another area that scrolls; or no more than there is."""
        self._whole = whole
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the height that the content has at the present width."""
        layout = self._content.layout()
        if layout is not None and layout.hasHeightForWidth():
            height = layout.totalHeightForWidth(self.viewport().width())
        else:
            height = self._content.sizeHint().height()
        return QSize(super().sizeHint().width(), max(height, LEAST_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        """Return the width of the content and room for a few lines."""
        bar = self.verticalScrollBar().sizeHint().width()
        height = self.sizeHint().height() if self._whole else LEAST_HEIGHT
        return QSize(self._content.minimumSizeHint().width() + bar, height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for another height when the width is another."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another size when the content changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
