"""The conversation on screen: turns under each other, and the newest words in sight."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.messages import TurnWidget
from desktop_app.pages.try_it.chat.words import NOT_ASKED, Reply
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP
from trainer_core.results.verdicts import Verdict

NEAR = 24
"""Who is this near to the end wants to see what comes."""


class ConversationArea(QScrollArea):
    """Shows turns; follows what is written unless one scrolled up to read."""

    again_wished = Signal(object)
    """Another answer of a voice is wished in the last turn."""
    verdict_clicked = Signal(int, object)
    """The place of a turn, and the ``Verdict`` on its answers."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._comparing = False
        self._offered = False
        self._follows = True
        self.turns: list[TurnWidget] = []
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(0, 0, 0, GAP)
        self._layout.setSpacing(3 * GAP)
        self._layout.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Conversation")
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

    def add_turn(self, question: str) -> None:
        """Show what the user said, at the end, and come there."""
        self._show_again(offered=False)
        turn = TurnWidget(self._theme, question)
        turn.again_wished.connect(self.again_wished)
        turn.verdict.clicked.connect(partial(self.verdict_clicked.emit, len(self.turns)))
        turn.show_comparison(on=self._comparing)
        for answer in turn.answers.values():
            answer.show_reply(NOT_ASKED)
        self._layout.insertWidget(len(self.turns), turn)
        self.turns.append(turn)
        self._show_again(offered=self._offered)
        self._follows = True

    def show_reply(self, place: int, voice: Voice, reply: Reply) -> None:
        """Show an answer of a turn."""
        self.turns[place].answers[voice].show_reply(reply)

    def grow_reply(self, place: int, voice: Voice, piece: str) -> None:
        """Show what was written on of an answer."""
        self.turns[place].answers[voice].grow(piece)

    def show_verdict(self, place: int, *, offered: bool, verdict: Verdict | None) -> None:
        """Offer to judge the answers of a turn, or not, and show the verdict on them."""
        row = self.turns[place].verdict
        row.show_verdict(verdict)
        row.setVisible(offered)

    def clear_turns(self) -> None:
        """Show nothing."""
        for turn in self.turns:
            self._layout.removeWidget(turn)
            turn.hide()
            turn.deleteLater()
        self.turns = []

    def show_comparison(self, *, on: bool) -> None:
        """Show the answers of the model as it was, too, or not."""
        self._comparing = on
        for turn in self.turns:
            turn.show_comparison(on=on)

    def offer_again(self, offered: bool) -> None:
        """Offer other answers in the last turn, or not."""
        self._offered = offered
        self._show_again(offered=offered)

    def _show_again(self, *, offered: bool) -> None:
        if self.turns:
            self.turns[-1].show_again(offered=offered)

    def _on_scrolled(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - NEAR

    def _on_range_changed(self, _: int, most: int) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(most)
