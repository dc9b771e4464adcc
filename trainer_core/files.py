"""Files: written so that a reader meets the old content or the new one, never half of it; and known by their hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path


@contextlib.contextmanager
def writing_beside(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; on success it is flushed to disk and takes the place of ``path``.

    The file keeps the permissions of the one it replaces; a new one has those of any new file. On an error the file
    beside is removed and ``path`` is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else usual_mode(0o666))
        beside.replace(path)
        _flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` in one visible step."""
    with writing_beside(path) as beside:
        beside.write_bytes(content)


def usual_mode(most: int) -> int:
    """Return the permissions that the user's umask leaves of ``most``."""
    mask = os.umask(0)
    os.umask(mask)
    return most & ~mask


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder to flush it; its rename is already durable.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, remembered while the file does not change."""
    state = path.stat()
    return _sha256(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
