"""Labelled rows over a memory-mapped table: positions and class numbers in memory, texts on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from trainer_core.data.sources import Table

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelledRows(Sequence[tuple[str, str]]):
    """Some rows of a table with their classes. Indexing gives ``(text, label name)``.

    Attributes:
        table: where the texts lie.
        text_column: the name of the column with the texts.
        positions: int64 [rows], which rows of the table, in order.
        classes: int64 [rows], the class number of each.
        labels: the class names by number.
    """

    table: Table
    text_column: str
    positions: IntArray
    classes: IntArray
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, place: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[str, str]]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, str] | list[tuple[str, str]]:
        if isinstance(place, slice):
            names = [self.labels[number] for number in self.classes[place]]
            return list(zip(self.texts(place), names, strict=True))
        place = range(len(self))[place]
        return self.texts(slice(place, place + 1))[0], self.labels[self.classes[place]]

    def texts(self, place: slice) -> list[str]:
        """Return the texts of a stretch of rows."""
        wanted: Any = self.table.rows[self.positions[place]]
        return [as_text(cell) for cell in wanted[self.text_column]]

    def iterate_texts(self, at_once: int = 10_000) -> Iterator[list[str]]:
        """Yield all texts in order, some at once, so that memory does not grow with the rows."""
        for start in range(0, len(self), at_once):
            yield self.texts(slice(start, start + at_once))

    def class_counts(self) -> dict[str, int]:
        """Return how many rows each class has, the most frequent first."""
        counts = np.bincount(self.classes, minlength=len(self.labels))
        order = np.argsort(-counts, kind="stable")
        return {self.labels[number]: int(counts[number]) for number in order}

    def taken(self, chosen: IntArray) -> LabelledRows:
        """Return the rows at these places."""
        return LabelledRows(self.table, self.text_column, self.positions[chosen], self.classes[chosen], self.labels)


def as_text(cell: Any) -> str:
    """Return a cell as text; an absent one is empty."""
    return "" if cell is None else str(cell)
