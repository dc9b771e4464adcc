"""Rows over a memory-mapped table: positions and what is to be learnt in memory, texts on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from trainer_core.data.roles import Fields, Role
from trainer_core.data.sources import Table, as_json

IntArray = npt.NDArray[np.int64]
TargetArray: TypeAlias = npt.NDArray[Any]
"""What is to be learnt of each row, [rows, ...]: class numbers, numbers, or which labels hold."""


@dataclass(frozen=True)
class Rows(Sequence[Fields]):
    """Some rows of a table with what is to be learnt of them. Indexing gives the cells of every column in use.

    Attributes:
        table: where the cells lie.
        columns: the names of the columns in use, by role, in the order of the task's needs.
        given: the roles of the texts that a model reads.
        positions: int64 [rows], which rows of the table, in order.
        targets: [rows, ...], what is to be learnt of each.
        labels: the names of classes by number; none where there are no classes.
    """

    table: Table
    columns: Mapping[Role, str]
    given: tuple[Role, ...]
    positions: IntArray
    targets: TargetArray
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, place: int) -> Fields: ...
    @overload
    def __getitem__(self, place: slice) -> list[Fields]: ...
    def __getitem__(self, place: int | slice) -> Fields | list[Fields]:
        if isinstance(place, slice):
            return self._cells(place, tuple(self.columns))
        place = range(len(self))[place]
        return self._cells(slice(place, place + 1), tuple(self.columns))[0]

    def fields(self, place: slice) -> list[Fields]:
        """Return the texts of a stretch of rows that a model reads."""
        return self._cells(place, self.given)

    def iterate_fields(self, at_once: int = 10_000) -> Iterator[list[Fields]]:
        """Yield the texts of all rows in order, some at once, so that memory does not grow with the rows."""
        for start in range(0, len(self), at_once):
            yield self.fields(slice(start, start + at_once))

    def taken(self, chosen: IntArray) -> Rows:
        """Return the rows at these places."""
        return replace(self, positions=self.positions[chosen], targets=self.targets[chosen])

    def row_number(self, place: int) -> int:
        """Return the number in the file of the row at a place, counted from 1."""
        return self.table.row_number(int(self.positions[place]))

    def _cells(self, place: slice, roles: tuple[Role, ...]) -> list[Fields]:
        wanted: Any = self.table.rows[self.positions[place]]
        columns = [
            [shown(cell, role, given=role in self.given) for cell in wanted[self.columns[role]]] for role in roles
        ]
        # Spaces around a label do not count, those around a text a model may see.
        kept = [
            column if role in self.given else map(str.strip, column)
            for role, column in zip(roles, columns, strict=True)
        ]
        return list(zip(*kept, strict=True))


def shown(cell: Any, role: Role, *, given: bool) -> str:
    """Return a cell as the text of its role; ``given`` tells whether a model reads it."""
    if role is Role.MESSAGES:
        return as_json(cell)
    return as_text(cell, " " if given else ", ")


def as_text(cell: Any, between: str = " ") -> str:
    """Return a cell as text; an absent one is empty, and the parts of a list, such as words, are joined."""
    if isinstance(cell, list):
        return between.join(as_text(part) for part in cell)
    if isinstance(cell, dict):
        if "text" in cell:
            return as_text(cell["text"], between)
        if {"start", "end", "label"} <= cell.keys():
            return f"{cell['label']} {cell['start']}-{cell['end']}"
        return between.join(as_text(part) for part in cell.values())
    return "" if cell is None else str(cell)
