"""Controls of forms. Each has ``set_value``, which is silent, and ``edited``, which only the user causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from desktop_app.widgets.fitting_box import FittingBox
from desktop_app.widgets.kit import GAP, icon_button

MOST_DIGITS = 6
BUTTON_ROOM = 44


class Control(Protocol):
    """What every control of a form can do."""

    edited: SignalInstance

    def set_value(self, value: Any) -> None:
        """Show a value, silently."""
        ...


def dress(control: QWidget, caption: str, tip: str) -> None:
    """Give a control its name for screen readers and the tip that tells what it does."""
    control.setAccessibleName(caption.replace("&", ""))
    control.setToolTip(tip)


class TextLine(QLineEdit):
    """A line of text that tells when it was changed and left, and the arrow keys up and down.

    Args:
        strip: whether white space around the text is nothing but that.
    """

    edited = Signal(object)
    stepped = Signal(bool)
    """The arrow key up (true) or down was pressed."""

    def __init__(self, parent: QWidget | None = None, *, strip: bool = True) -> None:
        super().__init__(parent)
        self._strip = strip
        self.editingFinished.connect(self._on_editing_finished)

    def set_value(self, value: str) -> None:
        """Show another text from its beginning."""
        if value != self.text():
            self.setText(value)
            self.setCursorPosition(0)
        self.setModified(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tell the arrow keys; leave the rest to Qt."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(event.key() == Qt.Key.Key_Up)
        else:
            super().keyPressEvent(event)

    def _on_editing_finished(self) -> None:
        if self.isModified():
            self.setModified(False)
            self.edited.emit(self.text().strip() if self._strip else self.text())


class RateLine(QWidget):
    """A learning rate as text, with buttons and the arrow keys for the next round value."""

    edited = Signal(object)
    step_wished = Signal(bool)
    """The next larger (true) or smaller round value is wished."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = TextLine()
        self.less = icon_button("mdi6.minus", "Smaller learning rate", "The next smaller round value; learns slower")
        self.more = icon_button("mdi6.plus", "Larger learning rate", "The next larger round value; learns faster")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.line, 1)
        row.addWidget(self.less, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.more, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setFocusProxy(self.line)
        self.line.setAccessibleName("Learning rate")
        self.line.setMinimumWidth(self.line.fontMetrics().horizontalAdvance("1.25e-5") + 3 * GAP)
        self.line.edited.connect(self.edited)
        self.line.stepped.connect(self.step_wished)
        self.less.clicked.connect(self._on_less_clicked)
        self.more.clicked.connect(self._on_more_clicked)

    def set_value(self, value: str) -> None:
        """Show another rate."""
        self.line.set_value(value)

    def _on_less_clicked(self) -> None:
        self.step_wished.emit(False)

    def _on_more_clicked(self) -> None:
        self.step_wished.emit(True)


class Choice(FittingBox):
    """A choice among values that are shown in words; a value that is none of them is added."""

    edited = Signal(object)

    def __init__(self, choices: Mapping[str, str] | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices: dict[str, str] = {}
        self.set_choices(choices or {})
        self.activated.connect(self._on_activated)

    def set_choices(self, choices: Mapping[str, str]) -> None:
        """Offer other values, silently; ``set_value`` says which of them holds."""
        if dict(choices) != self._choices:
            self._choices = dict(choices)
            with QSignalBlocker(self):
                self.clear()
                for value, words in choices.items():
                    self.addItem(words, value)

    def set_value(self, value: str) -> None:
        """Show a value."""
        if self.findData(value) < 0:
            self.addItem(value, value)
        self.setCurrentIndex(self.findData(value))

    def _on_activated(self) -> None:
        self.edited.emit(self.currentData())


class Whole(QSpinBox):
    """A whole number that tells its value when it is left or stepped."""

    edited = Signal(object)

    def __init__(self, low: int, high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(low, high)
        self.setGroupSeparatorShown(True)
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self._on_value_changed)

    def set_value(self, value: int) -> None:
        """Show a number."""
        with QSignalBlocker(self):
            self.setValue(value)

    def _on_value_changed(self, value: int) -> None:
        self.edited.emit(value)


class Decimal(QDoubleSpinBox):
    """A decimal number that tells its value when it is left or stepped; shows no more digits than the value has.

    Args:
        unit: how much of the value is 1 on screen, e.g. 0.01 for per cent.
    """

    edited = Signal(object)

    def __init__(self, low: float, high: float, step: float, *, unit: float = 1.0) -> None:
        super().__init__()
        self._unit = unit
        self.setDecimals(MOST_DIGITS)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self._on_value_changed)

    def set_value(self, value: float) -> None:
        """Show a number."""
        with QSignalBlocker(self):
            self.setValue(value / self._unit)

    def textFromValue(self, value: float) -> str:
        """Return the shortest text of a value."""
        return self.locale().toString(value, "g", MOST_DIGITS)

    def sizeHint(self) -> QSize:
        """Return room for a short number; the range is no measure."""
        room = self.fontMetrics().horizontalAdvance(f"0.0000{self.suffix()}") + BUTTON_ROOM
        return QSize(room, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return the size hint."""
        return self.sizeHint()

    def _on_value_changed(self, value: float) -> None:
        self.edited.emit(round(value * self._unit, MOST_DIGITS))


class Switch(QCheckBox):
    """A choice between two values: the one when it is off and the one when it is on."""

    edited = Signal(object)

    def __init__(self, words: str, off: object, on: object) -> None:
        super().__init__(words)
        self._off = off
        self._on = on
        self.clicked.connect(self._on_clicked)

    def set_value(self, value: object) -> None:
        """Show a value."""
        self.setChecked(value == self._on)

    def _on_clicked(self, on: bool) -> None:
        self.edited.emit(self._on if on else self._off)


class SwitchedNumber(QWidget):
    """A number that a box switches on; off is None."""

    edited = Signal(object)

    def __init__(self, words: str, number: Whole | Decimal, unit: str, tip: str) -> None:
        super().__init__()
        self.box = QCheckBox(words)
        self.number = number
        dress(self.box, words, tip)
        dress(number, f"{words} {unit}".strip(), tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.box, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(number, 0, Qt.AlignmentFlag.AlignVCenter)
        if unit:
            row.addWidget(QLabel(unit))
        row.addStretch(1)
        self.box.clicked.connect(self._on_clicked)
        self.number.edited.connect(self.edited)

    def set_value(self, value: float | None) -> None:
        """Show a number, or that it is off; the number last shown stays for when it is switched on."""
        self.box.setChecked(value is not None)
        self.number.setEnabled(value is not None)
        if value is not None:
            self.number.set_value(value)  # type: ignore[arg-type]

    def set_words(self, words: str) -> None:
        """Show other words at the box."""
        self.box.setText(words)
        self.box.setAccessibleName(words.replace("&", ""))

    def _on_clicked(self, on: bool) -> None:
        self.edited.emit(self.number.value() if on else None)
