"""Reading CSV and TSV: the layout is found out from a sample; every cell stays text, as it was written."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.csv

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.kinds import DELIMITED, PLAIN
from trainer_core.data.lines import batches_of_lines, iterate_lines
from trainer_core.data.names import USUAL_NAMES
from trainer_core.data.records import numbered
from trainer_core.data.words import is_tag
from trainer_core.errors import InputError

USUAL = {name for names in USUAL_NAMES.values() for name in names}
SAMPLE_LETTERS = 128 * 1024
LEAST_LINES = 20
MOST_LETTERS = 64 * SAMPLE_LETTERS
"""How far the sample goes on where rows are so long that it holds few of them."""
BLOCKS = (16 << 20, 256 << 20, (1 << 31) - 1)
"""How many bytes are parsed at once; a row has to fit, so larger blocks follow where one does not."""
LINES = ""
"""The delimiter of a file that is no table: each of its lines is a row of one column."""
TEXT = "text"
MOSTLY = 0.9
"""The share of lines that have as many columns, or that end with a tag, in a file of such lines."""


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written: encoding, delimiter, quotes, header, and the names of its columns.

    Where it is no table but lines of text, the delimiter is ``LINES``.
    """

    encoding: str
    delimiter: str
    quoted: bool
    header: bool
    blank_lines: int
    names: tuple[str, ...]


def detect_layout(path: Path, header: bool | None) -> Layout:
    """Find out how a delimited file is written, from its first rows.

    A plain text file is lines of text, unless it clearly is a table: the first line of a text is no header, and a
    comma in it separates nothing.

    Args:
        path: the file.
        header: whether the first line of a table holds column names; None to find out.

    Raises:
        InputError: the file is no text, or has only white space.
    """
    encoding = detect_encoding(path)
    sample, whole = _sample_text(path, encoding)
    plain = path.suffix.lower() == PLAIN
    if not plain and not sample.strip():
        raise InputError.one(path, "This file is empty.", "Name a file with rows in it.")
    usual = DELIMITED[path.suffix.lower()]
    may_be_lines = plain and not header  # where a header is said to be there, the file is said to be a table
    delimiter = _delimiter_of_table(sample, whole=whole) if may_be_lines else _detect_delimiter(sample, usual)
    if delimiter == LINES:
        return _layout_of_lines(path, encoding, header)
    quoted = _is_quoted(sample, delimiter)
    rows = _sample_rows(sample, delimiter, quoted)
    first = rows[0]
    has_header = _looks_like_header(rows, whole=whole) if header is None else header
    names = first if has_header else [f"column {place}" for place in range(len(first))]
    blank = len(list(itertools.takewhile(lambda line: not line.strip("\r\n"), io.StringIO(sample, newline=""))))
    return Layout(encoding, delimiter, quoted, has_header, blank, _unique(names))


def _delimiter_of_table(sample: str, *, whole: bool) -> str:
    """Return what separates the columns of a plain text file that clearly is a table; else it is ``LINES``."""
    if not sample.strip() or _is_tagged(sample):
        return LINES
    return next((candidate for candidate in "\t;,|" if _is_table(sample, candidate, whole=whole)), LINES)


def _is_table(sample: str, delimiter: str, *, whole: bool) -> bool:
    """Whether all rows have as many cells, with tabs between them, or with a usual name in the first of them."""
    rows = _sample_rows(sample, delimiter, _is_quoted(sample, delimiter))
    if delimiter == "\t":
        return _has_tab_columns(rows)
    if len(_widths(rows)) != 1 or len(rows[0]) == 1:
        return False
    return _has_usual_name(rows[0]) and _looks_like_header(rows, whole=whole)


def _has_tab_columns(rows: list[list[str]]) -> bool:
    """Whether nearly all rows have as many cells; a text may have each of its paragraphs indented."""
    width, count = Counter(map(len, rows)).most_common(1)[0]
    alike = [row for row in rows if len(row) == width]
    filled = sum(any(cell.strip() for cell in column) for column in zip(*alike, strict=True))
    return count >= MOSTLY * len(rows) and filled > 1


def _is_tagged(sample: str) -> bool:
    """Whether lines are words with their tags, and blank ones between sentences, as CoNLL writes them."""
    lines = [line.split() for line in sample.splitlines()]
    ends = [cells[-1] for cells in lines if len(cells) > 1]
    return [] in lines and sum(map(is_tag, ends)) > MOSTLY * len(ends)


def _layout_of_lines(path: Path, encoding: str, header: bool | None) -> Layout:
    """Return the layout of lines of text; a usual name that stands alone in the first one is their header."""
    texts = (text for _, text in iterate_lines(path, encoding))
    first, more = next(texts, ""), next(texts, "")
    if not first:
        raise InputError.one(path, "This file is empty.", "Name a file with a text a line.")
    has_header = header is not False and bool(more) and _has_usual_name([first])
    return Layout(
        encoding, LINES, quoted=False, header=has_header, blank_lines=0, names=(first if has_header else TEXT,)
    )


def _has_usual_name(cells: Iterable[str]) -> bool:
    return not USUAL.isdisjoint(cell.strip().lower() for cell in cells)


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
    reader = _csv_rows(io.StringIO(sample, newline=""), delimiter, quoted)
    return [row for row in itertools.islice(reader, 500) if row]


def _csv_rows(text: TextIO, delimiter: str, quoted: bool) -> Iterator[list[str]]:
    """Yield the cells of each row; a blank line has none."""
    csv.field_size_limit(1 << 30)
    return csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)


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
    names = {place: cell for place, cell in enumerate(first) if cell}
    if len(names) < min(2, len(first)) or not all(
        place in names or _may_be_nameless(rest, place) for place in range(len(first))
    ):
        return False
    if len(set(names.values())) != len(names) and not {cell.lower() for cell in first} & USUAL:
        return False
    if (not rest and whole) or any(len(cell) > 40 for cell in first):
        return False
    if any(cell.replace(".", "", 1).replace("-", "", 1).isdigit() for cell in first):
        return False
    seen_again = any(len(row) > place and row[place].strip() == cell for row in rest for place, cell in names.items())
    return not seen_again and all(len(cell.split()) <= 4 for cell in first)


def _may_be_nameless(rows: list[list[str]], place: int) -> bool:
    """Whether a column is a count of rows, as pandas writes it, or one that a spreadsheet left behind empty."""
    cells = [row[place].strip() for row in rows if len(row) > place]
    if place == 0 and cells and all(cell.isdecimal() for cell in cells):
        return True
    return sum(map(bool, cells)) <= len(cells) / 10


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
    if layout.delimiter == LINES:
        lines = itertools.islice(iterate_lines(path, layout.encoding), int(layout.header), None)
        yield from batches_of_lines(lines, layout.names[0])
        return
    if not _may_have_blank_lines(path, layout.encoding):
        yield from _table(path, layout)
        return
    numbers = itertools.islice(_numbers(path, layout), int(layout.header), None)
    for batch in _table(path, layout):
        yield numbered(batch, list(itertools.islice(numbers, batch.num_rows)))


def _may_have_blank_lines(path: Path, encoding: str) -> bool:
    """Whether rows and lines may have other numbers; looking for that in bytes takes next to no time."""
    if encoding.startswith(("utf-16", "utf-32")):
        return True
    before = b"\n"
    with path.open("rb") as file:
        while chunk := file.read(BLOCKS[0]):
            joined = before + chunk
            if any(ends in joined for ends in (b"\n\n", b"\n\r", b"\r\r")):
                return True
            before = chunk[-1:]
    return False


def _numbers(path: Path, layout: Layout) -> Iterator[int]:
    """Yield the number of every row, the header's first: blank lines count, and a row of several lines counts once."""
    with path.open(encoding=layout.encoding, errors="replace", newline="") as file:
        rows = _csv_rows(file, layout.delimiter, layout.quoted)
        yield from (number for number, cells in enumerate(rows, start=1) if cells)


def _number_of(path: Path, layout: Layout, row: int) -> int:
    """Return the number in the file of a row, counted from 1 with the header and without blank lines."""
    if not _may_have_blank_lines(path, layout.encoding):
        return row
    return next(itertools.islice(_numbers(path, layout), row - 1, None), row)


def _table(path: Path, layout: Layout) -> Iterator[pa.RecordBatch]:
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
        number = _number_of(path, layout, rows + layout.header)
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
        number = _number_of(path, layout, number - layout.blank_lines)
        what = f"Row {number} has {columns} columns where {len(layout.names)} were expected."
        remedy = "Put quotes around texts that hold the delimiter or a line break, or mend that row."
        return InputError.one(f"{path}, row {number}", what, remedy)
    return InputError.one(path, f"This file cannot be read as a table: {cause}.", "Check its quotes and line ends.")
