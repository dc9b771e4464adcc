"""How a model reads a row, and which of it counts: for the user to look at before training. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stretch:
    """Part of what a model reads.

    Attributes:
        text: as its tokens spell it.
        learnt: whether these tokens count.
    """

    text: str
    learnt: bool


@dataclass(frozen=True)
class Reading:
    """One row as a language model reads it.

    Attributes:
        stretches: in order; together they are all that is read.
        tokens: how many there are.
        learnt: how many of them count.
        cut: whether an end was not read.
    """

    stretches: tuple[Stretch, ...]
    tokens: int
    learnt: int
    cut: bool
