"""Which tasks there are. A task is an entry point of the group ``thaw.tasks``, in this package or another's.

Names are read without importing a task, because tasks import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from trainer_core.errors import InputError, Problem
from trainer_core.tasks.facts import OptionFacts, TaskFacts

if TYPE_CHECKING:
    from trainer_core.tasks.base import Facts, Task

GROUP = "thaw.tasks"


@cache
def _found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def task_names() -> list[str]:
    """Return the names that ``task`` in a project file may take, in alphabetical order."""
    return sorted(_found())


def load_task(name: str, options: Mapping[str, Any] | None = None, facts: Facts | None = None) -> Task:
    """Import and build the task of this name.

    Args:
        name: as a project writes it.
        options: what the project chooses about it.
        facts: what it found in the training rows, where it has seen them.

    Raises:
        InputError: no installed package offers a task of this name, it cannot be imported, or it knows no such option.
    """
    entry = _found().get(name)
    if entry is None:
        known = ", ".join(task_names()) or "none; install thaw-desktop again"
        raise InputError.one("task", f'There is no task "{name}".', f"Known tasks: {known}.")
    kind = _imported(entry)
    try:
        chosen = kind.options_type.model_validate(dict(options or {}))
    except ValidationError as cause:
        raise InputError([_problem(detail, kind) for detail in cause.errors(include_url=False)]) from cause
    task: Task = kind(chosen, facts)
    return task


def _imported(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as cause:  # it may be anybody's code, and do anything when it is imported
        package = entry.dist.name if entry.dist else entry.module
        what = f'The task "{entry.name}" of {package} cannot be imported: {type(cause).__name__}: {cause}.'
        remedy = f"Install {package} again in a version for this Thaw, or choose another task."
        raise InputError.one("task", what, remedy) from cause


def describe_tasks() -> list[TaskFacts]:
    """Return what the window shows of all tasks; one that cannot be imported is told of where a project names it."""
    found: list[TaskFacts] = []
    for name in task_names():
        with suppress(InputError):
            found.append(describe_task(name))
    return found


def describe_task(name: str) -> TaskFacts:
    """Return what the window shows of a task.

    Raises:
        InputError: there is none of this name.
    """
    task = load_task(name)
    schema = task.options_type.model_json_schema()
    options = tuple(
        _option(key, values | _referred(values, schema), task.options_type.model_fields[key].get_default())
        for key, values in schema.get("properties", {}).items()
    )
    offered = task.metrics_offered
    return TaskFacts(task.name, task.title, task.summary, task.needs, offered, options, task.language)


def _option(name: str, values: dict[str, Any], default: Any) -> OptionFacts:
    title = values.get("title", name)
    description, choices = values.get("description", ""), tuple(values.get("enum", ()))
    default = default.value if isinstance(default, Enum) else default
    return OptionFacts(name, title, description, default, choices, values.get("minimum"), values.get("maximum"))


def _referred(values: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return what the definition of an enumeration adds to the option that names it."""
    name = str(values.get("$ref", "")).rpartition("/")[2]
    return {key: value for key, value in schema.get("$defs", {}).get(name, {}).items() if key == "enum"}


def _problem(detail: Any, kind: Any) -> Problem:
    key = str(detail["loc"][0]) if detail["loc"] else ""
    known = ", ".join(kind.options_type.model_fields)
    if detail["type"] == "extra_forbidden":
        remedy = f"It knows: {known}." if known else "It has none; remove the key."
        return Problem(f"options.{key}", f'The task {kind.name} has no option "{key}".', remedy)
    what = f"{detail['msg'][:1].upper()}{detail['msg'][1:]} (it is {detail['input']!r})."
    return Problem(f"options.{key}", what, "Mend or remove this value.")
