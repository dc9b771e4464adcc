"""Files of plain text: each line that is not blank is a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.records import numbered
from trainer_core.errors import InputError

LINES_AT_ONCE, LETTERS_AT_ONCE = 10_000, 16 << 20
"""How many lines make a batch, and how many letters, whichever comes first."""


def read_lines(file: Path) -> list[str]:
    """Return the lines of a text file that are not blank.

    Raises:
        InputError: it is not there, is no text, or has no such line.
    """
    try:
        lines = [text for _, text in iterate_lines(file, detect_encoding(file))]
    except OSError as cause:
        raise InputError.one(file, f"This file cannot be read: {cause.strerror}.", "Choose another file.") from cause
    if not lines:
        raise InputError.one(file, "This file is empty.", "Choose a file with a text a line.")
    return lines


def iterate_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of a file, without the white space around them, each with the number of its line."""
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, start=1):
            for part in line.splitlines():  # a line may hold other line ends than those of files
                if text := part.strip():
                    yield number, text


def batches_of_lines(lines: Iterator[tuple[int, str]], name: str) -> Iterator[pa.RecordBatch]:
    """Yield texts as rows of a column of this name, which say on which lines they stand."""
    numbers: list[int] = []
    cells: list[str] = []
    letters = 0
    for number, text in lines:
        numbers.append(number)
        cells.append(text)
        letters += len(text)
        if len(cells) >= LINES_AT_ONCE or letters >= LETTERS_AT_ONCE:
            yield _batch(numbers, cells, name)
            numbers, cells, letters = [], [], 0
    if cells:
        yield _batch(numbers, cells, name)


def _batch(numbers: list[int], cells: list[str], name: str) -> pa.RecordBatch:
    return numbered(pa.RecordBatch.from_arrays([pa.array(cells, pa.large_string())], [name]), numbers)
