"""The widgets of the chat. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.pages.try_it.cards import ExamplesCard
from desktop_app.pages.try_it.chat.composer import PLACEHOLDERS, Composer
from desktop_app.pages.try_it.chat.contract import Kind, Pen
from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.conversation_area import ConversationArea
from desktop_app.pages.try_it.chat.settings_card import SettingsCard
from desktop_app.pages.try_it.chat.verdict_card import VerdictCard
from desktop_app.pages.try_it.chat.verdict_words import Standing
from desktop_app.pages.try_it.chat.words import Reply
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, EmptyState, Notice, muted, plain_button
from trainer_core.data.roles import Fields
from trainer_core.inference.written import WritingSettings
from trainer_core.results.verdicts import Verdict

SIDE_WIDTH = 310
NO_LIMIT = 16_777_215
WIDE = 720
"""At this width there is room for the chat and for what stands beside it."""
WIDEST, WIDEST_PAIR = 860, 1400
"""Wider lines of one answer, or of two, are hard to read."""
HINT = "Enter sends, Shift+Enter begins a new line, Esc stops"
EMPTY_TITLES = {Kind.CHAT: "Talk with your model", Kind.TEXT: "Let your model write"}
EMPTY_TEXTS = {
    Kind.CHAT: "Say something below; the answer comes word by word.",
    Kind.TEXT: "Begin a text below; the model goes on with it, word by word.",
}


class ChatView(QWidget):
    """A conversation with its input box; beside it how answers are written, and the page's other cards."""

    sent = Signal(str)
    stop_wished = Signal()
    again_wished = Signal(object)
    new_wished = Signal()
    comparison_wished = Signal(bool)
    kind_shown = Signal(bool)
    """Whether the chat takes the place of the text fields now."""
    verdict_clicked = Signal(int, object)
    all_back_wished = Signal()
    keeping_wished = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.conversation = ConversationArea(theme)
        self.examples = ExamplesCard()
        self.composer = Composer()
        self.card = SettingsCard()
        self.verdicts = VerdictCard()
        self.comparison_error = Notice()
        self._hint = muted(HINT)
        self._pen = Pen.RESTING
        self._wide = True
        self._make_bar()
        self._lay_out()
        self._connect()

    # --- setters -----------------------------------------------------------------------------------------------

    def settings(self) -> WritingSettings:
        """Return how answers are to be written."""
        return self.card.settings()

    def system_prompt(self) -> str:
        """Return what is to stand before every conversation."""
        return self.card.system_prompt()

    def show_kind(self, kind: Kind) -> None:
        """Take the place of the text fields, or leave it to them."""
        if kind is not Kind.NONE:
            self._empty.set_words(EMPTY_TITLES[kind], EMPTY_TEXTS[kind])
            self.composer.field.setPlaceholderText(PLACEHOLDERS[kind])
            self.card.show_system(kind is Kind.CHAT)
        self.kind_shown.emit(kind is not Kind.NONE)

    def show_busy(self, text: str) -> None:
        """Say what one is waiting for; nothing when empty."""
        self._hint.setText(f"{text}..." if text else HINT)

    def show_first_messages(self, texts: Sequence[str]) -> None:
        """Offer messages to begin with."""
        self.examples.show_examples([(text,) for text in texts])

    def clear_draft(self, sent: str) -> None:
        """Forget what stands in the input box, if that was sent, and let the user go on there."""
        self.composer.clear(sent)

    def add_turn(self, question: str) -> None:
        """Show what the user said, at the end."""
        self.conversation.add_turn(question)
        self._pages.setCurrentWidget(self.conversation)

    def show_reply(self, place: int, voice: Voice, reply: Reply) -> None:
        """Show an answer of a turn."""
        self.conversation.show_reply(place, voice, reply)

    def grow_reply(self, place: int, voice: Voice, piece: str) -> None:
        """Show what was written on of an answer."""
        self.conversation.grow_reply(place, voice, piece)

    def clear_turns(self) -> None:
        """Show no conversation."""
        self.conversation.clear_turns()
        self._pages.setCurrentWidget(self._beginning)

    def show_pen(self, pen: Pen) -> None:
        """Offer to send, or to stop."""
        self._pen = pen
        self.composer.show_pen(pen)
        self.conversation.offer_again(pen is Pen.RESTING)

    def show_comparison(self, *, on: bool, loading: bool) -> None:
        """Show the answers of the model as it was beside the others, or not; ``loading`` while it is being read."""
        self.comparison.setChecked(on)
        self._loading.setVisible(loading)
        self._column.setMaximumWidth(WIDEST_PAIR if on else WIDEST)
        self.conversation.show_comparison(on=on)

    def show_comparison_error(self, error: Exception | None) -> None:
        """Show why there is nothing to compare with, or nothing."""
        if error is None:
            self.comparison_error.clear()
        else:
            self.comparison_error.show_error(error)

    def show_verdict(self, place: int, *, offered: bool, verdict: Verdict | None) -> None:
        """Offer to judge the answers of a turn, or not, and show the verdict on them."""
        self.conversation.show_verdict(place, offered=offered, verdict=verdict)

    def show_standing(self, standing: Standing | None) -> None:
        """Show how all verdicts stand, or nothing."""
        self.verdicts.show_standing(standing)

    def show_keeping_error(self, error: Exception | None) -> None:
        """Show why verdicts could not be kept or read, or nothing."""
        self.verdicts.show_error(error)

    def take_cards(self, *cards: QWidget) -> None:
        """Show cards of the page below the chat's own."""
        for place, card in enumerate(cards, 2):
            self._side_column.insertWidget(place, card)

    # --- events ------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Stop with Esc, wherever in the chat one is."""
        if event.key() == Qt.Key.Key_Escape and self._pen is Pen.WRITING:
            self.stop_wished.emit()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        """Return room for the chat, or for what stands beside it: not both need to be seen."""
        widest = max(part.minimumSizeHint().width() for part in (self._bar, self._main, self._side))
        return QSize(widest, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold what stands beside the chat where both have no room."""
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        if wide != self._wide:
            self._wide = wide
            self.side_button.setChecked(wide)
            self._show_side()

    def _show_side(self) -> None:
        shown = self.side_button.isChecked()
        self._side.setVisible(shown)
        self._side.setMaximumWidth(SIDE_WIDTH if self._wide else NO_LIMIT)
        self._main.setVisible(self._wide or not shown)

    def _on_example_picked(self, row: Fields) -> None:
        self.sent.emit(row[0])

    # --- making ------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.composer.sent.connect(self.sent)
        self.composer.stop_wished.connect(self.stop_wished)
        self.examples.picked.connect(self._on_example_picked)
        self.conversation.again_wished.connect(self.again_wished)
        self.conversation.verdict_clicked.connect(self.verdict_clicked)
        self.verdicts.all_back_wished.connect(self.all_back_wished)
        self.verdicts.keeping_wished.connect(self.keeping_wished)
        self.new_button.clicked.connect(self.new_wished)
        self.comparison.clicked.connect(self.comparison_wished)
        self.side_button.toggled.connect(self._show_side)

    def _make_bar(self) -> None:
        self.comparison = QCheckBox("&Before and after")
        self.comparison.setToolTip(
            "Lets the model as it was before fine-tuning answer, too, and shows both; takes twice the time and memory"
        )
        self._loading = muted("Loading the model as it was...")
        self._loading.setWordWrap(False)
        self._loading.hide()
        self.new_button = plain_button("&New conversation", "mdi6.plus")
        self.new_button.setToolTip("Forgets what was said, here and in the model, and begins anew")
        self.side_button = plain_button("", "mdi6.tune-variant")
        self.side_button.setCheckable(True)
        self.side_button.setChecked(True)
        self.side_button.setAccessibleName("Settings")
        self.side_button.setToolTip("Shows or hides how answers are written, whole files, and the command")

    def _lay_out(self) -> None:
        self._bar = QWidget()
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(GAP)
        bar.addWidget(self.comparison)
        bar.addWidget(self._loading)
        bar.addStretch(1)
        bar.addWidget(self.new_button)
        bar.addWidget(self.side_button)
        self._column = self._chat()
        self._main = QWidget()
        centred = QHBoxLayout(self._main)
        centred.setContentsMargins(0, 0, 0, 0)
        centred.addStretch(1)
        centred.addWidget(self._column, 10_000)
        centred.addStretch(1)
        self._side = self._beside()
        columns = QHBoxLayout()
        columns.setSpacing(2 * GAP)
        columns.addWidget(self._main, 1)
        columns.addWidget(self._side)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP + GAP // 2)
        layout.addWidget(self._bar)
        layout.addWidget(self.comparison_error)
        layout.addLayout(columns, 1)
        self.show_comparison(on=False, loading=False)
        self._show_side()

    def _chat(self) -> QWidget:
        self._empty = EmptyState("mdi6.message-text-outline", "", "")
        self.examples.set_title("Begin with one of these")
        self.examples.list.setSizeAdjustPolicy(QAbstractScrollArea.SizeAdjustPolicy.AdjustToContents)
        self.examples.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._beginning = QWidget()
        beginning = QVBoxLayout(self._beginning)
        beginning.setContentsMargins(0, 0, 0, 0)
        beginning.addWidget(self._empty, 1)
        beginning.addWidget(self.examples)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._beginning)
        self._pages.addWidget(self.conversation)
        chat = QWidget()
        column = QVBoxLayout(chat)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._pages, 1)
        column.addWidget(self.composer)
        column.addWidget(self._hint)
        return chat

    def _beside(self) -> QScrollArea:
        content = QWidget()
        self._side_column = QVBoxLayout(content)
        self._side_column.setContentsMargins(0, 0, 0, 0)
        self._side_column.setSpacing(2 * GAP)
        self._side_column.addWidget(self.verdicts)
        self._side_column.addWidget(self.card)
        self._side_column.addStretch(1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setMinimumWidth(SIDE_WIDTH)
        return area
