"""Ready-made choices of layers, one button each."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QWidget

from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.kit import GAP, plain_button

PRESET_BUTTONS = (
    ("head only", "&Head only", "Only the new head learns: quick, and hard to overfit"),
    ("everything", "&Everything", "All layers learn: the most to gain, and the slowest"),
    (
        "norms and biases",
        "&Norms and biases",
        "The head and the smallest parts of every layer learn: a tiny checkpoint",
    ),
    ("embeddings frozen", "E&mbeddings frozen", "All but the embeddings learns: rare words keep their meaning"),
)
TOP_PLACE = 1
"""Where among them the button for the top blocks stands."""


class PresetRow(QWidget):
    """The buttons, wrapped where the width ends."""

    preset_wished = Signal(str)
    top_wished = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        row = FlowLayout(self, spacing=GAP)
        for place, (name, text, tip) in enumerate(PRESET_BUTTONS):
            if place == TOP_PLACE:
                row.addWidget(self._build_top())
            button = plain_button(text)
            button.setToolTip(tip)
            button.clicked.connect(self._on_button_clicked)
            self.buttons[name] = button
            row.addWidget(button)

    def set_block_count(self, count: int) -> None:
        """Offer the top 1 to ``count`` blocks; a third of them at first."""
        if self.top_count.maximum() != max(1, count):
            self.top_count.setMaximum(max(1, count))
            self.top_count.setValue(max(1, round(count / 3)))
        self.top_count.setEnabled(count > 0)
        self.top_button.setEnabled(count > 0)

    def _build_top(self) -> QWidget:
        self.top_count = QSpinBox()
        self.top_count.setRange(1, 1)
        self.top_count.setAccessibleName("How many of the top blocks")
        self.top_count.setToolTip("How many blocks, counted from the head, learn with “Top blocks”")
        self.top_button = plain_button("&Top blocks")
        self.top_button.setToolTip("The head and this many blocks next to it learn: a middle way")
        self.top_button.clicked.connect(self._on_top_clicked)
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.top_button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.top_count, 0, Qt.AlignmentFlag.AlignVCenter)
        return pair

    def _on_button_clicked(self) -> None:
        name = next(name for name, button in self.buttons.items() if button is self.sender())
        self.preset_wished.emit(name)

    def _on_top_clicked(self) -> None:
        self.top_wished.emit(self.top_count.value())
