"""Jobs that write, done one after the other in a thread of their own; one that fails waits to be begun again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")

MOST_WAITING = 2
"""Jobs hold copies of what they write: where the disk is slow, whoever brings more of them waits for it."""


@dataclass
class _Begun(Generic[Result]):
    job: Callable[[], Result]
    done: Future[Result]


class WritingQueue(Generic[Result]):
    """Jobs in the order in which they were begun. After one that failed, none is done until it was begun again.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._begun: deque[_Begun[Result]] = deque()
        self._done: list[Result] = []
        self._error: OSError | None = None
        self._told = False

    def begin(self, job: Callable[[], Result]) -> None:
        """Put a job behind those already there. It is called again where it raised ``OSError``."""
        waiting = [begun.done for begun in self._begun if not begun.done.done()]
        if len(waiting) >= MOST_WAITING:
            wait([waiting[-MOST_WAITING]])
        self._begun.append(_Begun(job, self._thread.submit(self._do, job)))

    def take(self, *, all_of_them: bool = False) -> list[Result]:
        """Return what jobs returned that were done since the last call, in their order.

        Args:
            all_of_them: wait until all are done that were begun.

        Raises:
            OSError: a job raised it; the next call begins that one anew, with those after it, and waits for them.
        """
        self._finish(all_of_them=all_of_them)
        done, self._done = self._done, []
        return done

    def finish(self) -> None:
        """Wait until all jobs are done that were begun.

        Raises:
            OSError: as ``take`` does; what was done is told by the next ``take``.
        """
        self._finish(all_of_them=True)

    def close(self) -> None:
        """Wait for the job at hand, and end the thread."""
        self._thread.shutdown()

    def _finish(self, *, all_of_them: bool) -> None:
        if self._told:  # whoever tries again has to know how that went
            self._begin_again()
            all_of_them = True
        while self._begun and (all_of_them or self._begun[0].done.done()):
            try:
                self._done.append(self._begun[0].done.result())
            except OSError:
                self._told = True
                raise
            self._begun.popleft()

    def _begin_again(self) -> None:
        wait([begun.done for begun in self._begun])
        self._error, self._told = None, False
        for begun in self._begun:
            begun.done = self._thread.submit(self._do, begun.job)

    def _do(self, job: Callable[[], Result]) -> Result:
        if self._error is not None:
            raise self._error
        try:
            return job()
        except OSError as error:
            self._error = error
            raise
