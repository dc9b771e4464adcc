"""What the person sees: numbered steps with their time; a moving last line where there is a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from .log import Log

FRAMES = "|/-\\"
REPAINT_SECONDS = 0.2
REMINDER_SECONDS = 30.0


def format_seconds(seconds: float) -> str:
    """``8.3`` -> ``8 s``, ``75`` -> ``1 min 15 s``."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Console:
    """Prints for a person. Everything printed also goes to the log, once there is one."""

    def __init__(self, log: Log, stream: TextIO | None = None) -> None:
        self.log = log
        self._stream = stream or sys.stdout
        if hasattr(self._stream, "reconfigure"):
            self._stream.reconfigure(errors="replace")
        self._terminal = self._stream.isatty()
        self._number = 0
        self._total = 0
        self._hint = ""

    def say(self, text: str) -> None:
        """Print one line."""
        self._stream.write(text + "\n")
        self._stream.flush()
        if self.log.used:
            self.log.write(text)

    def begin(self, steps: int) -> None:
        """Announce how many steps will come; their numbers start again at 1."""
        self._number, self._total = 0, steps

    def hint(self, text: str) -> None:
        """Say what the running step is doing right now; shown in the moving line."""
        self._hint = " ".join(text.split())

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show one numbered step with the time it takes, whether it ends well or not."""
        self._number += 1
        self._hint = ""
        head = f"[{self._number}/{self._total}] {title}"
        self.log.write(head)
        started = time.monotonic()
        over = threading.Event()
        painter = threading.Thread(target=self._paint, args=(head, started, over), daemon=True)
        if not self._terminal:
            self.say(head)
        painter.start()
        ending = "stopped"
        try:
            yield
            ending = "done"
        finally:
            over.set()
            painter.join()
            self._finish(head, f"{ending} after {format_seconds(time.monotonic() - started)}")

    def _finish(self, head: str, ending: str) -> None:
        if self._terminal:
            self._overwrite(f"{head}: {ending}")
            self._stream.write("\n")
            self._stream.flush()
            self.log.write(ending)
        else:
            self.say(f"      {ending}")

    def _paint(self, head: str, started: float, over: threading.Event) -> None:
        pause = REPAINT_SECONDS if self._terminal else REMINDER_SECONDS
        frame = 0
        while not over.wait(pause):
            elapsed = format_seconds(time.monotonic() - started)
            frame += 1
            if self._terminal:
                self._overwrite(f"{head} {FRAMES[frame % len(FRAMES)]} {elapsed}  {self._hint}")
            else:
                self.say(f"      still busy after {elapsed}: {self._hint}"[:110])

    def _overwrite(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + text[:width].ljust(width))
        self._stream.flush()
