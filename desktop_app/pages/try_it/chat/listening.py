"""Hands what a model writes from its thread to the window's, and ends it. No Qt; runs in background threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

TELL_SECONDS = 0.03
"""The least time between two tellings: a quick model writes more tokens than a window can show."""


class Listener:
    """Takes what is written, piece by piece, tells it from time to time, and says whether to go on.

    What is held back at the end is told by nobody: the whole answer follows.
    """

    def __init__(self, tell: Callable[[str], None], stopped: threading.Event) -> None:
        self._tell = tell
        self._stopped = stopped
        self._held = ""
        self._told = 0.0

    def __call__(self, piece: str) -> bool:
        """Take a piece; return whether to go on."""
        self._held += piece
        now = time.monotonic()
        if self._held and now - self._told >= TELL_SECONDS:
            self._tell(self._held)
            self._held, self._told = "", now
        return not self._stopped.is_set()


class Ear:
    """Listens to one answer after the other, and can have enough of the present one."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether it has enough of the present answer."""
        return self._stopped.is_set()

    def listen(self) -> Callable[[Callable[[str], None]], Listener]:
        """Begin with the next answer; return what makes its listener, of what it tells to."""
        self._stopped = stopped = threading.Event()
        return lambda tell: Listener(tell, stopped)

    def stop(self) -> None:
        """Have enough."""
        self._stopped.set()
