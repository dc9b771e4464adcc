"""From a file to a table: CSV, TSV, JSON lines, JSON and Parquet become one memory-mapped Arrow file.

The table is converted once and kept in the user's cache, keyed by the file's path, size and time of change; opening
it again reads nothing but what is asked for. Every cell of a delimited file stays text, exactly as it was written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from datasets import Dataset

from trainer_core.data.encoding import detect_encoding
from trainer_core.errors import InputError, ThawError
from trainer_core.files import writing_beside
from trainer_core.resources import cache_folder

DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
JSON_LINES = {".jsonl", ".ndjson"}
SUPPORTED = (*DELIMITED, *sorted(JSON_LINES), ".json", ".parquet")
ROWS_PER_BATCH = 10_000
READER_VERSION = 2


@dataclass(frozen=True)
class Table:
    """The rows of one file.

    Attributes:
        path: the file.
        rows: its rows, memory-mapped; cells of a delimited file are text.
        header: whether the first line of the file holds the column names.
    """

    path: Path
    rows: Dataset
    header: bool

    @property
    def columns(self) -> list[str]:
        """The names of the columns; made up as ``column 0`` and so on where the file has none."""
        return list(self.rows.column_names)

    def row_number(self, position: int) -> int:
        """Return the number of a row in the file, counted from 1, the header included."""
        return position + 1 + int(self.header)


def load_table(path: Path, *, header: bool | None = None) -> Table:
    """Open a data file.

    Args:
        path: a file whose ending tells its kind.
        header: whether its first line holds column names; None to find out. Only for delimited files.

    Raises:
        InputError: there is no such file, it is empty, or it cannot be read as what its ending says.
    """
    _check_file(path)
    kind = path.suffix.lower()
    if kind in DELIMITED:
        layout = _detect_layout(path, header)
        batches: Iterable[pa.RecordBatch] = _delimited_batches(path, layout)
        has_header, key = layout.header, repr(layout)
    else:
        batches = _parquet_batches(path) if kind == ".parquet" else _json_batches(path, lines=kind in JSON_LINES)
        has_header, key = False, kind
    converted = _convert(path, key, batches)
    return Table(path, Dataset.from_file(str(converted)), has_header)


def _check_file(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as cause:
        remedy = "Mend the path; it is relative to the project file."
        raise InputError.one(path, "There is no such file.", remedy) from cause
    except OSError as cause:
        raise InputError.one(path, f"This file cannot be read: {cause.strerror}.", "Mend the path.") from cause
    if path.is_dir():
        raise InputError.one(path, "This is a folder, not a data file.", "Name one of the files inside it.")
    if not path.is_file():
        raise InputError.one(path, "This is not a regular file.", "Copy its content into a file and name that.")
    if path.suffix.lower() not in SUPPORTED:
        remedy = f"Rename it after what it is: {', '.join(SUPPORTED)}."
        raise InputError.one(path, f'The ending "{path.suffix}" does not tell what kind of file this is.', remedy)
    try:
        empty = path.stat().st_size == 0
        with path.open("rb"):
            pass
    except OSError as cause:
        raise InputError.one(path, f"This file cannot be read: {cause.strerror}.", "Mend its permissions.") from cause
    if empty:
        raise InputError.one(path, "This file is empty.", "Name a file with rows in it.")


def _convert(path: Path, key: str, batches: Iterable[pa.RecordBatch]) -> Path:
    """Write batches to an Arrow file in the cache, unless an earlier call did."""
    state = path.stat()
    identity = f"{READER_VERSION}|{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|{key}"
    target = cache_folder() / "tables" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.arrow"
    if target.is_file():
        return target
    try:
        with writing_beside(target) as beside:
            _write_arrow(path, batches, beside)
    except OSError as cause:
        remedy = "Free some space, or set XDG_CACHE_HOME to a folder that can be written."
        raise ThawError(f"{target.parent} cannot be written.", why=f"{cause.strerror}.", remedy=remedy) from cause
    return target


def _write_arrow(path: Path, batches: Iterable[pa.RecordBatch], target: Path) -> None:
    iterator = iter(batches)
    first = next(iterator, None)
    if first is None or first.num_columns == 0:
        raise InputError.one(path, "This file has no rows.", "Name a file with rows in it.")
    rows = 0
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, first.schema) as writer:
        for batch in itertools.chain([first], iterator):
            writer.write_batch(batch)
            rows += batch.num_rows
    if rows == 0:
        raise InputError.one(path, "This file has no rows below its header.", "Name a file with rows in it.")


# --- delimited files -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    encoding: str
    delimiter: str
    quoted: bool
    header: bool
    blank_lines: int
    names: tuple[str, ...]


def _detect_layout(path: Path, header: bool | None) -> _Layout:
    encoding = detect_encoding(path)
    sample = _sample_text(path, encoding)
    if not sample.strip():
        raise InputError.one(path, "This file is empty.", "Name a file with rows in it.")
    delimiter = _detect_delimiter(sample, DELIMITED[path.suffix.lower()])
    quoted = _is_quoted(sample, delimiter)
    rows = _sample_rows(sample, delimiter, quoted)
    first = rows[0]
    has_header = _looks_like_header(rows) if header is None else header
    names = first if has_header else [f"column {place}" for place in range(len(first))]
    blank = len(list(itertools.takewhile(lambda line: not line.strip("\r\n"), io.StringIO(sample, newline=""))))
    return _Layout(encoding, delimiter, quoted, has_header, blank, _unique(names))


def _sample_text(path: Path, encoding: str) -> str:
    """Return the first lines; a row that the sample cuts in two is left out."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(128 * 1024)
        whole = not file.read(1)
    cut = text.rfind("\n")
    return text if whole or cut < 0 else text[: cut + 1]


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


def _looks_like_header(rows: list[list[str]]) -> bool:
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if not rest or len(set(first)) != len(first) or any(not cell or len(cell) > 40 for cell in first):
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


def _delimited_batches(path: Path, layout: _Layout) -> Iterator[pa.RecordBatch]:
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
        block_size=16 << 20,
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
        raise _unreadable(path, layout, ragged, cause) from cause


def _unreadable(path: Path, layout: _Layout, ragged: list[tuple[int, int]], cause: Exception) -> InputError:
    if ragged:
        number, columns = ragged[0]
        what = f"Row {number} has {columns} columns where {len(layout.names)} were expected."
        remedy = "Put quotes around texts that hold the delimiter or a line break, or mend that row."
        return InputError.one(f"{path}, row {number}", what, remedy)
    return InputError.one(path, f"This file cannot be read as a table: {cause}.", "Check its quotes and line ends.")


# --- JSON and Parquet ----------------------------------------------------------------------------------------------


def _json_batches(path: Path, *, lines: bool) -> Iterator[pa.RecordBatch]:
    records = _json_lines(path) if lines else _json_list(path)
    schema: pa.Schema | None = None
    while chunk := list(itertools.islice(records, ROWS_PER_BATCH)):
        keys = list(dict.fromkeys(key for record in chunk for key in record)) if schema is None else schema.names
        columns = {key: [record.get(key) for record in chunk] for key in keys}
        batch = pa.RecordBatch.from_pydict({key: _json_column(values) for key, values in columns.items()})
        if schema is None:
            schema = batch.schema
        yield batch if batch.schema == schema else _as_text(batch, schema, path)


def _json_column(values: list[Any]) -> pa.Array:
    """Return a column; one of mixed or nested kinds becomes JSON text, so that nothing is lost."""
    if all(value is None or isinstance(value, str | int | float | bool) for value in values):
        return pa.array([_cell_text(value) for value in values], pa.large_string())
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([_cell_text(value) for value in values], pa.large_string())


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # JSON may hold half of a character that takes two ("\ud83d" alone), which no encoding can write.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _as_text(batch: pa.RecordBatch, schema: pa.Schema, path: Path) -> pa.RecordBatch:
    try:
        return batch.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as cause:
        what = f"A column changes its kind further down: {cause}."
        raise InputError.one(path, what, "Write every row of a column in the same way.") from cause


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding=detect_encoding(path)) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _json_record(_parse_json(line, path, number), path, number)
    except UnicodeError as cause:
        raise _undecodable(path, cause) from cause


def _json_list(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding=detect_encoding(path))
    except UnicodeError as cause:
        raise _undecodable(path, cause) from cause
    value = _parse_json(text, path, None)
    if isinstance(value, dict):
        value = next((inner for inner in value.values() if isinstance(inner, list)), value)
    if not isinstance(value, list):
        remedy = "Write a list of objects: one object a row, with the same keys."
        raise InputError.one(path, "This file holds no list of rows.", remedy)
    for number, record in enumerate(value, start=1):
        yield _json_record(record, path, number)


def _undecodable(path: Path, cause: UnicodeError) -> InputError:
    return InputError.one(path, f"This file is no text that can be read: {cause}.", "Save it again in UTF-8.")


def _parse_json(text: str, path: Path, row: int | None) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as cause:
        where = f"{path}, row {row}" if row else str(path)
        raise InputError.one(where, f"This is not valid JSON: {cause}.", "Mend or remove it.") from cause


def _json_record(value: Any, path: Path, row: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        remedy = 'Write an object a row, as in {"text": "...", "label": "..."}.'
        raise InputError.one(f"{path}, row {row}", "This row is no JSON object.", remedy)
    return value


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with pa.parquet.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS_PER_BATCH)
    except (pa.ArrowInvalid, OSError) as cause:
        remedy = "Write the file again; it is cut off, or it is no Parquet file."
        raise InputError.one(path, f"This file cannot be read as Parquet: {cause}.", remedy) from cause
