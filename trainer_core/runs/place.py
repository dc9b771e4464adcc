"""Where the runs of a project are kept when nobody says so. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from trainer_core.resources import resources_folder


def runs_place(project_file: Path) -> Path:
    """Return ``runs`` beside the project file; for an example that Thaw ships with, the user's own data folder."""
    if project_file.resolve().is_relative_to(resources_folder().resolve()):
        return Path(platformdirs.user_data_dir("thaw", appauthor=False)) / "runs" / project_file.stem
    return project_file.resolve().parent / "runs"
