"""What is asked of a model that writes, and what it gave. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from trainer_core.inference.prediction import Prediction

Side = Literal["system", "user", "assistant"]


class Message(TypedDict):
    """What one side says, as chat templates take it."""

    role: Side
    content: str


@dataclass(frozen=True)
class WritingSettings:
    """How a model writes.

    Attributes:
        temperature: 0 takes the likeliest token every time; 1 draws as the model thinks; more is wilder.
        top_p: tokens are drawn from the likeliest ones that make up this share (Holtzman et al. 2020,
            arXiv:1904.09751).
        most_tokens: after so many it ends.
        seed: what chance begins with; None for another every time.
    """

    temperature: float = 0.0
    top_p: float = 0.95
    most_tokens: int = 256
    seed: int | None = None


class WritingEnd(StrEnum):
    """Why a model wrote no more: it was done, there were enough tokens, or the user had heard enough."""

    DONE = "done"
    LENGTH = "length"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Written:
    """What a model wrote.

    Attributes:
        text: without the marks around it.
        tokens: how many it is of.
        seconds: from the first token that was read to the last that was written.
        end: why it ended.
        forgotten: how many tokens at the beginning of what it was given it had no room for.
    """

    text: str
    tokens: int
    seconds: float
    end: WritingEnd
    forgotten: int = 0

    @property
    def speed(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class WrittenPrediction(Prediction):
    """What a model wrote for a row."""

    written: Written

    @property
    def answer(self) -> str:
        """What it wrote."""
        return self.written.text

    def values(self) -> dict[str, Any]:
        """Return what it wrote, and why it ended."""
        return {"answer": self.written.text, "tokens": self.written.tokens, "end": self.written.end.value}

    def cells(self) -> dict[str, str | float]:
        """Return what it wrote."""
        return {"answer": self.written.text}
