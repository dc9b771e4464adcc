"""What is said, on screen: the user's words at the right, and below them what the models answer."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app.pages.try_it.cards import COPIED_MILLISECONDS
from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.verdict_row import VerdictRow
from desktop_app.pages.try_it.chat.words import VOICE_TITLES, Reply
from desktop_app.theme import Theme, palette_icon
from desktop_app.widgets.kit import GAP, icon_button, muted, set_kind, strong
from desktop_app.widgets.message_text import MessageText

PADDING = 12
CORNER = 10
WIDEST_QUESTION = 0.8
"""How much of the width the user's words may take."""
NARROW = 500
"""Below this width two answers stand under each other."""
INDENT = 6 * GAP
"""How far an answer that stands alone keeps from the right, so that one sees who speaks."""
COPY, COPIED = "mdi6.content-copy", "mdi6.check"


class Question(QWidget):
    """What the user said: a bubble at the right, no wider than its words."""

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = MessageText("You said")
        self.text.show_text(text)
        self._bubble = _Bubble(theme)
        inside = QVBoxLayout(self._bubble)
        inside.setContentsMargins(PADDING, GAP + 1, PADDING, GAP - 2)  # below a line there is air already
        inside.addWidget(self.text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self._bubble)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the bubble take what it needs of this width."""
        super().resizeEvent(event)
        self._bubble.setFixedWidth(
            min(self.text.natural_width() + 2 * PADDING, max(1, int(self.width() * WIDEST_QUESTION)))
        )


class _Bubble(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the soft ground of the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent_soft"))
        painter.drawRoundedRect(QRectF(self.rect()), CORNER, CORNER)


class Answer(QFrame):
    """What one model wrote, what is to be said of that, and what one can do with it."""

    again_wished = Signal(object)
    """Another answer of this voice is wished."""

    def __init__(self, voice: Voice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self.voice = voice
        self.title = strong(VOICE_TITLES[voice])
        self.title.hide()
        self.text = MessageText(f"Answer {VOICE_TITLES[voice].lower()}")
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        set_kind(self.warning, "text-warning")
        self.facts = muted()
        self.copy_button = icon_button(COPY, "Copy the answer", "Copy this answer, to paste it elsewhere")
        self.again_button = icon_button(
            "mdi6.refresh",
            "Regenerate",
            "Let the model answer anew, in place of this; at temperature 0 it says the same",
        )
        self._copied = QTimer(self, singleShot=True, interval=COPIED_MILLISECONDS)
        self._copied.timeout.connect(self._on_copied_long_ago)
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self.again_button.clicked.connect(self._on_again_clicked)
        self.again_button.hide()
        self._lay_out()

    def show_reply(self, reply: Reply) -> None:
        """Show another answer, or how far it is."""
        self.text.show_text(reply.text)
        self.facts.setText(reply.facts)
        self.warning.setText(reply.warning)
        self._show_parts()

    def grow(self, piece: str) -> None:
        """Show what was written on."""
        self.text.grow(piece)
        self._show_parts()

    def _show_parts(self) -> None:
        self.text.setVisible(bool(self.text.text))
        self.copy_button.setVisible(bool(self.text.text))
        self.warning.setVisible(bool(self.warning.text()))

    def _lay_out(self) -> None:
        footer = QHBoxLayout()
        footer.setSpacing(2)
        footer.addWidget(self.facts, 1)
        footer.addWidget(self.again_button, 0, Qt.AlignmentFlag.AlignTop)
        footer.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING + 2, GAP + 2, GAP, 6)
        layout.setSpacing(GAP // 2)
        for widget in (self.title, self.text, self.warning):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(footer)

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.text.text)
        self.copy_button.setIcon(palette_icon(COPIED))
        self.copy_button.setAccessibleName("Copied")
        self._copied.start()

    def _on_copied_long_ago(self) -> None:
        self.copy_button.setIcon(palette_icon(COPY))
        self.copy_button.setAccessibleName("Copy the answer")

    def _on_again_clicked(self) -> None:
        self.again_wished.emit(self.voice)


class TurnWidget(QWidget):
    """What the user said, and the answer; or two, side by side where there is room, and which of them is better."""

    again_wished = Signal(object)

    def __init__(self, theme: Theme, question: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = Question(theme, question)
        self.answers = {voice: Answer(voice) for voice in Voice}
        self.verdict = VerdictRow()
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(GAP + GAP // 2)
        for answer in self.answers.values():
            answer.again_wished.connect(self.again_wished)
            self._row.addWidget(answer, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP + GAP // 2)
        layout.addWidget(self.question)
        layout.addLayout(self._row)
        layout.addWidget(self.verdict)
        self.show_comparison(on=False)

    def show_comparison(self, *, on: bool) -> None:
        """Show the answer of the model as it was, too, or not."""
        for answer in self.answers.values():
            answer.title.setVisible(on)
        self.answers[Voice.BEFORE].setVisible(on)
        self._row.setContentsMargins(0, 0, 0 if on else INDENT, 0)

    def show_again(self, *, offered: bool) -> None:
        """Offer other answers, or not."""
        for answer in self.answers.values():
            answer.again_button.setVisible(offered)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the answers side by side, or under each other."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        self._row.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
