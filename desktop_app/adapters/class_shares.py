"""How many rows of a split there are of each class, or of each band of numbers, as a Qt list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex

LABEL_ROLE = Qt.ItemDataRole.UserRole + 1
NUMBERS_ROLE = Qt.ItemDataRole.UserRole + 2
LENGTH_ROLE = Qt.ItemDataRole.UserRole + 3


class ClassSharesModel(QAbstractListModel):
    """One row a class: its label, its count and share in words, and the length of its bar from 0 to 1."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._classes: list[tuple[str, int]] = []
        self._longest = self._total = 0

    def show_classes(self, classes: Mapping[str, int], rows: int) -> None:
        """Show these classes with their counts, in their order; a row can have several of them."""
        self.beginResetModel()
        self._classes = list(classes.items())
        self._longest = max(classes.values(), default=0)
        self._total = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of classes."""
        return 0 if parent.isValid() else len(self._classes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the label, the numbers in words, the length of the bar, or all of it as one line."""
        if not index.isValid():
            return None
        label, count = self._classes[index.row()]
        if role == LABEL_ROLE:
            return label
        if role == NUMBERS_ROLE:
            return self._numbers(count)
        if role == LENGTH_ROLE:
            return count / max(1, self._longest)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{label}: {self._numbers(count)}"
        return None

    def _numbers(self, count: int) -> str:
        return f"{count:,} · {percent(count / max(1, self._total))}"


def percent(share: float) -> str:
    """Return a share in per cent, with one digit after the point below ten."""
    hundred = 100 * share
    return f"{hundred:.1f} %" if 0 < hundred < 9.95 else f"{hundred:.0f} %"
