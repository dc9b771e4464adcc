"""The box that tells how a model does on a file with the right answers: its metrics, and those of each label."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop_app.run_words import metric_hint, metric_words, score_words
from desktop_app.widgets.kit import GAP, heading, muted, primary_button, strong
from trainer_core.inference.prediction import EvaluationReport

WIDTH, HEIGHT = 560, 520
COUNT = "count"


class ReportDialog(QDialog):
    """Shows an evaluation; modal to its window."""

    def __init__(self, name: str, report: EvaluationReport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Measured")
        self.resize(WIDTH, HEIGHT if report.by_label else HEIGHT // 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GAP, 3 * GAP, 3 * GAP, 2 * GAP)
        layout.setSpacing(2 * GAP)
        layout.addWidget(heading(f"How the model does on {name}"))
        layout.addWidget(muted(f"{report.rows:,} rows with the right answers"))
        layout.addLayout(self._in_all(report))
        self.labels = self._by_label(report)
        self.labels.setVisible(bool(report.by_label))
        layout.addWidget(self.labels, 1)
        layout.addStretch(0)
        close = primary_button("C&lose")
        close.setToolTip("Closes this box")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        close.setFocus()

    def _in_all(self, report: EvaluationReport) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * GAP)
        grid.setVerticalSpacing(GAP // 2)
        grid.setColumnStretch(2, 1)
        self.metrics: dict[str, QLabel] = {}
        for row, (name, value) in enumerate(report.metrics.items()):
            title, self.metrics[name] = muted(metric_words(name)), strong(score_words(value))
            title.setToolTip(metric_hint(name))
            title.setWordWrap(False)
            grid.addWidget(title, row, 0)
            grid.addWidget(self.metrics[name], row, 1, Qt.AlignmentFlag.AlignRight)
        return grid

    def _by_label(self, report: EvaluationReport) -> QTableWidget:
        names = list(next(iter(report.by_label.values()), {}))
        rows = [
            [label, *(f"{values[name]:,.0f}" if name == COUNT else score_words(values[name]) for name in names)]
            for label, values in report.by_label.items()
        ]
        headings = ["Rows" if name == COUNT else metric_words(name).capitalize() for name in names]
        table = _table(["Label", *headings], rows)
        table.setAccessibleName("Metrics of each label")
        return table


def _table(headings: list[str], rows: list[list[str]]) -> QTableWidget:
    table = QTableWidget(len(rows), len(headings))
    table.setHorizontalHeaderLabels(headings)
    table.verticalHeader().hide()
    if (first := table.horizontalHeaderItem(0)) is not None:
        first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            item = QTableWidgetItem(cell)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, column, item)
    return table
