"""The event journal: one JSON object a line, appended and flushed. Imports no torch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from trainer_core.training.events import Event, format_event, parse_event


class Journal:
    """An open journal; use it in a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._bytes = self._file.seek(0, os.SEEK_END)
        self._torn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def append(self, event: Event) -> None:
        """Write one event and hand it to the operating system.

        Raises:
            OSError: it cannot be written. The next call writes behind what was whole.
        """
        if self._torn:
            self._mend()
        line = memoryview(f"{format_event(event)}\n".encode())
        written = 0
        try:
            while written < len(line):
                written += self._file.write(line[written:]) or 0
        except OSError:
            self._torn = True
            with contextlib.suppress(OSError):
                self._mend()
            raise
        self._bytes += written

    def _mend(self) -> None:
        """Remove what was half written; in the file that is there now, since its drive may have been away."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._file = self._path.open("ab", buffering=0)
        if self._file.seek(0, os.SEEK_END) > self._bytes:
            self._file.truncate(self._bytes)
        self._torn = False


def read_journal(path: Path) -> Iterator[Event]:
    """Yield the events of a journal; torn lines and unknown kinds are passed over."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            event = parse_event(line)
            if event is not None:
                yield event
