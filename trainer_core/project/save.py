"""Writing a project file: only what changed is touched, so that comments and order stay as the user wrote them."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT

from trainer_core.errors import InputError
from trainer_core.files import replace_file
from trainer_core.project.load import read_text
from trainer_core.project.schema import Project


def save_project(project: Project, path: Path) -> None:
    """Write a project to its file; an existing file keeps its comments.

    Raises:
        InputError: the place cannot be written.

    """
    old = read_text(path) if path.exists() else ""
    try:
        replace_file(path, format_project(project, old).encode())
    except OSError as cause:
        raise InputError.one(
            path, f"The project cannot be saved here: {cause.strerror}.", "Save it in another folder."
        ) from cause


def format_project(project: Project, old: str = "") -> str:
    """Return the project as TOML.

    Args:
        project: what the file has to say.
        old: the present text; its comments and order are kept, its values are replaced.

    """
    document = tomlkit.parse(old)
    wanted: dict[str, Any] = project.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    first: dict[str, Any] = {"version": project.version, "task": project.task, "seed": project.seed}
    wanted = first | {"model": {}} | wanted
    wanted["model"] = {"source": project.model.source} | wanted["model"]
    stages = wanted.pop("stage", [])
    _merge(document, wanted)
    _replace_stages(document, stages)
    return tomlkit.dumps(document)


def _merge(target: MutableMapping[str, Any], wanted: dict[str, Any]) -> None:
    for key in [key for key in target if key not in wanted and key != "stage"]:
        del target[key]
    for key, value in wanted.items():
        if isinstance(value, dict):
            if not isinstance(target.get(key), MutableMapping):
                target[key] = tomlkit.table()
            _merge(target[key], value)
        elif key not in target or target[key] != value:
            target[key] = value


def _replace_stages(document: tomlkit.TOMLDocument, stages: list[dict[str, Any]]) -> None:
    present = document.get("stage")
    old = list(present.unwrap()) if isinstance(present, AoT) else None
    if old == stages:
        return
    document.pop("stage", None)
    if not stages:
        return
    tables = tomlkit.aot()
    for stage in stages:
        table = tomlkit.table()
        for key, value in stage.items():
            if isinstance(value, dict):
                inline = tomlkit.inline_table()
                inline.update(value)
                table[key] = inline
            else:
                table[key] = value
        tables.append(table)
    document["stage"] = tables
