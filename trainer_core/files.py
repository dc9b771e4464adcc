"""Files: written so that a reader meets the old content or the new one, never half of it; and known by their hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PART = ".part"
"""How the hidden names end of what is not finished, or half removed."""


@contextlib.contextmanager
def writing_beside(path: Path, *, make_folder: bool = True) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; on success it is flushed to disk and takes the place of ``path``.

    The file keeps the permissions of the one it replaces; a new one has those of any new file. On an error the file
    beside is removed and ``path`` is untouched.

    Args:
        path: of the file.
        make_folder: make the folder that it stands in where that is not there; else that is an ``OSError``.
    """
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        _flush(beside)
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else usual_mode(0o666))
        beside.replace(path)
        _flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes, *, make_folder: bool = True) -> None:
    """Write ``content`` to ``path`` in one visible step; see ``writing_beside``."""
    with writing_beside(path, make_folder=make_folder) as beside:
        beside.write_bytes(content)


@contextlib.contextmanager
def writing_folder_beside(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` to fill; on success it is flushed to disk and takes the place of ``path``.

    The folder appears whole or not at all. On an error it is removed, and what was at ``path`` is there as before.

    Raises:
        OSError: it cannot be written, or the folder that it shall stand in is not there.
    """
    beside = _unfinished_folder(path)
    try:
        yield beside
        for file in filter(Path.is_file, beside.rglob("*")):
            _flush(file)
        beside.chmod(usual_mode(0o777))
        with _moved_away(path):
            beside.replace(path)
            _flush_folder(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder in one visible step: nobody finds half of it, also where the process dies on the way."""
    away = path.with_name(f".{path.name}.{time.time_ns()}{PART}")
    with contextlib.suppress(OSError):  # where even that is refused, what can be removed makes room at least
        path = path.replace(away)
    shutil.rmtree(path, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what a process left in a folder that died while it wrote there or removed something."""
    for left in folder.glob(f".*{PART}"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextlib.contextmanager
def _moved_away(folder: Path) -> Iterator[None]:
    """Make room where a folder is, and remove it once something else is there; where that fails, it comes back."""
    if not folder.exists():
        yield
        return
    away = _unfinished_folder(folder) / folder.name
    folder.replace(away)
    try:
        yield
    except BaseException:
        away.replace(folder)
        raise
    finally:
        shutil.rmtree(away.parent, ignore_errors=True)


def _unfinished_folder(beside: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=beside.parent, prefix=f".{beside.name}.", suffix=PART))


def usual_mode(most: int) -> int:
    """Return the permissions that the user's umask leaves of ``most``."""
    mask = os.umask(0)
    os.umask(mask)
    return most & ~mask


def _flush(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


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
