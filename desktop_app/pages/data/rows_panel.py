"""All training rows, to scroll through, and the whole of the one that is chosen."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPlainTextEdit, QTableView, QWidget

from desktop_app.adapters.rows_model import RowsModel
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import Card, muted, set_kind

TALLEST_TEXT = 5
"""Lines of a chosen text that are shown without scrolling."""


class RowsPanel(Card):
    """A card with the rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Rows", parent)
        self.count = muted()
        self.count.setWordWrap(False)
        self.add_title_widget(self.count)
        self.table = QTableView()
        self._dress_table()
        self.label = ElidedLabel()
        font = self.label.font()
        font.setBold(True)
        self.label.setFont(font)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("The whole text of the chosen row")
        self.text.setPlaceholderText("Choose a row to read all of it.")
        self.text.setFixedHeight(self.fontMetrics().lineSpacing() * TALLEST_TEXT)
        set_kind(self.text, "details")
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.label)
        self.body.addWidget(self.text)
        self.label.hide()
        self._rows: RowsModel | None = None

    def set_rows(self, rows: RowsModel) -> None:
        """Show this table of rows from now on."""
        self._rows = rows
        self.table.setModel(rows)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(1, self.fontMetrics().averageCharWidth() * 15)
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        rows.dataChanged.connect(self._on_rows_came)
        rows.modelReset.connect(self._on_rows_replaced)

    def show_count(self, shown: int, total: int) -> None:
        """Tell how many rows there are."""
        words = f"{total:,} rows" if total != 1 else "1 row"
        self.count.setText("" if not total else words if shown == total else f"the first {shown:,} of {words}")

    def _dress_table(self) -> None:
        table = self.table
        table.setAccessibleName("Training rows")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setWordWrap(False)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setTabKeyNavigation(False)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        numbers = table.verticalHeader()
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        numbers.setDefaultSectionSize(self.fontMetrics().height() + 12)
        numbers.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        numbers.setHighlightSections(False)
        numbers.setToolTip("The number of the row in the file")

    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        row = self._rows.row_at(current.row()) if self._rows is not None and current.isValid() else None
        self.label.setVisible(row is not None)
        if row is None:
            self.text.clear()
        else:
            self.label.set_whole_text(row[1])
            self.text.setPlainText(row[0])

    def _on_rows_came(self, first: QModelIndex, last: QModelIndex) -> None:
        current = self.table.currentIndex()
        if current.isValid() and first.row() <= current.row() <= last.row():
            self._on_current_changed(current, current)

    def _on_rows_replaced(self) -> None:
        self._on_current_changed(QModelIndex(), QModelIndex())
