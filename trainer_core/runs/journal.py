"""The event journal: one JSON object a line, appended and flushed. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from trainer_core.training.events import Event, format_event, parse_event


class Journal:
    """An open journal; use it in a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def append(self, event: Event) -> None:
        """Write one event and hand it to the operating system."""
        self._file.write(format_event(event) + "\n")
        self._file.flush()


def read_journal(path: Path) -> Iterator[Event]:
    """Yield the events of a journal; torn lines and unknown kinds are passed over."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            event = parse_event(line)
            if event is not None:
                yield event
