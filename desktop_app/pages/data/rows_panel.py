"""All training rows, to scroll through, and the whole of the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPlainTextEdit, QTableView, QWidget

from desktop_app.adapters.rows_model import Heading, Row, RowsModel
from desktop_app.marked import MarkedText
from desktop_app.theme import Theme
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import Card, muted, set_kind
from desktop_app.widgets.marked_text import MarkedTextView

TALLEST_TEXT = 5
"""Lines of a chosen text that are shown without scrolling."""

SHORT_LETTERS = 15
"""How many letters of a cell that is no long text are shown at first."""


class RowsPanel(Card):
    """A card with the rows."""

    row_chosen = Signal(tuple)
    """The user chose a row to read: its cells."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
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
        self.counted = muted()
        self.reading = MarkedTextView(theme)
        self.reading.setAccessibleName("The row as the model reads it")
        self.body.addWidget(self.counted)
        self.body.addWidget(self.reading)
        self.label.hide()
        self.show_reading(None, "")
        self._rows: RowsModel | None = None

    def set_rows(self, rows: RowsModel) -> None:
        """Show this table of rows from now on."""
        self._rows = rows
        self.table.setModel(rows)
        self._size_columns()
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        rows.dataChanged.connect(self._on_rows_came)
        rows.modelReset.connect(self._on_rows_replaced)

    def show_count(self, shown: int, total: int) -> None:
        """Tell how many rows there are."""
        words = f"{total:,} rows" if total != 1 else "1 row"
        self.count.setText("" if not total else words if shown == total else f"the first {shown:,} of {words}")

    def show_reading(self, marked: MarkedText | None, counted: str) -> None:
        """Show how the model reads the chosen row, in place of its cells, and how much of it counts; or nothing."""
        self.reading.show_marked(marked)
        self.counted.setText(counted)
        self.text.setVisible(marked is None)
        for widget in (self.reading, self.counted):
            widget.setVisible(marked is not None)

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
        self.show_reading(None, "")
        if row is None:
            self.text.clear()
        else:
            self.row_chosen.emit(tuple(row))
            short, long = _parts(self._rows.headings if self._rows else (), row)
            self.label.set_whole_text(short)
            self.text.setPlainText(long)

    def _on_rows_came(self, first: QModelIndex, last: QModelIndex) -> None:
        current = self.table.currentIndex()
        if current.isValid() and first.row() <= current.row() <= last.row():
            self._on_current_changed(current, current)

    def _size_columns(self) -> None:
        """Share the width among the long texts; what is short gets as much as it needs."""
        header = self.table.horizontalHeader()
        for place, heading in enumerate(self._rows.headings if self._rows else ()):
            mode = QHeaderView.ResizeMode.Stretch if heading.wide else QHeaderView.ResizeMode.Interactive
            header.setSectionResizeMode(place, mode)
            if not heading.wide:
                header.resizeSection(place, self.fontMetrics().averageCharWidth() * SHORT_LETTERS)

    def _on_rows_replaced(self) -> None:
        self._size_columns()
        self._on_current_changed(QModelIndex(), QModelIndex())


def _parts(headings: Sequence[Heading], row: Row) -> tuple[str, str]:
    """Return the short cells of a row on one line, and its long texts, each under its heading where it has several."""
    cells = list(zip(headings, row, strict=True))
    short = " · ".join(cell for heading, cell in cells if not heading.wide)
    long = [(heading.title, cell) for heading, cell in cells if heading.wide]
    if len(long) == 1:
        return short, long[0][1]
    return short, "\n\n".join(f"{title}: {text}" for title, text in long)
