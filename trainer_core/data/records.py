"""Reading JSON, JSON lines and Parquet as batches of rows."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.instances import instance_rows
from trainer_core.data.squad import is_squad, squad_rows
from trainer_core.errors import InputError

ROWS_PER_BATCH = 10_000
MOST_COLUMNS = 10_000
"""More keys than these are no columns: they differ from row to row."""
NUMBERS = b"numbers of rows"
"""Where a batch keeps the numbers that its rows have in the file."""
USUAL_KEYS = ("data", "train", "rows")
"""The likeliest names of the list that holds the rows, where an object has several lists."""
TEXT, NOTHING = pa.large_string(), pa.null()
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a character that takes two; one without the other is what no encoding can write."""

Record: TypeAlias = tuple[int, dict[str, Any]]
"""A row, and its number in the file: that of its line, or of its object in the list."""
Kinds: TypeAlias = dict[str, pa.DataType]


def numbered(batch: pa.RecordBatch, numbers: Sequence[int]) -> pa.RecordBatch:
    """Return a batch that says which numbers its rows have in the file, as few pairs: see ``numbers_in``."""
    known = np.asarray(numbers, dtype=np.int64)
    places = np.flatnonzero(np.diff(known, prepend=known[:1] - 2) != 1)
    pairs = np.stack((places, known[places]), axis=1)
    return batch.replace_schema_metadata({NUMBERS: pairs.astype("<i8").tobytes()})


def numbers_in(metadata: Mapping[bytes, bytes] | None) -> npt.NDArray[np.int64]:
    """Return places in a batch with the numbers of their rows, int64 [pairs, 2]; rows behind them count on from there.

    There are none where the batch does not say.
    """
    kept = (metadata or {}).get(NUMBERS, b"")
    return np.frombuffer(kept, dtype="<i8").reshape(-1, 2).astype(np.int64)


def read_json(path: Path, *, lines: bool) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a JSON file: one object a line, or a list of objects.

    Where a batch has other columns than the one before it, the rows begin anew, and all before do not count: a row
    further down has another key, or needs another kind of column. That is rare, and reading every file twice is slow.

    Args:
        path: the file.
        lines: whether its ending means an object a line; what it holds decides.

    Raises:
        InputError: a row is no JSON object, or there are too many columns.
    """
    open_records = _find_records(path, lines=lines)
    chunks = _chunks(open_records())
    kinds: Kinds = {}
    for place, chunk in enumerate(chunks):
        found = _common_kinds(kinds, chunk, path)
        if place and _columns(found) != _columns(kinds):
            break
        kinds = found
        yield _batch(chunk, kinds, path)
    else:
        return
    for chunk in chunks:
        found = _common_kinds(found, chunk, path)
    for chunk in _chunks(open_records()):
        yield _batch(chunk, found, path)


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while chunk := list(itertools.islice(records, ROWS_PER_BATCH)):
        yield chunk


def _batch(chunk: Sequence[Record], kinds: Kinds, path: Path) -> pa.RecordBatch:
    columns = {
        key: _column([record.get(key) for _, record in chunk], kind, key, path) for key, kind in _columns(kinds).items()
    }
    return numbered(pa.RecordBatch.from_pydict(columns), [number for number, _ in chunk])


def _columns(kinds: Kinds) -> Kinds:
    """Return the kinds of the columns that are written: one without any value is text."""
    return {key: TEXT if kind == NOTHING else kind for key, kind in kinds.items()}


def _common_kinds(kinds: Kinds, chunk: Sequence[Record], path: Path) -> Kinds:
    """Return all keys so far in the order in which they appear, each with the kind that holds its cells."""
    keys = dict.fromkeys(kinds) | dict.fromkeys(key for _, record in chunk for key in record)
    if len(keys) > MOST_COLUMNS:
        what = f"Its rows have more than {MOST_COLUMNS:,} different keys."
        raise InputError.one(path, what, "Write the same keys in every row, and what differs as their values.")
    found: Kinds = {}
    for key in keys:
        kind = kinds.get(key, NOTHING)
        found[key] = kind if kind == TEXT else _common_kind(kind, _kind_of([record.get(key) for _, record in chunk]))
    return found


def _kind_of(values: Sequence[Any]) -> pa.DataType:
    """Return the kind of a column; one of mixed or nested kinds is JSON text, so that nothing is lost."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return NOTHING
    if not kinds <= {list, dict}:
        return TEXT
    try:
        return pa.array(values).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return TEXT


def _common_kind(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Return the kind that holds the cells of two; lists of nothing, and objects with other keys, agree."""
    if one == other or other == NOTHING:
        return one
    if one == NOTHING or other == TEXT:
        return other
    schemas = [pa.schema([("", kind)]) for kind in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return TEXT


def _column(values: list[Any], kind: pa.DataType, key: str, path: Path) -> pa.Array:
    if kind == TEXT:
        return pa.array([value if type(value) is str else _cell_text(value) for value in values], TEXT)
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as cause:
        what = f'The column "{key}" changes its kind further down: {cause}.'
        raise InputError.one(path, what, "Write every row of a column in the same way.") from cause


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _find_records(path: Path, *, lines: bool) -> Callable[[], Iterator[Record]]:
    """Return what yields the records of a file from the first on, each time it is called."""
    encoding = detect_encoding(path)
    try:
        if _is_lines(path, encoding, usual=lines):
            return lambda: _json_lines(path, encoding)
        value = _parse_json(path.read_text(encoding=encoding), path, None)
    except UnicodeError as cause:
        raise _undecodable(path, cause) from cause
    return lambda: _listed(value, path)


def _is_lines(path: Path, encoding: str, *, usual: bool) -> bool:
    """Whether a file holds a value a line: as its ending says, unless its first lines show that it does not."""
    with path.open(encoding=encoding) as file:
        written = (line.strip() for line in file if line.strip())
        first, more = next(written, ""), next(written, "")
    if first.startswith("[" if usual else "{"):
        return bool(more) and _is_json(first)
    return usual


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json_lines(path: Path, encoding: str) -> Iterator[Record]:
    try:
        with path.open(encoding=encoding) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    record = _json_record(_parse_json(line, path, number), path, number)
                    for row in instance_rows(record):
                        yield number, row
    except UnicodeError as cause:
        raise _undecodable(path, cause) from cause


def _listed(value: Any, path: Path) -> Iterator[Record]:
    if isinstance(value, dict) and is_squad(value):
        yield from enumerate(squad_rows(value, path), start=1)
        return
    if isinstance(value, dict):
        value = _likeliest_list(value)
    if not isinstance(value, list):
        remedy = "Write a list of objects: one object a row, with the same keys."
        raise InputError.one(path, "This file holds no list of rows.", remedy)
    for number, record in enumerate(value, start=1):
        for row in instance_rows(_json_record(record, path, number)):
            yield number, row


def _likeliest_list(value: Mapping[str, Any]) -> Any:
    """Return the list of rows in an object: one of objects rather than of values, one with a usual name first."""
    lists = {key: inner for key, inner in value.items() if isinstance(inner, list)}
    of_objects = {key: inner for key, inner in lists.items() if inner and isinstance(inner[0], dict)}
    likely = [of_objects[key] for key in USUAL_KEYS if key in of_objects]
    return next(iter((*likely, *of_objects.values(), *lists.values())), None)


def _undecodable(path: Path, cause: UnicodeError) -> InputError:
    return InputError.one(path, f"This file is no text that can be read: {cause}.", "Save it again in UTF-8.")


def _parse_json(text: str, path: Path, row: int | None) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as cause:
        where = f"{path}, row {row}" if row else str(path)
        raise InputError.one(where, f"This is not valid JSON: {cause}.", "Mend or remove it.") from cause
    return _whole(value) if _HALF.search(text) else value


def _whole(value: Any) -> Any:
    """Return a value with a sign in place of every half of a character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return value


def _json_record(value: Any, path: Path, row: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        remedy = 'Write an object a row, as in {"text": "...", "label": "..."}.'
        raise InputError.one(f"{path}, row {row}", "This row is no JSON object.", remedy)
    return value


def read_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file.

    Raises:
        InputError: the file is cut off, or no Parquet file.
    """
    try:
        with pa.parquet.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS_PER_BATCH)
    except (pa.ArrowInvalid, OSError) as cause:
        remedy = "Write the file again; it is cut off, or it is no Parquet file."
        raise InputError.one(path, f"This file cannot be read as Parquet: {cause}.", remedy) from cause
