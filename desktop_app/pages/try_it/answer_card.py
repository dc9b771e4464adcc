"""The card with the model's answer: the class in large type, and a bar for each class."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop_app.pages.try_it.bars import ClassBars
from desktop_app.pages.try_it.words import Answer, share_words
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, Card, Notice, heading, muted

NOTHING = "The answer stands here as soon as there is a text."


class AnswerCard(Card):
    """Shows an answer, what one waits for, or that there is no text yet."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Answer", parent)
        self._label = heading("", 1.6)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setAccessibleName("Answer")
        self._hint = muted(NOTHING)
        self.bars = ClassBars(theme)
        self._rest = muted()
        self.note = Notice()
        self.body.addWidget(self._label)
        self.body.addWidget(self._hint)
        self.body.addSpacing(GAP // 2)
        self.body.addWidget(self.bars)
        self.body.addWidget(self._rest)
        self.body.addWidget(self.note)
        self._busy = ""
        self._answer: Answer | None = None
        self._show()

    @property
    def label(self) -> str:
        """The answer; empty while there is none."""
        return self._label.text()

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
        self._label.setText(answer.label if answer else "")
        self._label.setVisible(answer is not None)
        sure = f"with {share_words(answer.share)} probability" if answer else NOTHING
        self._hint.setText(f"{self._busy}..." if self._busy else sure)
        self.bars.show_bars(answer.bars if answer else ())
        self.bars.setVisible(answer is not None)
        self._rest.setText(answer.rest if answer else "")
        self._rest.setVisible(bool(answer and answer.rest))
        if answer and answer.note:
            self.note.show_warning(answer.note)
        else:
            self.note.clear()
