"""What the window remembers between two starts: recent projects, its place on the screen, the look.

Kept as JSON in the user's configuration folder. Whatever in it makes no sense is passed over, value by value.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from desktop_app.theme import ThemeChoice
from trainer_core.files import replace_file

MOST_RECENT = 8
"""How many projects are remembered."""

_log = logging.getLogger(__name__)


def settings_file() -> Path:
    """Return where the window's settings are kept."""
    return Path(platformdirs.user_config_dir("thaw", appauthor=False)) / "window.json"


@dataclass
class Settings:
    """What the window remembers.

    Attributes:
        file: where it is kept.
        theme: the look the user chose.
        geometry: the window's place and size, as Qt packs it; empty for the default.
        recent: project files, the newest first.
        folder: where file dialogs begin.
    """

    file: Path = field(default_factory=settings_file)
    theme: ThemeChoice = ThemeChoice.SYSTEM
    geometry: bytes = b""
    recent: list[Path] = field(default_factory=list)
    folder: Path = field(default_factory=Path.home)

    @classmethod
    def load(cls, file: Path | None = None) -> Settings:
        """Read the settings; defaults stand in for what is missing or makes no sense."""
        settings = cls(file or settings_file())
        values = _read(settings.file)
        theme, geometry = values.get("theme"), values.get("geometry")
        if theme in list(ThemeChoice):
            settings.theme = ThemeChoice(theme)
        if isinstance(geometry, str):
            settings.geometry = _bytes(geometry)
        settings.recent = _paths(values.get("recent"))
        settings.folder = next(iter(_paths([values.get("folder")])), settings.folder)
        return settings

    def save(self) -> None:
        """Write the settings; a place that cannot be written is told to the log, for nothing of the user's is lost."""
        values = {
            "theme": self.theme.value,
            "geometry": self.geometry.hex(),
            "recent": [str(path) for path in self.recent],
            "folder": str(self.folder),
        }
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.file, json.dumps(values, indent=2).encode())
        except OSError as cause:
            _log.warning("The window's settings cannot be kept in %s: %s", self.file, cause)

    def remember(self, project: Path) -> None:
        """Put a project at the top of the recent ones."""
        project = project.resolve()
        self.recent = [project, *(path for path in self.recent if path != project)][:MOST_RECENT]

    def recent_present(self) -> list[Path]:
        """Return the recent projects that are still there."""
        return [path for path in self.recent if path.is_file()]


def _read(file: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as cause:
        _log.warning("The window's settings in %s cannot be read and begin anew: %s", file, cause)
        return {}
    return values if isinstance(values, dict) else {}


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _paths(values: Any) -> list[Path]:
    if not isinstance(values, list):
        return []
    texts = [text for text in values if isinstance(text, str) and text and "\0" not in text]
    return [path for path in map(Path, texts[:MOST_RECENT]) if path.is_absolute()]
