"""What is to be learnt, read from a column: class numbers, numbers, or which of several labels hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer_core.data.findings import count_rows, named_rows
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.sources import Table

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Unusable:
    """Rows of which nothing can be learnt although their cells are filled.

    Attributes:
        what: their cells hold, as in "spans".
        reason: why that cannot be used, for a sentence after "since".
        places: of the rows in the file.
    """

    what: str
    reason: str
    places: list[int]


@dataclass(frozen=True)
class Targets:
    """What is to be learnt of the rows of a file.

    Attributes:
        values: [rows of the file, ...].
        missing: bool [rows of the file], where there is nothing to learn.
        labels: the names of classes by number.
        unusable: why, where not simply because a cell is empty.
        findings: what else was noticed.
    """

    values: TargetArray
    missing: BoolArray
    labels: tuple[str, ...] = ()
    unusable: list[Unusable] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Reasons:
    """Collects why rows cannot be used.

    Args:
        what: their cells hold, as in "spans".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._found: dict[str, Unusable] = {}

    def add(self, reason: object, place: int) -> None:
        """Take note of a row. Reasons that differ only in what they quote are one, with the first as its example."""
        kind = re.sub(r'".*"', '""', str(reason))
        self._found.setdefault(kind, Unusable(self._what, str(reason), [])).places.append(place)

    @property
    def unusable(self) -> list[Unusable]:
        """Every reason with its rows."""
        return list(self._found.values())


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
    unknown = np.flatnonzero((values < 0) & ~missing & whole)
    values[values < 0] = 0
    findings = [] if labels is None else find_unknown(table, ((spelt[numbers[n]], n) for n in unknown.tolist()))
    return Targets(values, missing, names, findings=findings)


def find_unknown(table: Table, unknown: Iterable[tuple[str, int]]) -> list[Finding]:
    """Find labels that the training rows do not have.

    Args:
        table: where they stand.
        unknown: such labels, each with the place of a row, in the order of the rows.
    """
    names: set[str] = set()
    places: dict[int, None] = {}
    for name, place in unknown:
        names.add(name)
        places[int(place)] = None
    if not names:
        return []
    numbers, first = named_rows(table, list(places))
    some = sorted(names, key=label_order)
    shown = ", ".join(f'"{name}"' for name in some[:5]) + (", ..." if len(some) > 5 else "")
    never = "1 label never occurs" if len(some) == 1 else f"{len(some):,} labels never occur"
    what = f"{never} in the training rows: {shown}, of {count_rows(len(places))}: row {first}."
    remedy = "Add training rows of these classes (is data.limit too small?), or remove these rows."
    return [Finding(Severity.ERROR, str(table.path), what, remedy, numbers)]


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
