"""What the plan will take, before it starts: time, memory and disk of the whole and of the chosen stage."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop_app.adapters.forecast_words import ForecastRow, ForecastWords
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import GAP, Card, muted, set_kind, strong

COLUMNS = (
    ("Time", "If no rule ends a stage early, and nothing is kept from earlier runs"),
    ("Memory", "The most at once, on the device that computes; above what is in use now"),
    ("Disk", "A checkpoint, what is kept of frozen layers, and for the whole plan the finished model"),
)

NAME_LETTERS = 24
"""The width of the column of names, in average letters; a longer name of a stage is cut."""


class ForecastCard(Card):
    """Two rows of three amounts, and how far they can be trusted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Forecast", parent)
        self.plan = _Row()
        self.stage = _Row()
        self.trust = muted()
        self.warning = muted()
        set_kind(self.warning, "text-warning")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(5 * GAP)
        self._grid.setVerticalSpacing(GAP // 2)
        for column, (caption, tip) in enumerate(COLUMNS, start=1):
            label = muted(caption)
            label.setWordWrap(False)
            label.setToolTip(tip)
            self._grid.addWidget(label, 0, column)
        self.plan.add_to(self._grid, 1)
        self.stage.add_to(self._grid, 2)
        self._grid.setColumnMinimumWidth(0, NAME_LETTERS * self.fontMetrics().averageCharWidth())
        self._grid.setColumnStretch(len(COLUMNS) + 1, 1)
        self.body.addLayout(self._grid)
        self.body.addWidget(self.trust)
        self.body.addWidget(self.warning)
        self.show_words(None)

    def show_words(self, words: ForecastWords | None) -> None:
        """Show another forecast; None while there is none, and the card is hidden."""
        self.setVisible(words is not None)
        if words is None:
            return
        self.plan.show_row(words.plan)
        self.stage.show_row(words.stage)
        self.trust.setText(words.trust)
        self.warning.setText(words.warning)
        self.warning.setVisible(bool(words.warning))
        spoken = (self.plan.spoken, self.stage.spoken, words.trust, words.warning)
        self.setAccessibleName("Forecast: " + " ".join(part for part in spoken if part))


class _Row:
    """The labels of one row."""

    def __init__(self) -> None:
        self.name = ElidedLabel()
        self.time, self.memory, self.disk = strong(), strong(), strong()
        self.spoken = ""

    def add_to(self, grid: QGridLayout, row: int) -> None:
        for column, label in enumerate((self.name, self.time, self.memory, self.disk)):
            grid.addWidget(label, row, column)

    def show_row(self, row: ForecastRow) -> None:
        self.name.set_whole_text(row.name)
        for label, text in ((self.time, row.time), (self.memory, row.memory), (self.disk, row.disk)):
            label.setText(text)
        mark_tight(self.memory, row.tight)
        self.spoken = f"{row.name}: {row.time}, {row.memory} of memory, {row.disk} of disk."


def mark_tight(label: QLabel, tight: bool) -> None:
    """Colour an amount of memory that is more than there is, and say so where one points at it."""
    set_kind(label, "text-warning" if tight else "")
    label.setToolTip("More than is free on this machine now" if tight else "")
