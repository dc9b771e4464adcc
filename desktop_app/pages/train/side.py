"""The column beside the plots: facts, bars, and the card that says how a run came out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from desktop_app.pages.train.words import Fact, Progress, Summary
from desktop_app.widgets.kit import GAP, Card, heading, muted, plain_button, primary_button


class FactList(QWidget):
    """Names and values in two columns; labels are made once and written again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows: list[tuple[QLabel, QLabel]] = []

    @property
    def texts(self) -> dict[str, str]:
        """What is shown: value by name."""
        return {name.text(): value.text() for name, value in self._rows if not name.isHidden()}

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these."""
        while len(self._rows) < len(facts):
            self._add_row()
        for place, (name, value) in enumerate(self._rows):
            self._form.setRowVisible(place, place < len(facts))
            if place < len(facts):
                name.setText(facts[place].name)
                value.setText(facts[place].value)
                value.setAccessibleName(facts[place].name)

    def _add_row(self) -> None:
        name, value = muted(), QLabel()
        name.setWordWrap(False)
        value.setWordWrap(True)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._form.addRow(name, value)
        self._rows.append((name, value))


class ProgressLine(QWidget):
    """A bar with what it measures above it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = muted()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._text)
        layout.addWidget(self.bar)
        self.hide()

    @property
    def text(self) -> str:
        """What is said above the bar."""
        return self._text.text()

    def show_progress(self, progress: Progress | None) -> None:
        """Show how much is done; nothing for None; a bar without an end where nobody knows how much there is."""
        self.setVisible(progress is not None)
        if progress is None:
            self.bar.setRange(0, 1)
            return
        amount = f": {progress.done:,} of {progress.total:,}" if progress.total else ""
        self._text.setText(progress.text + amount)
        self.bar.setAccessibleName(progress.text)
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)


class SummaryCard(Card):
    """How a run came out, and what one can do with it."""

    folder_wished = Signal()
    try_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Result", parent)
        self._score = heading("", 2.2)
        self._metric = muted()
        self._lines = muted()
        self.try_button = primary_button("Try it", "mdi6.message-text-outline")
        self.try_button.setToolTip("Type sentences and see what this run's model answers")
        self.folder_button = plain_button("Open folder", "mdi6.folder-outline")
        self.try_button.clicked.connect(self.try_wished)
        self.folder_button.clicked.connect(self.folder_wished)
        self.body.setSpacing(2)
        self.body.addWidget(self._score)
        self.body.addWidget(self._metric)
        self.body.addSpacing(GAP)
        self.body.addWidget(self._lines)
        self.body.addSpacing(GAP + 4)
        self.body.addWidget(self.try_button)
        self.body.addSpacing(GAP - 2)
        self.body.addWidget(self.folder_button)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What is said: score, metric, explanation."""
        return [self._score.text(), self._metric.text(), self._lines.text()]

    def show_summary(self, summary: Summary) -> None:
        """Show how a run came out."""
        self._score.setText(summary.score)
        self._metric.setText(f"{summary.metric} of the best weights")
        self._lines.setText("\n".join(summary.lines))
        self.folder_button.setToolTip(f"Show {summary.folder} in the file manager")
