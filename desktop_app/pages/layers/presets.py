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
TOP_TIP = "The head and this many blocks next to it learn: a middle way"
ADAPTERS_TIP = (
    "A new head learns, and small matrices beside all of these blocks, which stay frozen: "
    "often nearly as good as everything, with a fraction of the memory"
)


class TopPair(QWidget):
    """A button for the top blocks, and how many these are.

    Args:
        text: of the button.
        tip: what the button leads to.
        name: what the number is.
        share: which part of the blocks is offered at first.
    """

    wished = Signal(int)

    def __init__(self, text: str, tip: str, name: str, share: float) -> None:
        super().__init__()
        self._share = share
        self.count = QSpinBox()
        self.count.setRange(1, 1)
        self.count.setAccessibleName(name)
        self.count.setToolTip(f"{name}, counted from the head, with “{text.replace('&', '')}”")
        self.button = plain_button(text)
        self.button.setToolTip(tip)
        self.button.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.count, 0, Qt.AlignmentFlag.AlignVCenter)

    def set_most(self, count: int) -> None:
        """Offer 1 to ``count`` blocks."""
        if self.count.maximum() != max(1, count):
            self.count.setMaximum(max(1, count))
            self.count.setSuffix(f" of {count}")
            self.count.setValue(max(1, round(count * self._share)))
        self.setEnabled(count > 0)

    def _on_clicked(self) -> None:
        self.wished.emit(self.count.value())


class PresetRow(QWidget):
    """The buttons, wrapped where the width ends."""

    preset_wished = Signal(str)
    top_wished = Signal(int)
    adapters_wished = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.top = TopPair("&Top blocks", TOP_TIP, "How many of the top blocks learn", 1 / 3)
        self.adapters = TopPair("Adapters (&LoRA)", ADAPTERS_TIP, "How many of the top blocks get adapters", 1.0)
        self.top.wished.connect(self.top_wished)
        self.adapters.wished.connect(self.adapters_wished)
        self.buttons: dict[str, QPushButton] = {}
        row = FlowLayout(self, spacing=GAP)
        for place, (name, text, tip) in enumerate(PRESET_BUTTONS):
            if place == TOP_PLACE:
                row.addWidget(self.top)
            button = plain_button(text)
            button.setToolTip(tip)
            button.clicked.connect(self._on_button_clicked)
            self.buttons[name] = button
            row.addWidget(button)
        row.addWidget(self.adapters)

    def set_block_count(self, count: int) -> None:
        """Offer the top 1 to ``count`` blocks."""
        for pair in (self.top, self.adapters):
            pair.set_most(count)

    def set_adaptable(self, adaptable: bool) -> None:
        """Offer adapters, where the model has matrices that can have one."""
        self.adapters.setEnabled(adaptable)

    def _on_button_clicked(self) -> None:
        name = next(name for name, button in self.buttons.items() if button is self.sender())
        self.preset_wished.emit(name)
