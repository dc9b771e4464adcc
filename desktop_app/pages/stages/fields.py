"""Fields of the Stages page: a caption above, the control, and beneath it why a value was not taken."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop_app.widgets.kit import GAP, icon_button, set_kind


class Field(QWidget):
    """A control with a caption; ``refuse`` shows why its value was not taken."""

    def __init__(self, caption: str, control: QWidget, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel(caption)
        label.setBuddy(control)
        set_kind(label, "muted")
        dress(control, caption, tip)
        self._why = QLabel()
        self._why.setWordWrap(True)
        self._why.setTextFormat(Qt.TextFormat.PlainText)
        set_kind(self._why, "glyph-error")
        self._why.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label)
        layout.addWidget(control)
        layout.addWidget(self._why)
        layout.addStretch(1)

    @property
    def refusal(self) -> str:
        """Why the value was not taken; empty when it was."""
        return self._why.text()

    def refuse(self, text: str) -> None:
        """Show why the value was not taken; nothing when empty."""
        self._why.setText(text)
        self._why.setVisible(bool(text))


def dress(control: QWidget, caption: str, tip: str) -> None:
    """Give a control its name for screen readers and the tip that tells what it does."""
    control.setAccessibleName(caption.replace("&", ""))
    control.setToolTip(tip)


class RateField(QWidget):
    """A learning rate as text, with buttons and the arrow keys for the next round value."""

    edited = Signal(str)
    step_wished = Signal(bool)
    """The next larger (true) or smaller round value is wished."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = _RateEdit()
        self.less = icon_button("mdi6.minus", "Smaller learning rate", "The next smaller round value; learns slower")
        self.more = icon_button("mdi6.plus", "Larger learning rate", "The next larger round value; learns faster")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.text, 1)
        row.addWidget(self.less)
        row.addWidget(self.more)
        self.setFocusProxy(self.text)
        self.text.editingFinished.connect(self._on_text_finished)
        self.text.step_wished.connect(self.step_wished)
        self.less.clicked.connect(self._on_less_clicked)
        self.more.clicked.connect(self._on_more_clicked)

    def setAccessibleName(self, name: str) -> None:
        """Name the text field as well."""
        super().setAccessibleName(name)
        self.text.setAccessibleName(name)

    def set_text(self, text: str) -> None:
        """Show another rate."""
        self.text.setText(text)
        self.text.setModified(False)

    def _on_text_finished(self) -> None:
        if self.text.isModified():
            self.text.setModified(False)
            self.edited.emit(self.text.text().strip())

    def _on_less_clicked(self) -> None:
        self.step_wished.emit(False)

    def _on_more_clicked(self) -> None:
        self.step_wished.emit(True)


class _RateEdit(QLineEdit):
    """Tells the arrow keys up and down."""

    step_wished = Signal(bool)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for the next round value on an arrow key; leave the rest to Qt."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.step_wished.emit(event.key() == Qt.Key.Key_Up)
        else:
            super().keyPressEvent(event)


class LineField(QLineEdit):
    """A line of text that tells when it was changed and left."""

    edited = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editingFinished.connect(self._on_editing_finished)

    def set_text(self, text: str) -> None:
        """Show another text from its beginning."""
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)
        self.setModified(False)

    def _on_editing_finished(self) -> None:
        if self.isModified():
            self.setModified(False)
            self.edited.emit(self.text().strip())


class ChoiceField(QComboBox):
    """A choice among values that are shown in words; a value that is none of them is added."""

    edited = Signal(str)

    def __init__(self, choices: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for value, words in choices.items():
            self.addItem(words, value)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.activated.connect(self._on_activated)

    def set_value(self, value: str) -> None:
        """Show a value."""
        if self.findData(value) < 0:
            self.addItem(value, value)
        self.setCurrentIndex(self.findData(value))

    def _on_activated(self) -> None:
        self.edited.emit(self.currentData())


class SwitchedNumber(QWidget):
    """A number that a box switches on."""

    edited = Signal(object)
    """The number, or None when it is switched off."""

    def __init__(self, words: str, number: QSpinBox | QDoubleSpinBox, unit: str, tip: str) -> None:
        super().__init__()
        self.box = QCheckBox(words)
        self.number = number
        dress(self.box, words, tip)
        dress(number, f"{words.replace('&', '')} {unit}".strip(), tip)
        number.setKeyboardTracking(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.box)
        row.addWidget(number)
        if unit:
            row.addWidget(QLabel(unit))
        row.addStretch(1)
        self.box.clicked.connect(self._on_changed)
        self.number.valueChanged.connect(self._on_number_changed)

    def set_value(self, value: float | None) -> None:
        """Show a number, or that it is off; the number last shown stays for when it is switched on."""
        self.box.setChecked(value is not None)
        self.number.setEnabled(value is not None)
        if value is not None:
            self.number.blockSignals(True)
            self.number.setValue(value)  # type: ignore[arg-type]
            self.number.blockSignals(False)

    def _on_changed(self) -> None:
        self.edited.emit(self.number.value() if self.box.isChecked() else None)

    def _on_number_changed(self) -> None:
        if self.box.isChecked():
            self._on_changed()


def whole_number(low: int, high: int) -> QSpinBox:
    """Return a field for a whole number that tells its value when it is left or stepped."""
    field = QSpinBox()
    field.setRange(low, high)
    field.setGroupSeparatorShown(True)
    field.setKeyboardTracking(False)
    return field


def decimal_number(low: float, high: float, step: float, decimals: int) -> QDoubleSpinBox:
    """Return a field for a decimal number that tells its value when it is left or stepped."""
    field = QDoubleSpinBox()
    field.setDecimals(decimals)
    field.setRange(low, high)
    field.setSingleStep(step)
    field.setKeyboardTracking(False)
    return field
