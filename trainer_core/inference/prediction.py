"""What a prediction is, and the texts that wait for one. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """The answer to one text.

    Attributes:
        text: the text as it was given.
        label: the most probable class.
        probabilities: the probability of every class, the most probable first; they sum to 1.
        truncated: whether the text was longer than the model's maximum length and its end was not read.
    """

    text: str
    label: str
    probabilities: dict[str, float]
    truncated: bool = False


@dataclass(frozen=True)
class OpenTexts:
    """The texts of a file, read as they are asked for, and how many there are."""

    total: int
    texts: Iterable[str]
