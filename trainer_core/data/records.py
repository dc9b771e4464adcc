"""Reading JSON, JSON lines and Parquet as batches of rows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.instances import instance_rows
from trainer_core.data.squad import is_squad, squad_rows
from trainer_core.errors import InputError

ROWS_PER_BATCH = 10_000


def read_json(path: Path, *, lines: bool) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a JSON file: one object a line, or a list of objects.

    Raises:
        InputError: a row is no JSON object, or a column changes its kind.
    """
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
                    yield from instance_rows(_json_record(_parse_json(line, path, number), path, number))
    except UnicodeError as cause:
        raise _undecodable(path, cause) from cause


def _json_list(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding=detect_encoding(path))
    except UnicodeError as cause:
        raise _undecodable(path, cause) from cause
    value = _parse_json(text, path, None)
    if isinstance(value, dict) and is_squad(value):
        yield from squad_rows(value)
        return
    if isinstance(value, dict):
        value = next((inner for inner in value.values() if isinstance(inner, list)), value)
    if not isinstance(value, list):
        remedy = "Write a list of objects: one object a row, with the same keys."
        raise InputError.one(path, "This file holds no list of rows.", remedy)
    for number, record in enumerate(value, start=1):
        yield from instance_rows(_json_record(record, path, number))


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
