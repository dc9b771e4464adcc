"""Where one writes a message: an input box, and the button that sends it, or stops the answer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop_app.pages.try_it.chat.contract import Kind, Pen
from desktop_app.pages.try_it.text_field import TextField
from desktop_app.theme import palette_icon
from desktop_app.widgets.kit import GAP, primary_button

LINES = 3
SEND, STOP = "mdi6.send", "mdi6.stop"
PLACEHOLDERS = {
    Kind.CHAT: "Type a message, or click an example",
    Kind.TEXT: "Type how a text begins; the model goes on with it",
}
SEND_TIP = "Sends the message (Enter); with Shift+Enter the message gets another line"
STOP_TIP = "Ends the answer where it is (Esc); what is written stays"


class MessageField(TextField):
    """Plain text over several lines, which Enter sends."""

    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Your message", LINES, parent)
        self.setToolTip("What you say to the model; Enter sends it, Shift+Enter begins a new line")
        self.setPlaceholderText(PLACEHOLDERS[Kind.CHAT])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send with Enter; leave the rest to Qt, Shift+Enter too."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.entered.emit()
        else:
            super().keyPressEvent(event)


class Composer(QWidget):
    """An input box and its button."""

    sent = Signal(str)
    stop_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pen = Pen.RESTING
        self.field = MessageField()
        self.button = primary_button("&Send", SEND)
        self.button.setMinimumWidth(self.button.fontMetrics().horizontalAdvance("Stopping...") + 7 * GAP)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.field, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        self.setFocusProxy(self.field)
        self.field.entered.connect(self._on_entered)
        self.field.textChanged.connect(self._show_button)
        self.button.clicked.connect(self._on_clicked)
        self._show_button()

    def clear(self, sent: str) -> None:
        """Forget what stands in the input box, if that was sent, and let the user go on there."""
        if self.field.toPlainText().strip() == sent.strip():
            self.field.clear()
        self.field.setFocus()

    def show_pen(self, pen: Pen) -> None:
        """Offer to send, or to stop."""
        self._pen = pen
        self._show_button()

    def _show_button(self) -> None:
        words = {Pen.RESTING: "&Send", Pen.WRITING: "&Stop", Pen.STOPPING: "Stopping..."}[self._pen]
        resting = self._pen is Pen.RESTING
        if words != self.button.text():
            self.button.setText(words)
            self.button.setAccessibleName(words.replace("&", ""))
            self.button.setIcon(palette_icon(SEND if resting else STOP, QPalette.ColorRole.HighlightedText))
        self.button.setToolTip(SEND_TIP if resting else STOP_TIP)
        blank = not self.field.toPlainText().strip()
        self.button.setEnabled(self._pen is Pen.WRITING or (resting and not blank))

    def _on_entered(self) -> None:
        if self._pen is Pen.RESTING:
            self.sent.emit(self.field.toPlainText())

    def _on_clicked(self) -> None:
        if self._pen is Pen.RESTING:
            self.sent.emit(self.field.toPlainText())
        else:
            self.stop_wished.emit()
