"""How answers are written: the settings of sampling, and what stands before every conversation."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QWidget

from desktop_app.widgets.controls import Decimal, Whole, dress
from desktop_app.widgets.field import Field
from desktop_app.widgets.kit import GAP, Card, set_kind
from trainer_core.inference.written import WritingSettings

HOTTEST = 2.0
LEAST_TOP_P = 0.01
MOST_TOKENS = 32_768
SYSTEM_LINES = 4


class SettingsCard(Card):
    """Holds what the next answers are written with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How it writes", parent)
        usual = WritingSettings()
        self.temperature = Decimal(0.0, HOTTEST, 0.1)
        self.temperature.set_value(usual.temperature)
        self.top_p = Decimal(LEAST_TOP_P, 1.0, 0.05)
        self.top_p.set_value(usual.top_p)
        self.most_tokens = Whole(1, MOST_TOKENS)
        self.most_tokens.setSingleStep(64)
        self.most_tokens.set_value(usual.most_tokens)
        self.system = QPlainTextEdit()
        self.system.setTabChangesFocus(True)
        self.system.setPlaceholderText("You answer in one short sentence.")
        self.system.setFixedHeight(self.fontMetrics().lineSpacing() * SYSTEM_LINES + 2 * GAP)
        self._lay_out()
        self.temperature.edited.connect(self._on_temperature_edited)
        self._on_temperature_edited()

    def settings(self) -> WritingSettings:
        """Return how answers are to be written, with what is just being typed."""
        for box in (self.temperature, self.top_p, self.most_tokens):
            box.interpretText()
        return WritingSettings(self.temperature.value(), self.top_p.value(), self.most_tokens.value())

    def system_prompt(self) -> str:
        """Return what is to stand before every conversation; nothing for a model that goes on with texts."""
        return "" if self.system.isHidden() else self.system.toPlainText()

    def show_system(self, shown: bool) -> None:
        """Offer a system prompt, or not."""
        self._system_label.setVisible(shown)
        self.system.setVisible(shown)

    def _lay_out(self) -> None:
        fields = (
            Field(
                "temperature",
                "T&emperature",
                self.temperature,
                "0 takes the likeliest token every time; 1 draws as the model thinks; more is wilder",
            ),
            Field(
                "top_p",
                "Top-&p",
                self.top_p,
                "Tokens are drawn from the likeliest ones that make up this share; without effect at temperature 0",
            ),
            Field("most_tokens", "Most to&kens", self.most_tokens, "After so many tokens an answer is cut"),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP)
        for place, field in enumerate(fields):
            grid.addWidget(field, place // 2, place % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.body.addLayout(grid)
        self._system_label = QLabel("S&ystem prompt")
        self._system_label.setBuddy(self.system)
        set_kind(self._system_label, "muted")
        tip = "Stands before every conversation and tells the model how to behave; may be empty"
        dress(self.system, "System prompt", tip)
        self.body.addWidget(self._system_label)
        self.body.addWidget(self.system)

    def _on_temperature_edited(self) -> None:
        self.top_p.setEnabled(self.temperature.value() > 0)
