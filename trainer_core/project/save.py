"""Writing a project file: only what changed is touched, so that comments and order stay as the user wrote them."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

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
        replace_file(path.resolve(), format_project(project, old).encode())
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
    full: dict[str, Any] = project.model_dump(mode="json")
    wanted: dict[str, Any] = project.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    first: dict[str, Any] = {"version": project.version, "task": project.task, "seed": project.seed}
    wanted = first | {"model": {}} | wanted
    wanted["model"] = {"source": project.model.source} | wanted["model"]
    stages = wanted.pop("stage", [])
    _merge(document, wanted, full)
    _replace_stages(document, stages, full["stage"])
    return tomlkit.dumps(document)


def _merge(target: MutableMapping[str, Any], wanted: dict[str, Any], full: dict[str, Any]) -> None:
    """Make a table say what is wanted; defaults that it spells out already may stay."""
    for key in [key for key in target if key not in wanted and key != "stage"]:
        if isinstance(target[key], MutableMapping) and isinstance(full.get(key), dict):
            _merge(target[key], {}, full[key])
        elif full.get(key) is None or _plain(target[key]) != full[key]:
            del target[key]
    for key, value in wanted.items():
        if isinstance(value, dict):
            if not isinstance(target.get(key), MutableMapping):
                target[key] = tomlkit.table()
            _merge(target[key], value, full[key])
        elif key not in target or _plain(target[key]) != value:
            target[key] = value


def _plain(item: Any) -> Any:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _replace_stages(document: tomlkit.TOMLDocument, stages: list[dict[str, Any]], full: list[dict[str, Any]]) -> None:
    """Write the stages; one that was there under the same name keeps its comments."""
    present = document.get("stage")
    old = list(present) if isinstance(present, AoT) else []
    if old and [_plain(table.get("name")) for table in old] == [stage["name"] for stage in stages]:
        for table, stage, whole in zip(old, stages, full, strict=True):
            _merge(table, stage, whole)
        return
    document.pop("stage", None)
    if not stages:
        return
    tables = tomlkit.aot()
    for stage, whole in zip(stages, full, strict=True):
        same = next((table for table in old if _plain(table.get("name")) == stage["name"]), None)
        if same is not None:
            old.remove(same)
            _merge(same, stage, whole)
        tables.append(_stage_table(stage) if same is None else same)
    document["stage"] = tables


def _stage_table(stage: dict[str, Any]) -> Table:
    table = tomlkit.table()
    for key, value in stage.items():
        if isinstance(value, dict):
            inline = tomlkit.inline_table()
            inline.update(value)
            table[key] = inline
        else:
            table[key] = value
    return table
