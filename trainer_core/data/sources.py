"""From a file to a table: CSV, TSV, JSON lines, JSON and Parquet become one memory-mapped Arrow file.

The table is converted once and kept in the user's cache, keyed by the file's path, size and time of change; opening
it again reads nothing but what is asked for. Every cell of a delimited file stays text, exactly as it was written.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from datasets import Dataset

from trainer_core.data.conll import read_conll
from trainer_core.data.delimited import detect_layout, read_delimited
from trainer_core.data.kinds import CONLL, DATA_KINDS, DELIMITED, JSON_LINES
from trainer_core.data.records import NUMBERS, numbers_in, read_json, read_parquet
from trainer_core.disk import refusal_of
from trainer_core.errors import InputError, ThawError
from trainer_core.files import writing_beside
from trainer_core.resources import cache_folder

READER_VERSION = 5


@dataclass(frozen=True)
class Table:
    """The rows of one file.

    Attributes:
        path: the file.
        rows: its rows, memory-mapped; cells of a delimited file are text.
        header: whether the first line of the file holds the column names.
        converted: the Arrow file that ``rows`` are mapped from.
    """

    path: Path
    rows: Dataset
    header: bool
    converted: Path

    @property
    def columns(self) -> list[str]:
        """The names of the columns; made up as ``column 0`` and so on where the file has none."""
        return list(self.rows.column_names)

    def read_text(self, name: str, stop: int | None = None) -> Iterator[pa.LargeStringArray]:
        """Yield a column as text, chunk after chunk; a cell without a value is empty, the words of a list are joined.

        What is nested deeper, such as messages, becomes JSON.

        It is read and let go again, not mapped: pages that were looked at count as memory as long as a file is mapped.

        Args:
            name: of a column whose cells can be text.
            stop: how many rows; None for all.
        """
        for cells in self._read(name, stop):
            if is_deep(cells.type):
                cells = pa.array([as_json(cell) for cell in cells.to_pylist()], pa.large_string())
            elif is_listed(cells.type):
                cells = pc.binary_join(cells.cast(pa.list_(pa.string())), " ")
            yield pc.fill_null(cells.cast(pa.large_string()), "")

    def read_cells(self, name: str, stop: int | None = None) -> Iterator[Any]:
        """Yield the cells of a column as values of Python: texts, or lists; a cell without a value is empty text."""
        for cells in self._read(name, stop):
            yield from ("" if cell is None else cell for cell in cells.to_pylist())

    def _read(self, name: str, stop: int | None) -> Iterator[pa.Array]:
        left = len(self.rows) if stop is None else stop
        with pa.OSFile(str(self.converted)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                if left <= 0:
                    break
                cells = batch.column(name).slice(0, left)
                left -= len(cells)
                yield cells
        pa.default_memory_pool().release_unused()

    def row_number(self, position: int) -> int:
        """Return the number of a row in the file, counted from 1, the header and blank lines included.

        In a file of lines, such as JSON lines, it is the number of the line that the row begins in.
        """
        places, numbers = self._numbers
        last = int(np.searchsorted(places, position, side="right")) - 1
        return int(numbers[last] + position - places[last])

    @cached_property
    def _numbers(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Places of rows, and their numbers, wherever a number is not the one before it plus 1; the first one always.

        It is looked at batch by batch where numbers are asked for; few files keep many.
        """
        pairs, start = [np.array([[0, 1 + int(self.header)]], dtype=np.int64)], 0
        with pa.memory_map(str(self.converted)) as file, pa.ipc.open_stream(file) as reader:
            for rows, kept in _kept_batches(reader):
                pairs.append(kept + np.array([start, 0]))
                start += rows
        places, numbers = np.concatenate(pairs).T
        new = np.diff(numbers - places, prepend=-1) != 0
        return places[new], numbers[new]


def _kept_batches(reader: pa.RecordBatchReader) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Yield how many rows each batch has, and the pairs of places and numbers that it keeps."""
    while True:
        try:
            read = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            return
        yield read.batch.num_rows, numbers_in(read.custom_metadata)


def is_listed(kind: pa.DataType) -> bool:
    """Whether cells of this type are lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def is_deep(kind: pa.DataType) -> bool:
    """Whether cells of this type are objects, or lists of objects or lists."""
    return bool(pa.types.is_nested(kind)) and not (is_listed(kind) and not pa.types.is_nested(kind.value_type))


def as_json(cell: Any) -> str:
    """Return a nested cell as JSON, and text as it is; empty where there is nothing."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    return json.dumps(cell, ensure_ascii=False, default=str)


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
        layout = detect_layout(path, header)
        batches: Iterable[pa.RecordBatch] = read_delimited(path, layout)
        has_header, key = layout.header, repr(layout)
    else:
        batches = _read_batches(path, kind)
        has_header, key = False, kind
    converted = _convert(path, key, batches)
    pa.default_memory_pool().release_unused()
    return Table(path, Dataset.from_file(str(converted)), has_header, converted)


def _read_batches(path: Path, kind: str) -> Iterator[pa.RecordBatch]:
    if kind in CONLL:
        return read_conll(path)
    return read_parquet(path) if kind == ".parquet" else read_json(path, lines=kind in JSON_LINES)


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
    if path.suffix.lower() not in DATA_KINDS:
        remedy = f"Rename it after what it is: {', '.join(DATA_KINDS)}."
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
            _check_unchanged(path, state)
    except OSError as cause:
        remedy = "Make room there, or set XDG_CACHE_HOME to a folder that can be written."
        raise ThawError(f"{target.parent} cannot be written.", why=refusal_of(cause).why, remedy=remedy) from cause
    return target


def _check_unchanged(path: Path, before: os.stat_result) -> None:
    try:
        now = path.stat()
    except OSError as cause:
        raise InputError.one(path, "This file went away while it was read.", "Put it back.") from cause
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        what = "This file was changed while it was read, so its rows are not to be trusted."
        raise InputError.one(path, what, "Let whoever writes it come to an end, then open it again.")


def _write_arrow(path: Path, batches: Iterable[pa.RecordBatch], target: Path) -> None:
    """Write batches; where one has other columns than the one before it, the rows begin anew."""
    rows = columns = 0
    for schema, alike in itertools.groupby(batches, lambda batch: batch.schema):
        rows, columns = _write_alike(alike, schema, target), len(schema)
    if columns == 0:
        raise InputError.one(path, "This file has no rows.", "Name a file with rows in it.")
    if rows == 0:
        raise InputError.one(path, "This file has no rows below its header.", "Name a file with rows in it.")


def _write_alike(batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path) -> int:
    """Write batches of the same columns, each with the numbers of its rows; return how many rows there are."""
    rows = 0
    if _kept_numbers(schema):
        schema = schema.remove_metadata()
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch, custom_metadata=_kept_numbers(batch.schema))
            rows += batch.num_rows
    return rows


def _kept_numbers(schema: pa.Schema) -> dict[bytes, bytes] | None:
    kept = (schema.metadata or {}).get(NUMBERS)
    return None if kept is None else {NUMBERS: kept}
