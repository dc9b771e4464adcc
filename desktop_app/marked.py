"""Texts in which stretches stand out. No Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """A stretch of a text that stands out, and what it is; empty where that is plain."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True)
class MarkedText:
    """A text with stretches that stand out, in its order; ``labels`` are all that occur, for their colours."""

    text: str
    marks: tuple[Mark, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the marks, in alphabetical order."""
        return tuple(sorted({mark.label for mark in self.marks}))
