"""From the plans of earlier versions to the present one."""

from __future__ import annotations

from pathlib import Path

from trainer_core.project.migrations import migrate_project
from trainer_core.versioned import Migration, Values, brought_up_to_date


def migrate_plan(values: Values, where: Path) -> Values:
    """Return the values of a plan, with the project inside, as the present version writes them.

    Raises:
        InputError: a later version wrote it.
    """
    values = brought_up_to_date(values, _MIGRATIONS, where=where, what="run folders")
    project = values.get("project")
    return {**values, "project": migrate_project(project)} if isinstance(project, dict) else values


def _with_changes(values: Values) -> Values:
    """Version 2 knows what was changed in stages while they ran; before, nothing could be."""
    return {"changes": [], **values}


def _with_columns(values: Values) -> Values:
    """Version 3 knows every column in use, what the task found in the rows, and how many scores a row has."""
    data = values.get("data")
    if not isinstance(data, dict):
        return values
    text = {"columns": {"text": data.get("text_column", "")}, "facts": {}, "outputs": len(data.get("labels") or ())}
    return {**values, "data": {**{key: value for key, value in data.items() if key != "text_column"}, **text}}


_MIGRATIONS: tuple[Migration, ...] = (_with_changes, _with_columns)
