"""A choice that is as wide as its longest entry."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QComboBox, QWidget


class FittingBox(QComboBox):
    """Asks for the width of its longest entry, also after its entries became others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def minimumSizeHint(self) -> QSize:
        """Return the size hint: Qt's own minimum is for ever that of the first entries."""
        return self.sizeHint()
