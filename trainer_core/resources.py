"""Where the files that Thaw ships with lie, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import platformdirs


def resources_folder() -> Path:
    """Return the folder of icons, starter projects and the list of starter models."""
    return Path(str(files("thaw_resources")))


@dataclass(frozen=True)
class StarterProject:
    """A project that Thaw ships with: its file, and what the window calls it."""

    path: Path
    title: str
    text: str


def starter_projects() -> tuple[StarterProject, ...]:
    """Return the projects that Thaw ships with, one for every task; a first start opens the first one."""
    folder = resources_folder() / "starters"
    listed = tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))["project"]
    return tuple(
        StarterProject(folder / one["folder"] / f"{one['folder']}.thaw", one["title"], one["text"]) for one in listed
    )


def cache_folder() -> Path:
    """Return the user's folder for files that can be made again (converted data, downloads)."""
    return Path(platformdirs.user_cache_dir("thaw", appauthor=False))
