"""The training thread: it runs the engine, and the window hears of the run in batches of events.

The heavy imports happen in the thread, so the window paints while they load. Knows no widget and no page.
"""

from __future__ import annotations

import traceback
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from desktop_app.core_access import Core
from desktop_app.workspace import Workspace
from trainer_core.errors import ThawError
from trainer_core.project.schema import Project
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunHistory
from trainer_core.training.control import Control
from trainer_core.training.events import Event, RunFailed, RunFinished

if TYPE_CHECKING:
    from trainer_core.engines.base import Engine

BATCH_MILLISECONDS = 50
"""How long events are gathered before the window folds them."""
UNSAVED_NAME = "untitled.thaw"
"""What a project that was never saved is called, for the engine that resolves paths against it."""


class RunThread(QThread):
    """Runs one project once. Events wait in a queue until the window's thread takes them.

    Attributes:
        folder: where the run is written; None until it exists.
    """

    arrived = Signal()
    """There are events to take; not said again before they were taken."""

    def __init__(
        self,
        core: Core,
        project: Project,
        *,
        project_file: Path,
        runs: Path,
        control: Control,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("training")
        self.folder: RunFolder | None = None
        self._core = core
        self._project = project
        self._project_file = project_file
        self._runs = runs
        self._control = control
        self._queue: deque[Event] = deque()
        self._announced = False
        self._ended = False

    def run(self) -> None:
        """Train; in this thread. Whatever goes wrong becomes the run's last event."""
        try:
            self._train()
        except Exception as error:
            self._put_end(failure_of(error))
        else:
            self._put_end(RunFailed(what="The run ended without a result.", remedy="Start it again."))

    def take(self) -> list[Event]:
        """Return the events since the last call; for the window's thread."""
        self._announced = False
        events: list[Event] = []
        while self._queue:
            events.append(self._queue.popleft())
        return events

    def _train(self) -> None:
        engine = self._core.engine()
        for event in engine.run(self._project, self._project_file, self._runs, self._control):
            self._note_folder(engine)
            self._put(event)

    def _note_folder(self, engine: Engine) -> None:
        if self.folder is None:
            self.folder = engine.folder

    def _put(self, event: Event) -> None:
        self._ended = self._ended or isinstance(event, RunFinished | RunFailed)
        self._queue.append(event)
        if not self._announced:
            self._announced = True
            self.arrived.emit()

    def _put_end(self, failure: RunFailed) -> None:
        if not self._ended:
            self._put(failure)


class Trainer(QObject):
    """Starts and stops runs of the open project, one at a time, and folds their events into a history.

    Attributes:
        history: what is known of the run under way, or of the last one.
        folder: where that run is written; None until it exists.
    """

    run_started = Signal(object)
    """The run's folder exists: the RunFolder."""
    events_arrived = Signal(list)
    """Events were folded into ``history``: the list of them, in order."""
    run_finished = Signal(object)
    """The run is over and something was kept: the RunFinished."""
    run_failed = Signal(object)
    """The run ended by an error: the RunFailed."""
    running_changed = Signal(bool)
    """``running`` or ``stopping`` changed: whether a run is under way."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = RunHistory()
        self.folder: RunFolder | None = None
        self._workspace = workspace
        self._thread: RunThread | None = None
        self._control = Control()
        self._stopping = False
        self._batch = QTimer(self)
        self._batch.setSingleShot(True)
        self._batch.setInterval(BATCH_MILLISECONDS)
        self._batch.timeout.connect(self._on_batch_due)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._thread is not None

    @property
    def stopping(self) -> bool:
        """Whether the end of the run under way was wished for."""
        return self._stopping

    def start(self) -> None:
        """Train the open project; nothing happens without one, or while a run is under way."""
        workspace = self._workspace
        if self.running or workspace.project is None:
            return
        self.history, self.folder = RunHistory(), None
        self._control, self._stopping = Control(), False
        self._thread = RunThread(
            workspace.core,
            workspace.project,
            project_file=workspace.path or workspace.folder / UNSAVED_NAME,
            runs=workspace.runs_folder,
            control=self._control,
            parent=self,
        )
        self._thread.arrived.connect(self._on_events_waiting)
        self._thread.finished.connect(self._on_thread_finished)
        self._thread.start()
        self.running_changed.emit(True)

    def stop(self) -> None:
        """Wish for the end of the run; it ends after the step at hand, and its best weights are kept."""
        if not self.running or self._stopping:
            return
        self._control.finish_now()
        self._stopping = True
        self.running_changed.emit(True)

    def wait(self, seconds: float) -> bool:
        """Block until the run has ended; for the end of the program.

        Args:
            seconds: how long to wait at most.

        Returns:
            Whether no run is under way any more.
        """
        if self._thread is not None and self._thread.wait(round(seconds * 1000)):
            self._on_thread_finished()
        return not self.running

    def _on_events_waiting(self) -> None:
        if self.running and not self._batch.isActive():
            self._batch.start()

    def _on_batch_due(self) -> None:
        if self._thread is not None:
            self._fold(self._thread)

    def _on_thread_finished(self) -> None:
        thread = self._thread
        if thread is None or not thread.isFinished():  # wait() was quicker than the thread's own signal
            return
        self._batch.stop()
        self._fold(thread)
        thread.wait()
        thread.deleteLater()
        self._thread, self._stopping = None, False
        self.running_changed.emit(False)
        self._tell_end()

    def _fold(self, thread: RunThread) -> None:
        events = thread.take()
        self.history.apply_all(events)
        if self.folder is None and thread.folder is not None:
            self.folder = thread.folder
            if self.folder.path.parent == self._workspace.runs_folder:  # else another project was opened meanwhile
                self._workspace.add_run(self.folder)
            self.run_started.emit(self.folder)
        if events:
            self.events_arrived.emit(events)

    def _tell_end(self) -> None:
        self._workspace.runs_changed.emit()
        if self.history.finished is not None:
            self.run_finished.emit(self.history.finished)
        elif self.history.failure is not None:
            self.run_failed.emit(self.history.failure)


def failure_of(error: Exception) -> RunFailed:
    """Return an error as a run's last event, in its three layers."""
    if isinstance(error, ThawError):
        trace = "".join(traceback.format_exception(error)) if error.__cause__ else ""
        return RunFailed(what=error.what, why=error.why, remedy=error.remedy, traceback=trace)
    return RunFailed(
        what=f"Something went wrong: {error or type(error).__name__}",
        remedy="This is a mistake in Thaw. Your project is untouched; copy the details and report them.",
        traceback="".join(traceback.format_exception(error)),
    )
