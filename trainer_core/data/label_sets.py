"""Which of several labels hold, read from a column: lists, or texts with marks between the labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from trainer_core.data.nested import parse_nested
from trainer_core.data.sources import Table, is_listed
from trainer_core.data.targets import BoolArray, Targets, find_unknown, label_order
from trainer_core.errors import InputError

SEPARATORS = ("|", ";", ",")
SEPARATED = 0.01
"""The share of cells that a separator has to stand in, to be one."""
MOST_BYTES = 2**31
"""Of a table of rows by labels."""


def read_label_sets(
    table: Table, column: str, whole: BoolArray, labels: tuple[str, ...] | None, separator: str | None
) -> Targets:
    """Read which labels hold, uint8 [rows, labels], of a column of lists, or of texts with separators.

    An empty cell means that none holds.

    Args:
        table: a file.
        column: its name.
        whole: bool [rows to read], which rows count.
        labels: those of the training rows, where these are other rows.
        separator: between two labels of a text; None to find out.

    Raises:
        InputError: there are more rows and labels than memory can hold, or the lists hold no simple values.
    """
    rows = list(_label_lists(table, column, len(whole), separator, frozenset(labels or ())))
    if labels is None:
        named = {name for row, counts in zip(rows, whole, strict=True) if counts for name in row}
        names = tuple(sorted(named, key=label_order))
    else:
        names = labels
    if len(rows) * len(names) > MOST_BYTES:
        what = f"{len(names):,} labels of {len(rows):,} rows are more than can be held."
        raise InputError.one(table.path, what, "Read fewer rows with data.limit, or merge labels.")
    places = {name: place for place, name in enumerate(names)}
    values = np.zeros((len(rows), len(names)), dtype=np.uint8)
    unknown: list[tuple[str, int]] = []
    for number, row in enumerate(rows):
        for name in row:
            if name in places:
                values[number, places[name]] = 1
            elif whole[number]:
                unknown.append((name, number))
    findings = [] if labels is None else find_unknown(table, unknown)
    return Targets(values, np.zeros(len(rows), dtype=np.bool_), names, findings=findings)


def _label_lists(
    table: Table, column: str, stop: int, separator: str | None, known: Collection[str]
) -> Iterator[list[str]]:
    kind = table.rows.data.column(column).type
    if pa.types.is_nested(kind):
        if not is_listed(kind) or pa.types.is_nested(kind.value_type):
            what = f'The column "{column}" of {table.path.name} holds {kind}, not lists of labels.'
            raise InputError.one("data.columns", what, "Name a column of texts or lists of texts.")
        for cell in table.rows.data.column(column).slice(0, stop).to_pylist():
            yield _cleaned(str(name) for name in cell or () if name is not None)
        return
    cells = [cell for chunk in table.read_text(column, stop) for cell in chunk.to_pylist()]
    written = [_written_list(cell) for cell in cells]
    between = separator or find_separator([cell for cell, names in zip(cells, written, strict=True) if names is None])
    for cell, names in zip(cells, written, strict=True):
        if names is None:
            names = _known_parts(cell, known) if known and not separator else None
        yield _cleaned(names if names is not None else cell.split(between) if between else [cell])


def _written_list(cell: str) -> list[str] | None:
    """Return the names in a cell that is written as a list, in JSON or by Python; None where it is not."""
    stripped = cell.strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        return None
    try:
        value = parse_nested(stripped)
    except ValueError:
        return None
    simple = all(isinstance(name, str | int | float | None) for name in value)
    return [str(name) for name in value if name is not None] if simple else None


def _known_parts(cell: str, known: Collection[str]) -> list[str] | None:
    """Return the labels of a cell of other rows than those learnt from: these may be too few to tell marks by."""
    apart = ([cell], *(cell.split(mark) for mark in SEPARATORS))
    return next((names for names in map(_cleaned, apart) if names and all(name in known for name in names)), None)


def find_separator(cells: Sequence[str]) -> str:
    """Return what stands between the labels of a cell: the first separator that occurs in some cells; or nothing."""
    filled = [cell for cell in cells if cell.strip()]
    few = SEPARATED * len(filled)
    return next((mark for mark in SEPARATORS if sum(mark in cell for cell in filled) > few), "")


def _cleaned(names: Iterable[str]) -> list[str]:
    return [name for name in (name.strip() for name in names) if name]
