"""Arrays in a folder, by key: written row after row, mapped into memory when read, removed when old or too many.

An entry appears whole or not at all, and never changes afterwards; two programs may share the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from types import TracebackType

import platformdirs
import psutil
import torch
from torch import Tensor

FACTS = "arrays.json"
SHARE_OF_FREE = 0.25
"""How much of the free disk, or of the free memory, arrays may fill where the user names no limit."""
LONGEST_DAYS = 30
PART_DAYS = 1
"""After how long a half-written entry is taken for one whose program has died."""
DAY_SECONDS = 86_400
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
"""What reading an entry can end with where its files are missing, cut short or no longer what was written."""


def arrays_place() -> Path:
    """Return the folder for arrays on this machine, in the user's cache."""
    return Path(platformdirs.user_cache_dir("thaw", False)) / "arrays"


@dataclass
class _Rows:
    """One array that grows: its file, and what it holds so far."""

    file: RawIOBase
    dtype: torch.dtype
    width: tuple[int, ...]
    count: int = 0

    @property
    def bytes(self) -> int:
        """The size of its whole rows."""
        return self.count * torch.Size(self.width).numel() * self.dtype.itemsize


class FolderSink:
    """An entry being written. Left without ``keep``, it leaves nothing behind."""

    def __init__(self, folder: Path, key: str, budget: int) -> None:
        self._target = folder / key
        self._part = Path(tempfile.mkdtemp(dir=folder, prefix=f".{key}.", suffix=".part"))
        self._left = budget
        self._arrays: dict[str, _Rows] = {}
        self._files = contextlib.ExitStack()

    def __enter__(self) -> FolderSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
        shutil.rmtree(self._part, ignore_errors=True)

    def append(self, rows: dict[str, Tensor]) -> bool:
        """Write rows behind those already there, to several arrays at once; False when they no longer fit."""
        plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in rows.items()}
        size = sum(tensor.nbytes for tensor in plain.values())
        if size > self._left:
            return False
        try:
            for name, tensor in plain.items():
                _write_whole(self._array(name, tensor).file, tensor.flatten().view(torch.uint8).numpy().data)
        except OSError:  # the disk is full: what was whole before stays
            self._left = 0
            return False
        for name, tensor in plain.items():
            self._arrays[name].count += len(tensor)
        self._left -= size
        return True

    def keep(self) -> dict[str, Tensor]:
        """Make the entry visible under its key, and return its arrays; none where the disk will not have it."""
        try:
            return self._keep()
        except OSError:
            return {}

    def _keep(self) -> dict[str, Tensor]:
        facts = {
            name: {"dtype": str(array.dtype).removeprefix("torch."), "shape": [array.count, *array.width]}
            for name, array in self._arrays.items()
        }
        for array in self._arrays.values():
            array.file.truncate(array.bytes)
            os.fsync(array.file.fileno())
        self._files.close()
        (self._part / FACTS).write_text(json.dumps(facts), encoding="utf-8")
        try:
            return read_entry(self._target)  # another program wrote the same meanwhile
        except UNREADABLE:
            _remove(self._target)
        self._part.rename(self._target)
        return read_entry(self._target)

    def _array(self, name: str, rows: Tensor) -> _Rows:
        if name not in self._arrays:
            file = self._files.enter_context((self._part / f"{name}.bin").open("wb", buffering=0))
            self._arrays[name] = _Rows(file, rows.dtype, tuple(rows.shape[1:]))
        return self._arrays[name]


class FolderArrays:
    """The arrays of one folder.

    Args:
        folder: where they lie; made when the first is written.
        limit_bytes: how much they may fill; None for a share of what is free on the disk.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self._folder = folder
        self._limit = limit_bytes

    def load(self, key: str) -> dict[str, Tensor] | None:
        """Return the arrays of an entry, mapped into memory, or None where there is none that can be read."""
        place = self._folder / key
        try:
            arrays = read_entry(place)
            os.utime(place)
        except UNREADABLE:
            return None
        return arrays

    def write(self, key: str, expected_bytes: int) -> FolderSink | MemorySink:
        """Begin an entry; older ones make room for it. Where the folder cannot be written, memory takes its place."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            room = self._make_room(expected_bytes)
            return FolderSink(self._folder, key, room)
        except OSError:
            return MemorySink(_share_of_memory() if self._limit is None else self._limit)

    def clean(self) -> None:
        """Remove entries that nobody has used for long, what died half-written, and the oldest beyond the limit."""
        with contextlib.suppress(OSError):
            self._make_room(0)

    def _make_room(self, expected: int) -> int:
        """Remove what is old, then what was not used for longest, until ``expected`` fits; return the room."""
        now = time.time()
        for part in self._folder.glob(".*.part"):
            if now - part.stat().st_mtime > PART_DAYS * DAY_SECONDS:
                shutil.rmtree(part, ignore_errors=True)
        entries = sorted(_entries(self._folder), key=lambda entry: entry.used)
        filled = sum(entry.bytes for entry in entries)
        free = shutil.disk_usage(self._folder).free
        limit = int((free + filled) * SHARE_OF_FREE) if self._limit is None else self._limit
        for entry in entries:
            if filled + min(expected, limit) > limit or now - entry.used > LONGEST_DAYS * DAY_SECONDS:
                _remove(entry.place)
                filled -= entry.bytes
        return max(0, limit - filled)


@dataclass
class MemorySink:
    """An entry that lives in memory, and with whoever holds its arrays."""

    budget: int
    _chunks: dict[str, list[Tensor]] = field(default_factory=dict)

    def __enter__(self) -> MemorySink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._chunks.clear()

    def append(self, rows: dict[str, Tensor]) -> bool:
        """Keep rows behind those already there, of several arrays at once; False when they no longer fit."""
        size = sum(tensor.nbytes for tensor in rows.values())
        if size > self.budget:
            return False
        for name, tensor in rows.items():
            self._chunks.setdefault(name, []).append(tensor.detach().to("cpu"))
        self.budget -= size
        return True

    def keep(self) -> dict[str, Tensor]:
        """Return the arrays."""
        return {name: torch.cat(chunks) for name, chunks in self._chunks.items()}


class MemoryArrays:
    """Arrays that are kept as long as this object: for tests, and where nothing may be written.

    Args:
        limit_bytes: how much an entry may fill.
    """

    def __init__(self, limit_bytes: int | None = None) -> None:
        self._limit = _share_of_memory() if limit_bytes is None else limit_bytes

    def load(self, key: str) -> dict[str, Tensor] | None:
        """Return nothing: arrays live with whoever wrote them."""
        return None

    def write(self, key: str, expected_bytes: int) -> MemorySink:
        """Begin an entry."""
        return MemorySink(self._limit)


def _write_whole(file: RawIOBase, data: memoryview) -> None:
    written = 0
    while written < len(data):
        written += file.write(data[written:]) or 0


def read_entry(place: Path) -> dict[str, Tensor]:
    """Return the arrays of an entry, mapped into memory.

    Raises:
        OSError: it is not there.
        ValueError: a file is not as long as it should be.
    """
    facts = json.loads((place / FACTS).read_text(encoding="utf-8"))
    return {name: _mapped(place / f"{name}.bin", **about) for name, about in facts.items()}


def _mapped(file: Path, *, dtype: str, shape: list[int]) -> Tensor:
    kind: torch.dtype = getattr(torch, dtype)
    count = torch.Size(shape).numel()
    if file.stat().st_size != count * kind.itemsize:
        raise ValueError(f"{file} is not as long as it should be")
    if not count:
        return torch.empty(shape, dtype=kind)
    return torch.from_file(str(file), shared=False, size=count, dtype=kind).view(shape)


@dataclass(frozen=True)
class _Entry:
    place: Path
    bytes: int
    used: float


def _entries(folder: Path) -> Iterator[_Entry]:
    for place in folder.iterdir():
        if not place.name.startswith(".") and place.is_dir():
            size = sum(file.stat().st_size for file in place.iterdir())
            yield _Entry(place, size, place.stat().st_mtime)


def _remove(place: Path) -> None:
    """Remove an entry; first out of sight, so that nobody meets half of it."""
    with contextlib.suppress(OSError):
        gone = place.with_name(f".{place.name}.{time.time_ns()}.part")
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _share_of_memory() -> int:
    return int(psutil.virtual_memory().available * SHARE_OF_FREE)
