"""What a prediction is. Imports nothing heavy."""

from __future__ import annotations

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
