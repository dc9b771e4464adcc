"""Progress of what a command has to do before its own work: a line on standard error, gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from trainer_core.models.gguf import Told


@contextmanager
def telling_of_conversions() -> Iterator[Told]:
    """Yield what tells of the conversion of a model, which happens once."""
    with Console(stderr=True, emoji=False).status("") as status:
        status.stop()

        def told(what: str, done: int, of: int) -> None:
            status.update(f"Preparing the model, once: {what} ({done} of {of} done)")
            status.start()

        yield told
