"""Which tasks there are. A task is an entry point of the group ``thaw.tasks``, in this package or another's.

Names are read without importing a task, because tasks import torch.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from trainer_core.errors import InputError

if TYPE_CHECKING:
    from trainer_core.tasks.base import Task

GROUP = "thaw.tasks"


@cache
def _found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def task_names() -> list[str]:
    """Return the names that ``task`` in a project file may take, in alphabetical order."""
    return sorted(_found())


def load_task(name: str) -> Task:
    """Import and build the task of this name.

    Raises:
        InputError: no installed package offers a task of this name.
    """
    entry = _found().get(name)
    if entry is None:
        known = ", ".join(task_names()) or "none; install thaw-desktop again"
        raise InputError.one("task", f'There is no task "{name}".', f"Known tasks: {known}.")
    task: Task = entry.load()()
    return task
