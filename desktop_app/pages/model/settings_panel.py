"""How texts enter the model: after how many tokens they are cut, and how their tokens become one vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox, QWidget

from desktop_app.pages.model.words import POOLING_WORDS, length_words
from desktop_app.widgets.kit import GAP, Card, muted

if TYPE_CHECKING:
    from desktop_app.pages.model.contract import ModelSettings

LEAST, MOST = 4, 32_768


class SettingsPanel(Card):
    """A card with the two settings."""

    max_length_chosen = Signal(int)
    pooling_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How texts are read", parent)
        self.max_length = QSpinBox()
        self.max_length.setRange(LEAST, MOST)
        self.max_length.setSingleStep(16)
        self.max_length.setSuffix(" tokens")
        self.max_length.setGroupSeparatorShown(True)
        self.max_length.setKeyboardTracking(False)
        self.max_length.setAccessibleName("Maximum length")
        self.max_length.setToolTip(
            "Texts longer than this are cut and their end is never read. Twice the length takes more than twice the "
            "time and memory. A token is a word or a piece of one."
        )
        self.length_words = muted()
        self.pooling = QComboBox()
        self.pooling.setAccessibleName("How a text becomes one vector")
        self.pooling.setToolTip("What the head looks at to decide. The wrong choice costs accuracy, never time.")
        for pooling, (name, _) in POOLING_WORDS.items():
            self.pooling.addItem(name, pooling.value)
        self.pooling_words = muted()
        self._lay_out()
        self.max_length.valueChanged.connect(self.max_length_chosen)
        self.pooling.activated.connect(self._on_pooling_activated)

    def show_settings(self, settings: ModelSettings) -> None:
        """Show what the project says."""
        # A project may ask for more than its model reads; the box shows what it asks for, not what would be allowed.
        most = max(settings.max_length, min(MOST, settings.longest or MOST))
        with QSignalBlocker(self.max_length):
            self.max_length.setRange(LEAST, most)
            self.max_length.setValue(settings.max_length)
        self.length_words.setText(length_words(settings.max_length, settings.longest))
        self.pooling.setCurrentIndex(self.pooling.findData(settings.pooling.value))
        self.pooling_words.setText(POOLING_WORDS[settings.pooling][1])

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(GAP)
        grid.setColumnStretch(1, 1)
        for row, (text, widget, words) in enumerate(
            (
                ("Maximum &length", self.max_length, self.length_words),
                ("&One vector from", self.pooling, self.pooling_words),
            )
        ):
            label = QLabel(text)
            label.setBuddy(widget)
            grid.addWidget(label, 2 * row, 0)
            grid.addWidget(widget, 2 * row, 1)
            grid.addWidget(words, 2 * row + 1, 0, 1, 2)
        self.body.addLayout(grid)

    def _on_pooling_activated(self, place: int) -> None:
        self.pooling_chosen.emit(self.pooling.itemData(place))
