"""The card with the model's answer: the answer in large type, and bars of what it was chosen from."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop_app.pages.try_it.bars import AnswerBars
from desktop_app.pages.try_it.words import Answer
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, Card, Notice, heading, muted
from desktop_app.widgets.marked_text import MarkedTextView

NOTHING = "The answer stands here as soon as there is a text."


class AnswerCard(Card):
    """Shows an answer, what one waits for, or that there is no text yet."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Answer", parent)
        self._title = heading("", 1.6)
        self._title.setWordWrap(True)
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._title.setAccessibleName("Answer")
        self._hint = muted(NOTHING)
        self.marked = MarkedTextView(theme)
        self.bars = AnswerBars(theme)
        self._rest = muted()
        self.note = Notice()
        self.body.addWidget(self._title)
        self.body.addWidget(self._hint)
        self.body.addSpacing(GAP // 2)
        self.body.addWidget(self.marked)
        self.body.addWidget(self.bars)
        self.body.addWidget(self._rest)
        self.body.addWidget(self.note)
        self._busy = ""
        self._answer: Answer | None = None
        self._show()

    @property
    def title(self) -> str:
        """The answer; empty while there is none."""
        return self._title.text()

    @property
    def hint(self) -> str:
        """What stands under the answer, or in its place."""
        return self._hint.text()

    def show_busy(self, text: str) -> None:
        """Say what one is waiting for; nothing when empty."""
        self._busy = text
        self._show()

    def show_answer(self, answer: Answer | None) -> None:
        """Show what the model answered, or that there is nothing to answer."""
        self._answer = answer
        self._show()

    def _show(self) -> None:
        answer = self._answer
        self._title.setText(answer.title if answer else "")
        self._title.setVisible(answer is not None)
        hint = answer.hint if answer else NOTHING
        self._hint.setText(f"{self._busy}..." if self._busy else hint)
        self._hint.setVisible(bool(self._hint.text()))
        self.marked.show_marked(answer.marked if answer else None)
        self.marked.setVisible(bool(answer and answer.marked))
        self.bars.show_bars(answer.bars if answer else ())
        self.bars.setVisible(bool(answer and answer.bars))
        self._rest.setText(answer.rest if answer else "")
        self._rest.setVisible(bool(answer and answer.rest))
        if answer and answer.note:
            self.note.show_warning(answer.note)
        else:
            self.note.clear()
