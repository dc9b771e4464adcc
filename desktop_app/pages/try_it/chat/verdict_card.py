"""The card beside the chat that counts verdicts. Decides nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from desktop_app.pages.try_it.chat.verdict_words import ROWS, Standing
from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.kit import GAP, Card, Notice, heading, muted, plain_button

RATE = "win rate of your model; alike counts half"


class VerdictCard(Card):
    """The win rate in large type, a small table, how sure that is, and whether it could be kept."""

    all_back_wished = Signal()
    keeping_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Your verdicts", parent)
        self.rate = heading("", 1.6)
        self.sure = muted()
        self.sure.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.error = Notice()
        self.again_button = plain_button("Try a&gain", "mdi6.refresh")
        self.again_button.setToolTip("Goes to the run's folder again, once what hindered it is mended")
        self.back_button = plain_button("Take &all back...", "mdi6.undo")
        self.back_button.setToolTip("Forgets every verdict on this run, here and in its folder; asks you first")
        self._table = QWidget()
        self._cells = [[QLabel(), QLabel(), QLabel()] for _ in ROWS]
        self._lay_out()
        self.back_button.clicked.connect(self.all_back_wished)
        self.again_button.clicked.connect(self.keeping_wished)
        self.show_standing(None)
        self.show_error(None)

    @property
    def rows(self) -> list[list[str]]:
        """What stands in the table."""
        return [[cell.text() for cell in row] for row in self._cells]

    def show_standing(self, standing: Standing | None) -> None:
        """Show how the count stands, or nothing at all."""
        self.setVisible(standing is not None)
        if standing is None:
            return
        self.rate.setText(standing.rate)
        self.sure.setText(standing.sure)
        for cells, row in zip(self._cells, standing.rows, strict=False):
            for cell, text in zip(cells, (row.title, row.count, row.share), strict=True):
                cell.setText(text)
        for part in (self._head, self._table, self.back_button):
            part.setVisible(bool(standing.rate))
        said = [", ".join((row.title, row.count, row.share)) for row in standing.rows]
        self._table.setAccessibleDescription("; ".join(said))

    def show_error(self, error: Exception | None) -> None:
        """Show why the verdicts could not be kept or read, or nothing."""
        self.again_button.setVisible(error is not None)
        if error is None:
            self.error.clear()
        else:
            self.error.show_error(error)

    def _lay_out(self) -> None:
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(GAP + GAP // 2)
        head.addWidget(self.rate)
        head.addWidget(muted(RATE), 1)
        self._table.setAccessibleName("Verdicts, how often, and their share")
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(GAP // 2)
        grid.setColumnStretch(0, 1)
        for row, cells in enumerate(self._cells):
            for column, cell in enumerate(cells):
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                grid.addWidget(cell, row, column, side)
        buttons = FlowLayout(spacing=GAP, row_spacing=GAP)
        buttons.addWidget(self.again_button)
        buttons.addWidget(self.back_button)
        for widget in (self._head, self._table, self.sure, self.error):
            self.body.addWidget(widget)
        self.body.addLayout(buttons)
