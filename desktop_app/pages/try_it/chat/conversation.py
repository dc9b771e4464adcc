"""A conversation with a model, and with the model as it was before: who said what. Imports no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from trainer_core.inference.written import Message, Written


class Voice(StrEnum):
    """Who answers: the model before it was fine-tuned, or after."""

    BEFORE = "before"
    AFTER = "after"


@dataclass
class Turn:
    """What the user said, and what each voice that was asked wrote."""

    question: str
    said: dict[Voice, Written] = field(default_factory=dict)


class Conversation:
    """The turns up to now, oldest first. Every voice hears the user, and itself, but never the other one."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def add(self, question: str) -> int:
        """Begin a turn; return its place."""
        self.turns.append(Turn(question))
        return len(self.turns) - 1

    def keep(self, place: int, voice: Voice, written: Written) -> None:
        """Take an answer, in the place of an earlier one of this turn."""
        self.turns[place].said[voice] = written

    def drop(self, place: int, voice: Voice) -> None:
        """Forget an answer, where there is one."""
        self.turns[place].said.pop(voice, None)

    def clear(self) -> None:
        """Begin anew."""
        self.turns.clear()

    def messages(self, place: int, voice: Voice, system: str) -> list[Message]:
        """Return what a voice is given to answer a turn.

        Turns that it left unanswered are left out: chat templates refuse two questions in a row, and empty answers.

        Args:
            place: of the turn.
            voice: who answers.
            system: what stands before everything; nothing when blank.
        """
        messages: list[Message] = [{"role": "system", "content": system.strip()}] if system.strip() else []
        for turn in self.turns[:place]:
            said = turn.said.get(voice)
            if said is not None and said.text.strip():
                messages.append({"role": "user", "content": turn.question})
                messages.append({"role": "assistant", "content": said.text})
        return [*messages, {"role": "user", "content": self.turns[place].question}]
