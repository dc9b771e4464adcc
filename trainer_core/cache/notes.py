"""Small facts that were measured on this machine and are remembered, one JSON file for all. Imports no torch."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import platformdirs

from trainer_core.files import replace_file


def notes_place() -> Path:
    """Return the file of measured facts, in the user's cache."""
    return Path(platformdirs.user_cache_dir("thaw", False)) / "measured.json"


class Notes:
    """Facts by key. What cannot be read counts as unknown, what cannot be written is forgotten.

    Args:
        file: where they are kept; made when the first is noted.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, key: str) -> Any:
        """Return what was noted under a key, or None."""
        return self._read().get(key)

    def put(self, key: str, value: Any) -> None:
        """Note a value that JSON can hold."""
        with contextlib.suppress(OSError):
            replace_file(self._file, json.dumps(self._read() | {key: value}, indent=1, sort_keys=True).encode())

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
