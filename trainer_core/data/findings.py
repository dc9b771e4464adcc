"""The pre-flight checks: what is wrong with, or worth knowing of, labelled rows."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainer_core.data.report import Finding, Severity
from trainer_core.data.rows import IntArray, LabelledRows
from trainer_core.data.sources import Table

SHOWN_ROWS = 5
FEW_ROWS = 5


def find_empty_cells(table: Table, cells: pa.ChunkedArray, what: str, key: str) -> tuple[Finding | None, IntArray]:
    """Find rows whose text or label is empty or only white space.

    Args:
        table: where the cells come from.
        cells: a column of text.
        what: ``text`` or ``label``, for the sentence.
        key: the dotted key to name in the remedy.

    Returns:
        The finding, or None, and the positions of those rows.
    """
    empty = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(cells, "")), "")
    positions = np.flatnonzero(empty.to_numpy(zero_copy_only=False))
    if not len(positions):
        return None, positions
    numbers = tuple(table.row_number(int(place)) for place in positions[:SHOWN_ROWS])
    first = ", ".join(str(number) for number in numbers) + (", ..." if len(positions) > SHOWN_ROWS else "")
    sentence = f"{count_rows(len(positions))} without a {what}: row {first}."
    remedy = f"Fill them in, or leave them out with data.skip_incomplete = true; or name another column in {key}."
    return Finding(Severity.ERROR, str(table.path), sentence, remedy, numbers), positions


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


def find_too_many_classes(rows: LabelledRows) -> Finding | None:
    """Find that the labels look like free text: nearly every row has its own."""
    if len(rows) < 20 or len(rows.labels) < 0.9 * len(rows):
        return None
    sentence = f"{len(rows.labels):,} different labels in {len(rows):,} rows: this column does not look like classes."
    return Finding(
        Severity.ERROR, str(rows.table.path), sentence, "Name the column with the classes in data.columns.label."
    )


def find_small_classes(train: LabelledRows) -> Finding | None:
    """Find classes with too few rows to learn from."""
    small = [f'"{name}" ({count})' for name, count in train.class_counts().items() if count < FEW_ROWS]
    if not small:
        return None
    shown = ", ".join(small[:SHOWN_ROWS]) + (", ..." if len(small) > SHOWN_ROWS else "")
    some = "1 class has" if len(small) == 1 else f"{len(small)} classes have"
    sentence = f"{some} fewer than {FEW_ROWS} rows to train on: {shown}."
    return Finding(Severity.WARNING, str(train.table.path), sentence, "Add rows, or merge classes.")


def find_label_variants(rows: LabelledRows) -> list[Finding]:
    """Find labels that differ only in case, spaces or punctuation."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in rows.labels:
        groups["".join(filter(str.isalnum, label.casefold()))].append(label)
    counts = rows.class_counts()
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


def find_leaks(train: LabelledRows, validation: LabelledRows) -> Finding | None:
    """Find validation rows whose text stands in the training rows as well."""
    known = {hash(_plain(text)) for texts in train.iterate_texts() for text in texts}
    leaked = [
        start + place
        for start, texts in enumerate_texts(validation)
        for place, text in enumerate(texts)
        if hash(_plain(text)) in known
    ]
    if not leaked:
        return None
    numbers = tuple(validation.table.row_number(int(validation.positions[place])) for place in leaked[:SHOWN_ROWS])
    sentence = f"{count_rows(len(leaked))} of the validation rows also stand in the training rows."
    remedy = "Remove them from one side; scores on rows seen in training are too good."
    example = validation[leaked[0]][0]
    return Finding(Severity.WARNING, str(validation.table.path), sentence, remedy, numbers, example)


def enumerate_texts(rows: LabelledRows, at_once: int = 10_000) -> list[tuple[int, list[str]]]:
    """Return pairs of a first place and the texts from there on."""
    return [(place * at_once, texts) for place, texts in enumerate(rows.iterate_texts(at_once))]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
