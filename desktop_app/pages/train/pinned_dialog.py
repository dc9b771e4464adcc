"""The box in which texts are pinned: a line for each row."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_app.pages.train.pinned_words import NOTHING_PINNED, RUN_KEEPS, PinForm
from desktop_app.widgets.kit import GAP, Notice, muted, plain_button, primary_button, wrapping_label

SIZE = (640, 440)
TAB_LETTERS = 8


class PinnedDialog(QDialog):
    """Shows what is pinned as lines, and tells what shall be; stays open until that was taken.

    Args:
        form: the lines, and how they are written.
    """

    given = Signal(str)
    """The user wants these lines to be pinned."""

    def __init__(self, form: PinForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Pinned texts")
        self.resize(*SIZE)
        self.field = QPlainTextEdit(form.lines)
        self.field.setAccessibleName("Pinned texts, a line each")
        self.field.setToolTip("What the model shall answer each time it is measured; empty lines are passed over")
        self.field.setTabChangesFocus(not form.several)
        self.field.setTabStopDistance(self.field.fontMetrics().averageCharWidth() * TAB_LETTERS)
        self.how = muted(form.words)
        self.refusal = Notice()
        self.save_button = primary_button("&Save")
        self.save_button.setToolTip("Pins these texts in the project; nothing else of it changes")
        self.cancel_button = plain_button("&Cancel")
        self.cancel_button.setToolTip("Keeps what was pinned before")
        self.save_button.clicked.connect(self._on_save_clicked)
        self.cancel_button.clicked.connect(self.reject)
        self._lay_out()
        self.field.setFocus()

    @property
    def lines(self) -> str:
        """What stands in the field, every space as it is."""
        return self.field.document().toRawText().replace("\u2029", "\n")

    def show_refusal(self, error: Exception) -> None:
        """Show why the lines were not taken."""
        self.refusal.show_error(error)

    def _on_save_clicked(self) -> None:
        self.refusal.clear()
        self.given.emit(self.lines)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(muted(RUN_KEEPS), 1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(2 * GAP)
        layout.addWidget(wrapping_label(NOTHING_PINNED))
        layout.addWidget(self.how)
        layout.addWidget(self.field, 1)
        layout.addWidget(self.refusal)
        layout.addLayout(buttons)
