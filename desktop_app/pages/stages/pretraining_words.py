"""What the card of the stage before the stages shows, as plain values and words. Imports no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desktop_app.adapters.layer_words import format_rate
from desktop_app.pages.stages.words import split_rules
from trainer_core.project.schema import PretrainingSection, Project

OFF = "The model begins with the stages, as it came."
OWN = "It reads {epochs} through the texts of the training rows; what is learnt of them is not shown to it."
OTHERS = "It reads {epochs} through the texts of this file, and only then learns the task."


@dataclass(frozen=True)
class PretrainingForm:
    """The values of the card.

    Attributes:
        on: whether the project wishes it.
        texts: the file; empty for the texts of the training rows.
        words: what that means, in a sentence.
    """

    on: bool
    texts: str
    train: str
    learning_rate: str
    epochs: int
    words: str


def pretraining_form(project: Project) -> PretrainingForm:
    """Return the card's values; where it is off, those that it would begin with."""
    wish = project.pretraining or PretrainingSection()
    times = "once" if wish.epochs == 1 else f"{wish.epochs:,} times"
    return PretrainingForm(
        on=project.pretraining is not None,
        texts=wish.texts or "",
        train=", ".join(wish.train),
        learning_rate=format_rate(wish.learning_rate),
        epochs=wish.epochs,
        words=OFF if project.pretraining is None else (OTHERS if wish.texts else OWN).format(epochs=times),
    )


def pretraining_value(field: str, value: Any) -> Any:
    """Return what the user wrote in a field as the project has it.

    Raises:
        ValueError: a learning rate is no number.
    """
    if field == "learning_rate":
        return float(value)
    if field == "train":
        return split_rules(value)
    return value or None if field == "texts" else value
