"""One setup at a time in one checkout; a second one waits for the first."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@contextmanager
def hold_lock(path: Path, say: Callable[[str], None]) -> Iterator[int | None]:
    """Hold the lock while the block runs. The system frees it when this process ends, however it ends.

    Gives the number of the open file: a child that inherits it holds the lock as well, so that a pip that outlives
    a killed start is waited for and not worked against.

    Where the file cannot be made there is nothing to protect either: nothing can be set up there.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("w", encoding="utf-8")
    except OSError:
        yield None
        return
    with file:
        if not _try_lock(file):
            say("Another start is setting Thaw up in this folder; waiting for it to finish.")
            while not _try_lock(file):
                time.sleep(0.5)
        yield file.fileno()
