"""One process at a time writes a run. The system holds the lock, and lets go of it when the process ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from trainer_core.errors import InputError
from trainer_core.runs.folder import RunFolder

WAIT_SECONDS = 1.0
"""Somebody may just be asking whether the run is held."""


@contextlib.contextmanager
def hold_run(folder: RunFolder) -> Iterator[None]:
    """Keep other processes from writing this run. Where a file system knows no locks, nothing is kept away.

    Raises:
        InputError: another process writes it.
    """
    lock = _lock(folder)
    try:
        with contextlib.suppress(NotImplementedError):
            lock.acquire(timeout=WAIT_SECONDS)
    except Timeout as cause:
        what = "Another window or command of Thaw is working on this run."
        raise InputError.one(folder.path, what, "Let it come to its end, or end it there.") from cause
    except OSError as cause:
        what = f"This run cannot be written: {cause.strerror}."
        raise InputError.one(folder.path, what, "Mend the permissions of its folder, or copy it elsewhere.") from cause
    try:
        yield
    finally:
        lock.release()


def is_held(folder: RunFolder) -> bool:
    """Whether some process writes a run just now."""
    if not folder.lock_file.exists():  # to ask shall leave nothing behind
        return False
    lock = _lock(folder)
    try:
        lock.acquire()
    except Timeout:
        return True
    except (NotImplementedError, OSError):  # no locks, or nothing can be written here: then nobody writes
        return False
    lock.release()
    return False


def _lock(folder: RunFolder) -> FileLock:
    # Not bound to a thread: a run is begun in one and may be closed in another.
    return FileLock(folder.lock_file, timeout=0, thread_local=False)
