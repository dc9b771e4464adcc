"""The starter models as a Qt table that can be sorted and searched."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from trainer_core.models.facts import StarterModel

Index = QModelIndex | QPersistentModelIndex

HEADINGS = ("Name", "Size", "Family", "Languages", "Licence", "Good for")
TOOLTIPS = (
    "What the model is called",
    "Its parameters, the numbers it learned: more know more, but need more memory and time",
    "How it is built",
    "The languages it was pretrained on; others work badly",
    "What its makers allow",
    "What it does well",
)
SIZE = HEADINGS.index("Size")
SORT_ROLE = Qt.ItemDataRole.UserRole + 1
SOURCE_ROLE = Qt.ItemDataRole.UserRole + 2


class StartersModel(QAbstractTableModel):
    """One row a starter model; the one that the project uses is marked and heavier."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models: list[StarterModel] = []
        self._source = ""

    def show_models(self, models: Sequence[StarterModel]) -> None:
        """Show these models."""
        self.beginResetModel()
        self._models = list(models)
        self.endResetModel()

    def mark(self, source: str) -> None:
        """Mark the model in use."""
        if source != self._source:
            self._source = source
            if self._models:
                last = self.index(len(self._models) - 1, len(HEADINGS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)

    def row_of(self, source: str) -> int:
        """Return the row of a model by its source, -1 where it is none of these."""
        return next((row for row, model in enumerate(self._models) if model.source == source), -1)

    def model_of(self, source: str) -> StarterModel | None:
        """Return a model by its source, None where it is none of these."""
        return next((model for model in self._models if model.source == source), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of models."""
        return 0 if parent.isValid() else len(self._models)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADINGS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell, its sort value, or the source of its model."""
        if not index.isValid():
            return None
        model = self._models[index.row()]
        if role == SOURCE_ROLE:
            return model.source
        if role == SORT_ROLE and index.column() == SIZE:
            return model.parameters
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, SORT_ROLE):
            return self._words(model, index.column())
        if role == Qt.ItemDataRole.FontRole and model.source == self._source:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Return the heading of a column, or what it tells."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(HEADINGS):
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return TOOLTIPS[section]
        return HEADINGS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def _words(self, model: StarterModel, column: int) -> str:
        in_use = "✓ " if model.source == self._source else ""
        return (
            in_use + model.name,
            count_words(model.parameters),
            model.family,
            ", ".join(model.languages),
            model.licence,
            model.good_for,
        )[column]


def count_words(count: int) -> str:
    """Return a number of parameters in words, e.g. ``22.7 million``."""
    for size, word in ((1_000_000_000, "billion"), (1_000_000, "million")):
        if count >= size:
            return f"{count / size:.3g} {word}"
    return f"{count:,}"
