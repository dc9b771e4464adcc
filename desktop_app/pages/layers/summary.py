"""What the ticks come to: four amounts side by side and the rules beneath."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.pages.layers.words import LayersSummary
from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.forecast_card import mark_tight
from desktop_app.widgets.kit import GAP, Card, heading, muted


class Amount(QWidget):
    """A caption with a value under it."""

    def __init__(self, caption: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = muted(caption)
        self._caption.setWordWrap(False)
        self._value = heading("–", 1.15)
        self.setToolTip(tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._caption)
        layout.addWidget(self._value)

    @property
    def text(self) -> str:
        """The value shown."""
        return self._value.text()

    def set_tight(self, tight: bool) -> None:
        """Colour the value where there is less than it on this machine."""
        mark_tight(self._value, tight)

    def set_text(self, text: str) -> None:
        """Show another value."""
        self._value.setText(text)
        self.setAccessibleName(f"{self._caption.text()}: {text}")


class SummaryCard(Card):
    """The amounts and rules of the stage shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.learning = Amount("Parameters that learn", "Numbers that training changes, of all in the model")
        self.share = Amount("Share of the model", "The larger it is, the slower and the more prone to overfit")
        self.tensors = Amount("Layers", "Tensors that learn, of all in the model")
        self.checkpoint = Amount("Size of a checkpoint", "What saving these layers takes on disk, 4 bytes a number")
        self.time = Amount("Time of this stage", "If no rule ends it early, and nothing is kept from earlier runs")
        self.memory = Amount("Memory of this stage", "The most at once, above what is in use now")
        row = FlowLayout(spacing=5 * GAP)
        for amount in (self.learning, self.share, self.tensors, self.checkpoint, self.time, self.memory):
            row.addWidget(amount)
        self.rules = muted()
        self.rules.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addLayout(row)
        self.body.addWidget(self.rules)
        self.trust = muted()
        self.body.addWidget(self.trust)
        self.show_forecast(None)

    def show_summary(self, summary: LayersSummary) -> None:
        """Show other amounts."""
        self.learning.set_text(summary.learning)
        self.share.set_text(summary.share)
        self.tensors.set_text(summary.tensors)
        self.checkpoint.set_text(summary.checkpoint)
        self.rules.setText(f"Learns: {summary.words}.  As rules: {summary.rules}")
        self.rules.setToolTip(summary.all_rules)

    def show_forecast(self, words: ForecastWords | None) -> None:
        """Show what the stage will take; None while that is unknown."""
        for widget in (self.time, self.memory, self.trust):
            widget.setVisible(words is not None)
        if words is None:
            return
        self.time.set_text(words.stage.time)
        self.memory.set_text(words.stage.memory)
        self.memory.set_tight(words.stage.tight)
        short = " More memory than is free on this machine now." if words.stage.tight else ""
        self.trust.setText(f"Time and memory: {words.trust[0].lower()}{words.trust[1:]}{short}")
