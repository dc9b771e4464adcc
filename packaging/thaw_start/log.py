"""The setup log: everything pip, apt and the probes said. Opened only when something is written."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TextIO

KEEP_BYTES = 2_000_000


class Log:
    """Appends to ``.thaw-setup/setup.log``, or to a file among the temporary ones where that cannot be written."""

    def __init__(self, wanted: Path) -> None:
        self.path = wanted
        self._stream: TextIO | None = None

    @property
    def used(self) -> bool:
        """Whether this start wrote anything."""
        return self._stream is not None

    def write(self, text: str) -> None:
        """Append one line. A full disk loses the line rather than the setup."""
        try:
            stream = self._stream or self._open()
            stream.write(text.rstrip("\n") + "\n")
            stream.flush()
        except OSError:
            return

    def close(self) -> None:
        """Close the file, if it was opened."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except OSError:  # the disk is full: the last lines are lost, and the reader was told why
                return

    def _open(self) -> TextIO:
        try:
            self.path.parent.mkdir(exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > KEEP_BYTES:
                self.path.replace(self.path.with_suffix(".old.log"))
            self._stream = self.path.open("a", encoding="utf-8", errors="replace")
        except OSError:
            handle, name = tempfile.mkstemp(prefix="thaw-setup-", suffix=".log")
            self.path = Path(name)
            self._stream = os.fdopen(handle, "w", encoding="utf-8", errors="replace")
        self._stream.write(f"\n=== {time.strftime('%Y-%m-%d %H:%M:%S')} ===\n")
        return self._stream
