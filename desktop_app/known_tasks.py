"""What can be learnt: the tasks of this installation, asked for once in the background. Knows no widget and no page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.background.jobs import Jobs
from desktop_app.core_access import Core

if TYPE_CHECKING:
    from trainer_core.tasks.facts import TaskFacts

LEARN_TASKS = "Looking at what can be learnt"


class KnownTasks(QObject):
    """Asks the core once, because tasks import heavy libraries and never change while the window lives.

    Attributes:
        all: the tasks; none while they are unknown.
    """

    changed = Signal()
    """The tasks are known now."""

    def __init__(self, core: Core, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all: tuple[TaskFacts, ...] = ()
        self._core = core
        self._jobs = jobs
        self._asked = False

    def learn(self) -> None:
        """Ask, unless that was done; ``changed`` tells when the answer is there."""
        if not self._asked:
            self._asked = True
            self._jobs.start(LEARN_TASKS, self._core.describe_tasks, self.take, self._on_not_learnt)

    def take(self, tasks: Sequence[TaskFacts]) -> None:
        """Know these tasks from now on."""
        self.all = tuple(tasks)
        self.changed.emit()

    def named(self, name: str) -> TaskFacts | None:
        """Return the task of this name; None where it is unknown."""
        return next((task for task in self.all if task.name == name), None)

    def _on_not_learnt(self, error: Exception) -> None:
        self._asked = False  # the next project asks again
        self._jobs.failed.emit(error)
