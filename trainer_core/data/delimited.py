"""Reading CSV and TSV: the layout is found out from a sample; every cell stays text, as it was written."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.kinds import DELIMITED
from trainer_core.data.names import USUAL_NAMES
from trainer_core.errors import InputError

USUAL = {name for names in USUAL_NAMES.values() for name in names}
SAMPLE_LETTERS = 128 * 1024
LEAST_LINES = 20
MOST_LETTERS = 64 * SAMPLE_LETTERS
"""How far the sample goes on where rows are so long that it holds few of them."""
BLOCKS = (16 << 20, 256 << 20, (1 << 31) - 1)
"""How many bytes are parsed at once; a row has to fit, so larger blocks follow where one does not."""


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written: encoding, delimiter, quotes, header, and the names of its columns."""

    encoding: str
    delimiter: str
    quoted: bool
    header: bool
    blank_lines: int
    names: tuple[str, ...]


def detect_layout(path: Path, header: bool | None) -> Layout:
    """Find out how a delimited file is written, from its first rows.

    Args:
        path: the file.
        header: whether its first line holds column names; None to find out.

    Raises:
        InputError: the file is no text, or has only white space.
    """
    encoding = detect_encoding(path)
    sample, whole = _sample_text(path, encoding)
    if not sample.strip():
        raise InputError.one(path, "This file is empty.", "Name a file with rows in it.")
    delimiter = _detect_delimiter(sample, DELIMITED[path.suffix.lower()])
    quoted = _is_quoted(sample, delimiter)
    rows = _sample_rows(sample, delimiter, quoted)
    first = rows[0]
    has_header = _looks_like_header(rows, whole=whole) if header is None else header
    names = first if has_header else [f"column {place}" for place in range(len(first))]
    blank = len(list(itertools.takewhile(lambda line: not line.strip("\r\n"), io.StringIO(sample, newline=""))))
    return Layout(encoding, delimiter, quoted, has_header, blank, _unique(names))


def _sample_text(path: Path, encoding: str) -> tuple[str, bool]:
    """Return the first lines, and whether they are all; a row that the sample cuts in two is left out."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(SAMPLE_LETTERS)
        while text.count("\n") < LEAST_LINES and len(text) < MOST_LETTERS and (more := file.read(SAMPLE_LETTERS)):
            text += more
        whole = not file.read(1)
    cut = text.rfind("\n")
    return text if whole or cut < 0 else text[: cut + 1], whole


def _sample_rows(sample: str, delimiter: str, quoted: bool) -> list[list[str]]:
    csv.field_size_limit(1 << 30)
    text = io.StringIO(sample, newline="")
    reader = csv.reader(text, delimiter=delimiter)
    if not quoted:
        reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return [row for row in itertools.islice(reader, 500) if row]


def _detect_delimiter(sample: str, usual: str) -> str:
    if usual == "\t" and "\t" in sample:
        return usual
    candidates = (usual, ",", ";", "\t", "|")
    for candidate in candidates:
        widths = _widths(_sample_rows(sample, candidate, quoted=True))
        if len(widths) == 1 and widths != {1}:
            return candidate
    line = sample.splitlines()[0]
    counts = {candidate: line.count(candidate) for candidate in candidates}
    return usual if counts[usual] else max(counts, key=lambda c: counts[c]) if any(counts.values()) else usual


def _is_quoted(sample: str, delimiter: str) -> bool:
    """Whether double quotes enclose fields: reading them so gives rows of one length, and not reading them does not,
    or every field that begins with a quote also ends with one.
    """
    if '"' not in sample:
        return True
    plain = _widths(_sample_rows(sample, delimiter, quoted=False))
    quoted = _widths(_sample_rows(sample, delimiter, quoted=True))
    if len(quoted) != len(plain):
        return len(quoted) < len(plain)
    if delimiter != "\t":
        return True
    fields = itertools.chain.from_iterable(_sample_rows(sample, delimiter, quoted=False))
    opened = [field for field in fields if field.startswith('"')]
    return all(len(field) > 1 and field.endswith('"') for field in opened)


def _widths(rows: list[list[str]]) -> set[int]:
    return {len(row) for row in rows}


def _looks_like_header(rows: list[list[str]], *, whole: bool) -> bool:
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if len(set(first)) != len(first) and not {cell.lower() for cell in first} & USUAL:
        return False
    if (not rest and whole) or any(not cell or len(cell) > 40 for cell in first):
        return False
    if any(cell.replace(".", "", 1).replace("-", "", 1).isdigit() for cell in first):
        return False
    seen_again = any(
        len(row) > place and row[place].strip() == cell for row in rest for place, cell in enumerate(first)
    )
    return not seen_again and all(len(cell.split()) <= 4 for cell in first)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    result: list[str] = []
    for place, name in enumerate(names):
        plain = name.strip() or f"column {place}"
        result.append(plain if plain not in result else f"{plain} ({place})")
    return tuple(result)


def read_delimited(path: Path, layout: Layout) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a delimited file, every cell as text.

    Raises:
        InputError: a row has too few or too many columns, or the file cannot be read.
    """
    done = 0
    for block in BLOCKS:
        seen, last = 0, None
        try:
            for batch in _blocks(path, layout, block):
                last = batch
                new = batch.slice(max(0, min(done - seen, batch.num_rows)))
                seen += batch.num_rows
                done = max(done, seen)
                if new.num_rows:
                    yield new
        except _RowTooLongError:
            continue
        _check_closed(path, layout, last, seen)
        return
    what = "One of its rows is longer than 2 GB."
    raise InputError.one(path, what, "Check its quotes: one that is never closed makes one row of all that follow.")


def _check_closed(path: Path, layout: Layout, last: pa.RecordBatch | None, rows: int) -> None:
    """Refuse a file whose last row runs to its end because a quote was never closed: rows would be lost in it."""
    if last is None or not layout.quoted or not last.num_rows:
        return
    cells = last.slice(last.num_rows - 1).to_pylist()[0].values()
    if any("\n" in cell for cell in cells) and _count_quotes(path) % 2:
        number = rows + layout.header
        what = f"A quote is opened in row {number:,} and never closed, so all that follows became one text."
        raise InputError.one(f"{path}, row {number}", what, "Close the quote, or write it twice where it is meant.")


def _count_quotes(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b'"') for chunk in iter(lambda: file.read(BLOCKS[0]), b""))


class _RowTooLongError(Exception):
    """A row is longer than a block."""


def _blocks(path: Path, layout: Layout, block: int) -> Iterator[pa.RecordBatch]:
    ragged: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        ragged.append((row.number or 0, row.actual_columns))
        return "error"

    read = pa.csv.ReadOptions(
        encoding=layout.encoding,
        column_names=list(layout.names),
        skip_rows=layout.blank_lines,
        skip_rows_after_names=int(layout.header),
        use_threads=False,
        block_size=block,
    )
    parse = pa.csv.ParseOptions(
        delimiter=layout.delimiter,
        quote_char='"' if layout.quoted else False,
        double_quote=layout.quoted,
        newlines_in_values=layout.quoted,
        invalid_row_handler=note,
    )
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(layout.names, pa.large_string()),
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
    )
    try:
        yield from pa.csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    except (pa.ArrowInvalid, UnicodeDecodeError) as cause:
        if not ragged and "straddl" in str(cause):
            raise _RowTooLongError from cause
        raise _unreadable(path, layout, ragged, cause) from cause


def _unreadable(path: Path, layout: Layout, ragged: list[tuple[int, int]], cause: Exception) -> InputError:
    if ragged:
        number, columns = ragged[0]
        what = f"Row {number} has {columns} columns where {len(layout.names)} were expected."
        remedy = "Put quotes around texts that hold the delimiter or a line break, or mend that row."
        return InputError.one(f"{path}, row {number}", what, remedy)
    return InputError.one(path, f"This file cannot be read as a table: {cause}.", "Check its quotes and line ends.")
