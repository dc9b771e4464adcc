"""What travels the other way: wishes of the user that the loop asks for between two steps. Imports no torch."""

from __future__ import annotations

import threading


class Control:
    """A wish box shared by the thread that runs the loop and the one that shows it."""

    def __init__(self) -> None:
        self._finish = threading.Event()

    def finish_now(self) -> None:
        """Ask the loop to end after the step at hand; what was best so far is kept."""
        self._finish.set()

    @property
    def finish_wished(self) -> bool:
        """Whether the user asked for the end."""
        return self._finish.is_set()
