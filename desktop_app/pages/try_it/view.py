"""The widgets of the Try it page. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.pages.try_it.answer_card import AnswerCard
from desktop_app.pages.try_it.cards import CommandCard, ExamplesCard, FileCard
from desktop_app.pages.try_it.chat.view import ChatView
from desktop_app.pages.try_it.report_dialog import ReportDialog
from desktop_app.pages.try_it.text_field import TextFields
from desktop_app.pages.try_it.words import Answer
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, Card, EmptyState, Notice, PageFrame
from trainer_core.data.roles import Fields
from trainer_core.inference.prediction import EvaluationReport

TYPED = "Type a sentence; the answer changes as you type"
CHATTED = "See what the fine-tuned model writes"


class TryItView(PageFrame):
    """A text and its answer side by side, or a chat; beside them, a whole file and the command line."""

    fields_changed = Signal(object)
    run_picked = Signal(int)
    file_wished = Signal()
    evaluation_wished = Signal()
    cancel_wished = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Try it", TYPED, parent)
        self.error = Notice()
        self.texts = TextFields()
        self.examples = ExamplesCard()
        self.answer = AnswerCard(theme)
        self.file = FileCard()
        self.command = CommandCard()
        self.chat = ChatView(theme)
        self._chats = False
        self._make_chooser()
        self._lay_out()
        self._connect()

    # --- setters -----------------------------------------------------------------------------------------------

    def is_seen(self) -> bool:
        """Return whether the page is in front."""
        return self.isVisible()

    def show_empty(self, text: str) -> None:
        """Show that there is no run to try."""
        self._empty.set_words("Nothing to try yet", text)
        self._chooser_box.hide()
        self._pages.setCurrentWidget(self._empty)

    def show_runs(self, titles: Sequence[str], chosen: int) -> None:
        """Show the page with these runs to choose from."""
        self.chooser.blockSignals(True)
        if [self.chooser.itemText(place) for place in range(self.chooser.count())] != list(titles):
            self.chooser.clear()
            self.chooser.addItems(list(titles))
        self.chooser.setCurrentIndex(chosen)
        self.chooser.blockSignals(False)
        self._chooser_box.show()
        self._pages.setCurrentWidget(self.chat if self._chats else self._page)

    def show_fields(self, titles: Sequence[str]) -> None:
        """Show a field for each text that the model reads."""
        self.texts.show_fields(titles)

    def show_examples(self, rows: Sequence[Fields]) -> None:
        """Offer rows of texts to click."""
        self.examples.show_examples(rows)

    def show_busy(self, text: str) -> None:
        """Say what one is waiting for; nothing when empty."""
        self.answer.show_busy(text)
        self.chat.show_busy(text)

    def show_answer(self, answer: Answer | None) -> None:
        """Show what the model answered, or that there is nothing to answer."""
        self.answer.show_answer(answer)

    def show_error(self, error: Exception | None) -> None:
        """Show what went wrong, or that nothing did."""
        if error is None:
            self.error.clear()
        else:
            self.error.show_error(error)

    def show_command(self, command: str) -> None:
        """Show the command that does the same."""
        self.command.show_command(command)

    def show_file_progress(self, done: int, total: int) -> None:
        """Show how far a file is; ``total`` is 0 where nobody knows yet."""
        self.file.show_progress(done, total)

    def show_file_end(self, text: str) -> None:
        """Say how a file ended; nothing when empty."""
        self.file.show_end(text)

    def show_report(self, name: str, report: EvaluationReport) -> None:
        """Show how the model does on a file of this name."""
        ReportDialog(name, report, self.window()).open()

    # --- events ------------------------------------------------------------------------------------------------

    def _on_chat_shown(self, chats: bool) -> None:
        """Change between the text fields and the chat; the cards that both have go along."""
        self._chats = chats
        self.set_subtitle(CHATTED if chats else TYPED)
        if chats:
            self.chat.take_cards(self.file, self.command)
        else:
            self._take_cards()
        if self._pages.currentWidget() is not self._empty:
            self._pages.setCurrentWidget(self.chat if chats else self._page)

    def _on_example_picked(self, texts: Fields) -> None:
        self.texts.set_texts(texts)
        self.texts.fields[0].setFocus()

    def _on_copy_wished(self, command: str) -> None:
        QGuiApplication.clipboard().setText(command)

    # --- making ------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.texts.changed.connect(self.fields_changed)
        self.chooser.currentIndexChanged.connect(self.run_picked)
        self.examples.picked.connect(self._on_example_picked)
        self.file.file_wished.connect(self.file_wished)
        self.file.evaluation_wished.connect(self.evaluation_wished)
        self.file.cancel_wished.connect(self.cancel_wished)
        self.command.copy_wished.connect(self._on_copy_wished)
        self.chat.kind_shown.connect(self._on_chat_shown)

    def _make_chooser(self) -> None:
        self.chooser = QComboBox()
        self.chooser.setAccessibleName("Run whose model answers")
        self.chooser.setToolTip("The run whose best weights answer here; the other pages show the same run")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        label = QLabel("Answers from &run")
        label.setBuddy(self.chooser)
        self._chooser_box = QWidget()
        row = QHBoxLayout(self._chooser_box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(label)
        row.addWidget(self.chooser)
        self.add_header_widget(self._chooser_box)

    def _lay_out(self) -> None:
        self._empty = EmptyState("mdi6.message-text-outline", "Nothing to try yet", "")
        self._page = self._columns()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._page)
        self._pages.addWidget(self.chat)
        self.body.addWidget(self.error)
        self.body.addWidget(self._pages, 1)

    def _columns(self) -> QWidget:
        text_card = Card("Your text")
        text_card.body.addWidget(self.texts)
        text_card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        left = _column(text_card, self.examples)
        self._right = right = _column(self.answer)
        right.addStretch(1)
        columns = QWidget()
        row = QHBoxLayout(columns)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GAP)
        row.addLayout(left, 1)
        row.addLayout(right, 1)
        self._take_cards()  # only now: items that a layout has when it is added are known to Python for good
        area = QScrollArea()
        area.setWidget(columns)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    def _take_cards(self) -> None:
        for place, card in enumerate((self.file, self.command), 1):
            self._right.insertWidget(place, card)


def _column(*widgets: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(2 * GAP)
    for widget in widgets:
        column.addWidget(widget)
    return column
