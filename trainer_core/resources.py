"""Where the files that Thaw ships with lie, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import platformdirs


def resources_folder() -> Path:
    """Return the folder of icons, starter projects and the list of starter models."""
    return Path(str(files("thaw_resources")))


def starter_project_path() -> Path:
    """Return the project file that a first start opens."""
    return resources_folder() / "starters" / "support_tickets" / "support_tickets.thaw"


def cache_folder() -> Path:
    """Return the user's folder for files that can be made again (converted data, downloads)."""
    return Path(platformdirs.user_cache_dir("thaw", appauthor=False))
