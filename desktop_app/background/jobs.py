"""The one helper for short background work: an operation, what to do on success, what to do on failure.

A failure that nobody handles is shown, never swallowed. Answers of a job that a newer one of the same name has
overtaken are dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot


class _Answer(QObject):
    """Carries what a job tells, and its end, into the window's thread."""

    told = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)


class _Job(QRunnable):
    def __init__(self, operation: Callable[[], Any], answer: _Answer) -> None:
        super().__init__()
        self._operation = operation
        self._answer = answer

    def run(self) -> None:
        """Do the work, in a thread of the pool."""
        try:
            result = self._operation()
        except Exception as error:
            self._answer.failed.emit(error)
        else:
            self._answer.succeeded.emit(result)


class Jobs(QObject):
    """Runs operations one after the other in a thread of its own and answers in the window's thread.

    One thread, because the jobs share heavy imports and a model; a newer job of the same name overtakes a waiting one.
    """

    failed = Signal(object)
    """A job failed and its starter gave no handler: the exception."""
    busy_changed = Signal(str)
    """The name of the job at work changed; empty when there is none."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._closed = False
        self._generations: dict[str, int] = {}
        self._answers: dict[tuple[str, int], _Answer] = {}

    def start(
        self,
        name: str,
        operation: Callable[..., Any],
        success: Callable[[Any], None],
        failure: Callable[[Exception], None] | None = None,
        told: Callable[[Any], None] | None = None,
    ) -> None:
        """Run ``operation`` in the background; after ``close`` nothing is begun.

        Args:
            name: what the job does, in words a user understands; one name is one sequence of answers.
            operation: called in another thread; must not touch widgets. With ``told`` it is given a function to call
                with whatever is to be told meanwhile.
            success: called in the window's thread with the result.
            failure: called in the window's thread with the exception; without one ``failed`` is emitted.
            told: called in the window's thread with what the operation tells while it is at work.
        """
        if self._closed:
            return
        generation = self._generations.get(name, 0) + 1
        self._generations[name] = generation
        answer = _Answer(self)
        self._answers[name, generation] = answer
        answer.told.connect(lambda value: self._on_job_told(name, generation, told, value))
        answer.succeeded.connect(lambda result: self._on_job_ended(name, generation, success, result))
        answer.failed.connect(lambda error: self._on_job_ended(name, generation, failure or self.failed.emit, error))
        self.busy_changed.emit(name)
        work = operation if told is None else partial(operation, answer.told.emit)
        self._pool.start(_Job(lambda: work() if self._is_newest(name, generation) else None, answer))

    def forget(self, name: str) -> None:
        """Drop the answers of all jobs of this name that are under way."""
        self._generations[name] = self._generations.get(name, 0) + 1

    def close(self) -> None:
        """Begin nothing more, drop all answers and wait until the thread is idle; for the end of the window.

        A timer of a page that is about to go may still fire afterwards and ask for work.
        """
        self._closed = True
        for name in self._generations:
            self.forget(name)
        self.wait()

    def finish(self) -> None:
        """Let everything that was asked for be done, then close; for work that must not be lost with the window."""
        self._pool.waitForDone()
        self.close()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._answers)

    def wait(self) -> None:
        """Block until the thread is idle; jobs that wait for their turn are dropped."""
        self._pool.clear()
        self._pool.waitForDone()

    def _is_newest(self, name: str, generation: int) -> bool:
        return self._generations.get(name) == generation

    @Slot()
    def _on_job_told(self, name: str, generation: int, handler: Callable[[Any], None] | None, value: Any) -> None:
        if handler is not None and self._is_newest(name, generation):
            handler(value)

    @Slot()
    def _on_job_ended(self, name: str, generation: int, handler: Callable[[Any], Any], value: Any) -> None:
        answer = self._answers.pop((name, generation))
        answer.deleteLater()
        still = next((waiting for waiting, _ in self._answers), "")
        self.busy_changed.emit(still)
        if self._is_newest(name, generation):
            handler(value)
