"""The card of the pinned texts: what the model answers to them, moment by moment."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from desktop_app.pages.train.pinned_dialog import PinnedDialog
from desktop_app.pages.train.pinned_words import Moment, PinForm, PinnedLine
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import GAP, Card, muted, plain_button, set_kind, strong
from desktop_app.widgets.message_text import MessageText

PIN_TEXTS = "&Pin texts…"
PIN_TIP = "Choose texts that the model answers each time it is measured"
PIN_ICON = "mdi6.pin-outline"
SLIDER_WIDTH = 200
NO_LIMIT = 16_777_215
"""Qt's own number for a widget that may be as wide as it likes."""


class PinnedRow(QWidget):
    """A pinned row: its texts, what the model answers, and what it answered first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.texts = ElidedLabel()
        set_kind(self.texts, "muted")
        self.answer = MessageText("Answer")
        self.answer.setToolTip("Can be selected and copied")
        self.share = strong()
        self.share.setToolTip("How probable the model takes this answer to be")
        self.first = ElidedLabel()
        set_kind(self.first, "muted")
        said = QHBoxLayout()
        said.setSpacing(2 * GAP)
        said.addWidget(self.answer, 1)
        said.addWidget(self.share, 0, Qt.AlignmentFlag.AlignTop)
        said.addStretch(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.texts)
        layout.addSpacing(GAP // 2)
        layout.addLayout(said)
        layout.addWidget(self.first)

    def show_line(self, line: PinnedLine) -> None:
        """Show another row."""
        self.texts.set_whole_text(line.texts)
        self.answer.setAccessibleName(f"Answer to {line.texts}")
        self.answer.show_text(line.answer)
        self.answer.setMaximumWidth(self.answer.natural_width() if line.share else NO_LIMIT)
        self.share.setText(line.share)
        self.share.setVisible(bool(line.share))
        self.first.set_whole_text(line.first)
        self.first.setVisible(bool(line.first))


class PinnedCard(Card):
    """Shows the answers of a moment, and lets the user go to another moment and pin texts."""

    moment_chosen = Signal(int)
    pins_wished = Signal()
    pins_given = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Pinned texts", parent)
        self._dialog: PinnedDialog | None = None
        self.rows: list[PinnedRow] = []
        self.pin_button = pin_button()
        self.pin_button.clicked.connect(self.pins_wished)
        self.add_title_widget(self.pin_button)
        self._make_slider()
        self.note = muted()
        self.note.hide()
        self._lines = QVBoxLayout()
        self._lines.setSpacing(2 * GAP)
        self.body.addWidget(self.note)
        self.body.addWidget(self._moment)
        self.body.addLayout(self._lines)
        self.hide()

    # --- setters -----------------------------------------------------------------------------------------------

    def show_moment(self, moment: Moment | None) -> None:
        """Show what was answered at a moment; None where nothing was."""
        lines = moment.lines if moment else ()
        while len(self.rows) < len(lines):
            self.rows.append(PinnedRow())
            self._lines.addWidget(self.rows[-1])
        for place, row in enumerate(self.rows):
            row.setVisible(place < len(lines))
            if place < len(lines):
                row.show_line(lines[place])
        self._moment.setVisible(moment is not None)
        if moment is not None:
            self._show_place(moment)
        self._show_if_needed()

    def show_note(self, text: str) -> None:
        """Say what has to be known of what is pinned; nothing when empty."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self._show_if_needed()

    def ask_pins(self, form: PinForm) -> None:
        """Let the user write what shall be pinned."""
        self._dialog = PinnedDialog(form, self.window())
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.given.connect(self.pins_given)
        self._dialog.finished.connect(self._on_dialog_finished)
        self._dialog.open()

    def refuse_pins(self, error: Exception) -> None:
        """Show why what was written is not taken."""
        if self._dialog is not None:
            self._dialog.show_refusal(error)

    def close_pins(self) -> None:
        """Close the box: what was written is pinned."""
        if self._dialog is not None:
            self._dialog.accept()

    # --- the rest ----------------------------------------------------------------------------------------------

    def _show_if_needed(self) -> None:
        self.setVisible(not (self._moment.isHidden() and self.note.isHidden()))

    def _show_place(self, moment: Moment) -> None:
        self.when.setText(moment.words)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, moment.count - 1)
            self.slider.setValue(moment.place)
        self.slider.setAccessibleDescription(moment.words)
        self.slider.setVisible(moment.count > 1)

    def _make_slider(self) -> None:
        self.when = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(1)
        self.slider.setFixedWidth(SLIDER_WIDTH)
        self.slider.setAccessibleName("Moment of the answers")
        self.slider.setToolTip("Goes back to what the model answered earlier; at the end it follows the run")
        self.slider.valueChanged.connect(self.moment_chosen)
        self._moment = QWidget()
        row = QHBoxLayout(self._moment)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GAP)
        row.addWidget(self.slider)
        row.addWidget(self.when, 1)
        self._moment.hide()

    def _on_dialog_finished(self) -> None:
        self._dialog = None


def pin_button() -> QPushButton:
    """Return a button that leads to the box in which texts are pinned."""
    button = plain_button(PIN_TEXTS, PIN_ICON)
    button.setToolTip(PIN_TIP)
    return button
