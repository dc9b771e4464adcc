"""What is to be learnt, read from a column: class numbers, numbers, or which of several labels hold."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.sources import Table, is_listed
from trainer_core.errors import InputError

BoolArray = npt.NDArray[np.bool_]
SEPARATORS = ("|", ";", ",")
SEPARATED = 0.01
"""The share of cells that a separator has to stand in, to be one."""
MOST_BYTES = 2**31
"""Of a table of rows by labels."""


@dataclass(frozen=True)
class Targets:
    """What is to be learnt of the rows of a file.

    Attributes:
        values: [rows of the file, ...].
        missing: bool [rows of the file], where there is nothing to learn.
        labels: the names of classes by number.
        findings: what was noticed.
    """

    values: TargetArray
    missing: BoolArray
    labels: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)


class RowReader(Protocol):
    """What those who read rows have to know of a task.

    Attributes:
        needs: the columns it reads, in the order in which a model gets their texts.
        target: what a row without anything to learn lacks, for a sentence, as in "a label".
        undivided: the roles of texts that are not to stand both in rows to learn from and in rows held out.
    """

    needs: tuple[Need, ...]
    target: str
    undivided: tuple[Role, ...]

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Read what is to be learnt.

        Args:
            table: a file.
            columns: by role.
            whole: bool [rows to read], which of them have all their texts.
            labels: those of the training rows, where these are other rows; None for the training rows.
        """
        ...

    def strata(self, targets: TargetArray) -> IntArray:
        """Return int64 [rows] numbers of groups, of which each keeps its share where rows are held out."""
        ...

    def output_count(self, labels: Sequence[str]) -> int:
        """Return how many scores a row has."""
        ...

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Return what is wrong with, or worth knowing of, what is to be learnt."""
        ...

    def count(self, rows: Rows) -> dict[str, int]:
        """Return of how many rows what holds, by name, the most frequent first."""
        ...

    def describe_baseline(self, train: Rows, validation: Rows) -> str:
        """Return in a sentence what can be had without learning; empty where that says nothing."""
        ...


# --- classes ---------------------------------------------------------------------------------------------------------


def read_classes(table: Table, column: str, whole: BoolArray, labels: tuple[str, ...] | None) -> Targets:
    """Read class numbers, int64, of a column of labels; spaces around a label do not count."""
    spelt, numbers = _number_labels(table.read_text(column, len(whole)))
    missing = numbers < 0
    if labels is None:
        used = np.unique(numbers[whole & ~missing])
        names = tuple(spelt[number] for number in sorted(used.tolist(), key=lambda number: label_order(spelt[number])))
    else:
        names = labels
    places = {name: place for place, name in enumerate(names)}
    mapping = np.array([*(places.get(name, -1) for name in spelt), 0], dtype=np.int64)
    values = mapping[numbers]
    unknown = (values < 0) & ~missing & whole
    values[values < 0] = 0
    findings = [] if labels is None else find_unknown(table, [spelt[n] for n in np.unique(numbers[unknown]).tolist()])
    return Targets(values, missing, names, findings)


def find_unknown(table: Table, unknown: Collection[str]) -> list[Finding]:
    """Find labels that the training rows do not have."""
    if not unknown:
        return []
    names = sorted(unknown, key=label_order)
    shown = ", ".join(f'"{name}"' for name in names[:5]) + (", ..." if len(names) > 5 else "")
    what = f"{len(names)} labels never occur in the training rows: {shown}."
    remedy = "Add training rows of these classes (is data.limit too small?), or remove these rows."
    return [Finding(Severity.ERROR, str(table.path), what, remedy)]


def _number_labels(chunks: Iterator[pa.LargeStringArray]) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the label names as they appear, without the white space around them, and int32 [rows] their numbers.

    An empty cell has the number -1.
    """
    known: dict[str, int] = {"": -1}
    found: list[npt.NDArray[np.int32]] = []
    for chunk in chunks:
        encoded = pc.utf8_trim_whitespace(chunk).dictionary_encode()
        for name in encoded.dictionary.to_pylist():
            known.setdefault(name, len(known) - 1)
        numbers = np.array([known[name] for name in encoded.dictionary.to_pylist()], dtype=np.int32)
        found.append(numbers[encoded.indices.to_numpy(zero_copy_only=False)])
    return list(known)[1:], np.concatenate(found)


def label_order(label: str) -> tuple[bool, float, str]:
    """Order numbers by size, words by alphabet."""
    try:
        number = float(label)
    except ValueError:
        return True, 0.0, label
    return (False, number, label) if math.isfinite(number) else (True, 0.0, label)


# --- numbers ---------------------------------------------------------------------------------------------------------


def read_numbers(table: Table, column: str, whole: BoolArray) -> Targets:
    """Read finite numbers, float32, of a column; where a cell is none, something is missing."""
    found = [_numbers(chunk.to_pylist()) for chunk in table.read_text(column, len(whole))]
    values = np.concatenate(found)
    missing = ~(np.abs(values) <= np.finfo(np.float32).max)  # one that is no number is not smaller than any
    return Targets(np.where(missing, 0.0, values).astype(np.float32), missing)


def _numbers(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    return np.array([_number(cell) for cell in cells], dtype=np.float64)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


# --- several labels --------------------------------------------------------------------------------------------------


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
    rows = list(_label_lists(table, column, len(whole), separator, labels or ()))
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
    unknown: set[str] = set()
    for number, row in enumerate(rows):
        for name in row:
            if name in places:
                values[number, places[name]] = 1
            elif whole[number]:
                unknown.add(name)
    findings = [] if labels is None else find_unknown(table, sorted(unknown))
    return Targets(values, np.zeros(len(rows), dtype=np.bool_), names, findings)


def _label_lists(
    table: Table, column: str, stop: int, separator: str | None, known: Sequence[str]
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
    between = separator or find_separator(cells, known)
    for cell in cells:
        yield _cleaned(cell.split(between) if between else [cell])


def find_separator(cells: Sequence[str], known: Sequence[str] = ()) -> str:
    """Return what stands between the labels of a cell: the first separator that occurs in some cells; or nothing.

    Args:
        cells: of the column.
        known: labels; what stands in one of them is no separator.
    """
    filled = [cell for cell in cells if cell.strip()]
    few = SEPARATED * len(filled)
    marks = (mark for mark in SEPARATORS if not any(mark in name for name in known))
    return next((mark for mark in marks if sum(mark in cell for cell in filled) > few), "")


def _cleaned(names: Iterable[str]) -> list[str]:
    return [name for name in (name.strip() for name in names) if name]
