"""The pre-flight checks: what is wrong with, or worth knowing of, labelled rows."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Role
from trainer_core.data.rows import IntArray, Rows
from trainer_core.data.sources import Table

LOOK_ALIKES = str.maketrans("аеорсухіјѕһԁАВЕКМНОРСТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "aeopcyxijshdABEKMHOPCTXABEZHIKMNOPTYXo")
"""Cyrillic and Greek letters that nobody can tell from the Latin ones they are put to."""
SHOWN_ROWS = 5
FEW_ROWS = 5


def find_empty_cells(table: Table, positions: IntArray, what: str, role: Role) -> Finding | None:
    """Find rows in which something is empty or only white space, or is not what it has to be.

    Args:
        table: where the cells come from.
        positions: int64 [such rows].
        what: they lack, for the sentence.
        role: of the column, to name in the remedy.
    """
    if not len(positions):
        return None
    numbers, first = named_rows(table, positions)
    sentence = f"{count_rows(len(positions))} without {_article(what)}{what}: row {first}."
    return Finding(Severity.ERROR, str(table.path), sentence, _remedy("Fill them in", role), numbers)


def find_unusable(table: Table, reason: str, places: Sequence[int] | IntArray, what: str, role: Role) -> Finding:
    """Tell why what is to be learnt of some rows, such as spans or answers, cannot be used.

    Args:
        table: where they stand.
        reason: for the sentence, after "since".
        places: of the rows in the file.
        what: their cells hold, as in "spans".
        role: of the column, to name in the remedy.
    """
    numbers, first = named_rows(table, places)
    sentence = f"{count_rows(len(places))} with {what} that cannot be used, since {reason}: row {first}."
    return Finding(Severity.ERROR, str(table.path), sentence, _remedy("Mend these rows", role), numbers)


def _remedy(first: str, role: Role) -> str:
    leave_out = "leave them out with data.skip_incomplete = true"
    return f"{first}, or {leave_out}; or name another column in data.columns.{role}."


def _article(what: str) -> str:
    if what.endswith("s"):
        return ""
    return "an " if what[0] in "aeiou" else "a "


def named_rows(table: Table, places: Sequence[int] | IntArray) -> tuple[tuple[int, ...], str]:
    """Return the numbers in the file of the first of some rows, and the same in words."""
    numbers = tuple(table.row_number(int(place)) for place in places[:SHOWN_ROWS])
    return numbers, ", ".join(map(str, numbers)) + (", ..." if len(places) > SHOWN_ROWS else "")


def count_rows(count: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"


def find_one_class(table: Table, labels: tuple[str, ...]) -> Finding | None:
    """Find that there is nothing to tell apart."""
    if len(labels) > 1:
        return None
    sentence = f'Every row has the label "{labels[0]}", so there is nothing to learn.'
    remedy = "Add rows of another class, or name another column in data.columns.label."
    return Finding(Severity.ERROR, str(table.path), sentence, remedy)


def find_too_many_classes(rows: Rows, counts: Mapping[str, int]) -> Finding | None:
    """Find that the labels look like free text: nearly every one occurs once."""
    named = sum(counts.values())
    if named < 20 or len(rows.labels) < 0.9 * named:
        return None
    sentence = f"{len(rows.labels):,} different labels in {len(rows):,} rows: this column does not look like classes."
    return Finding(
        Severity.ERROR, str(rows.table.path), sentence, "Name the column with the classes in data.columns.label."
    )


def find_small_classes(train: Rows, counts: Mapping[str, int]) -> Finding | None:
    """Find classes with too few rows to learn from."""
    small = [f'"{name}" ({count})' for name, count in counts.items() if count < FEW_ROWS]
    if not small:
        return None
    shown = ", ".join(small[:SHOWN_ROWS]) + (", ..." if len(small) > SHOWN_ROWS else "")
    some = "1 class has" if len(small) == 1 else f"{len(small)} classes have"
    sentence = f"{some} fewer than {FEW_ROWS} rows to train on: {shown}."
    return Finding(Severity.WARNING, str(train.table.path), sentence, "Add rows, or merge classes.")


def find_label_variants(rows: Rows, counts: Mapping[str, int]) -> list[Finding]:
    """Find labels that differ only in case, spaces, punctuation, or letters of another script that look alike."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in rows.labels:
        seen = unicodedata.normalize("NFKC", label).translate(LOOK_ALIKES).casefold()
        groups["".join(filter(str.isalnum, seen))].append(label)
    return [
        Finding(
            Severity.WARNING,
            str(rows.table.path),
            "These labels look like one: " + ", ".join(f'"{name}" ({counts[name]:,})' for name in names) + ".",
            "Spell them alike if they mean the same.",
        )
        for key, names in groups.items()
        if key and len(names) > 1
    ]


def find_leaks(train: Rows, validation: Rows) -> Finding | None:
    """Find validation rows whose texts stand in the training rows as well."""
    of_train = _text_hashes(train)
    same = validation.table is train.table
    of_validation = of_train if same else _text_hashes(validation)
    leaked = np.flatnonzero(_among(of_validation[validation.positions], of_train[train.positions]))
    if not len(leaked):
        return None
    numbers = tuple(validation.row_number(int(place)) for place in leaked[:SHOWN_ROWS])
    sentence = f"{count_rows(len(leaked))} of the validation rows also stand in the training rows."
    remedy = "Remove them from one side; scores on rows seen in training are too good."
    example = "\n".join(validation.fields(slice(int(leaked[0]), int(leaked[0]) + 1))[0])
    return Finding(Severity.WARNING, str(validation.table.path), sentence, remedy, numbers, example)


def _among(wanted: IntArray, known: IntArray) -> npt.NDArray[np.bool_]:
    """Return which of some numbers stand among others; these are sorted where they lie, which needs no memory more."""
    known.sort()
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.equal(known[places], wanted)


def _text_hashes(rows: Rows) -> IntArray:
    return text_hashes(rows.table, [rows.columns[role] for role in rows.given])


def text_hashes(table: Table, names: Sequence[str]) -> IntArray:
    """Return a hash of some texts of each row of a table, int64 [rows]: eight bytes a row, however long they are.

    They are other ones in every process.
    """
    columns = [_cells(table, name) for name in names]
    hashes: Iterator[int] = (hash(tuple(map(_plain, texts))) for texts in zip(*columns, strict=True))
    return np.fromiter(hashes, dtype=np.int64, count=len(table.rows))


def _cells(table: Table, column: str) -> Iterator[str]:
    for chunk in table.read_text(column):
        yield from chunk.to_pylist()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
