"""A field of a form: a caption above, the control, and beneath it why a value was not taken."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.widgets.controls import Control, dress
from desktop_app.widgets.kit import set_kind


class Field(QWidget):
    """A control with a caption, for one value of the project.

    Args:
        name: the key of the value.
        caption: what stands above; nothing when empty.
        control: holds the value.
        tip: what changing the value leads to.
        holder: the widget to show, where the control is only a part of it.
    """

    edited = Signal(str, object)
    """The name and the value that the user gave."""

    def __init__(self, name: str, caption: str, control: Any, tip: str, holder: QWidget | None = None) -> None:
        super().__init__()
        self.name = name
        self.control: Control = control
        if caption:
            dress(control, caption, tip)
        else:
            control.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._why = _why_label()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        if caption:
            layout.addWidget(_caption_label(caption, control))
        layout.addWidget(holder or control)
        layout.addWidget(self._why)
        layout.addStretch(1)
        told: SignalInstance = control.edited
        told.connect(self._on_control_edited)

    @property
    def refusal(self) -> str:
        """Why the value was not taken; empty when it was."""
        return self._why.text()

    def set_value(self, value: Any) -> None:
        """Show the project's value and forget what was refused."""
        self.control.set_value(value)
        self.refuse("")

    def refuse(self, text: str) -> None:
        """Show why the value was not taken; nothing when empty."""
        self._why.setText(text)
        self._why.setVisible(bool(text))

    def _on_control_edited(self, value: object) -> None:
        self.edited.emit(self.name, value)


def _caption_label(caption: str, control: QWidget) -> QLabel:
    label = QLabel(caption)
    label.setBuddy(control)
    set_kind(label, "muted")
    return label


def _why_label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_kind(label, "glyph-error")
    label.hide()
    return label
