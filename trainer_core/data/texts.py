"""The texts of a file that are to be predicted: the lines of a plain text, or a column of a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trainer_core.data.columns import listed
from trainer_core.data.encoding import detect_encoding
from trainer_core.data.rows import as_text
from trainer_core.data.sources import Table, load_table
from trainer_core.errors import InputError
from trainer_core.inference.prediction import OpenTexts

PLAIN = ".txt"
ROWS_AT_ONCE = 2_000


def open_texts(file: Path, trained: str = "", wanted: str | None = None) -> OpenTexts:
    """Open a file for prediction. A ``.txt`` file is its lines; of a table one column is taken.

    Args:
        file: a text file, or a table of any kind that training reads.
        trained: the name of the column that the model learnt from.
        wanted: a column's name or its position from 0, where the user gave one.

    Raises:
        InputError: the file cannot be read, or none of its columns is meant.
    """
    if file.suffix.lower() == PLAIN and wanted is None:
        lines = read_lines(file)
        return OpenTexts(len(lines), lines)
    table = load_table(file)
    return OpenTexts(len(table.rows), _column(table, _choose(table, wanted, trained)))


def read_lines(file: Path) -> list[str]:
    """Return the lines of a text file that are not blank.

    Raises:
        InputError: it is not there, is no text, or has no such line.
    """
    try:
        content = file.read_text(encoding=detect_encoding(file), errors="replace")
    except OSError as cause:
        raise InputError.one(file, f"This file cannot be read: {cause.strerror}.", "Choose another file.") from cause
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    if not lines:
        raise InputError.one(file, "This file is empty.", "Choose a file with a text a line.")
    return lines


def _choose(table: Table, wanted: str | None, trained: str) -> str:
    """Return the column with the texts: the one wanted, the one of training, or the only one there is."""
    names = table.columns
    if wanted is None:
        if trained in names or len(names) == 1:
            return trained if trained in names else names[0]
        what = f'There is no column "{trained}", from which the model learnt; its columns are {listed(names)}.'
        raise InputError.one(table.path, what, "Say which column holds the texts (on the command line with --column).")
    if wanted in names:
        return wanted
    if wanted.isdigit() and int(wanted) < len(names):
        return names[int(wanted)]
    what = f'There is no column "{wanted}".'
    raise InputError.one(table.path, what, f"Name one of: {listed(names)}.")


def _column(table: Table, name: str) -> Iterator[str]:
    for start in range(0, len(table.rows), ROWS_AT_ONCE):
        yield from (as_text(cell) for cell in table.rows[start : start + ROWS_AT_ONCE][name])
