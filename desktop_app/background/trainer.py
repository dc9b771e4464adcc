"""The training thread: it runs the engine, and the window hears of the run in batches of events.

Wishes reach the run through its ``Control``, which never waits, so the window answers at once whatever the run does.

The heavy imports happen in the thread, so the window paints while they load. Knows no widget and no page.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from desktop_app.core_access import Core
from desktop_app.workspace import Workspace
from trainer_core.engines.base import PLAINLY, GoOn
from trainer_core.errors import ThawError
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.runs.journal import read_journal
from trainer_core.stages.changes import ChangeWish
from trainer_core.training.control import ENDING, Control, Wish
from trainer_core.training.events import Event, RunDiscarded, RunFailed, RunFinished, RunPutAside

if TYPE_CHECKING:
    from trainer_core.engines.base import Engine

    Begin = Callable[[Engine], Iterator[Event]]

BATCH_MILLISECONDS = 50
"""How long events are gathered before the window folds them."""
UNSAVED_NAME = "untitled.thaw"
"""What a project that was never saved is called, for the engine that resolves paths against it."""
ENDS = RunFinished | RunPutAside | RunDiscarded | RunFailed


class RunThread(QThread):
    """Runs an engine once. Events wait in a queue until the window's thread takes them.

    Args:
        core: whose engine.
        begin: starts the run.
        goes_on: the run that is gone on with, whose earlier events are told first.
        parent: the owner.

    Attributes:
        folder: where the run is written; None until it exists.
        error: what ended the run where that was no wish.
    """

    arrived = Signal()
    """There are events to take; not said again before they were taken."""

    def __init__(
        self, core: Core, begin: Begin, *, goes_on: RunFolder | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("training")
        self.folder: RunFolder | None = None
        self.error: Exception | None = None
        self._core = core
        self._begin = begin
        self._goes_on = goes_on
        self._queue: deque[Event] = deque()
        self._announced = False
        self._ended = False

    def run(self) -> None:
        """Train; in this thread. Whatever goes wrong becomes the run's last event."""
        try:
            self._train()
        except Exception as error:
            self.error = error
            self._tell_earlier()
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
        for event in self._begin(engine):
            self.folder = self.folder or engine.folder
            if not self._tell_earlier():
                self._put(event)

    def _tell_earlier(self) -> bool:
        """Tell once what the journal of a run that is gone on with holds; by then that is the first new event, too."""
        run, self._goes_on = self._goes_on, None
        if run is None:
            return False
        for event in read_journal(run.journal_file):
            self._put(event)
        self._ended = False
        return True

    def _put(self, event: Event) -> None:
        self._ended = self._ended or isinstance(event, ENDS)
        self._queue.append(event)
        if not self._announced:
            self._announced = True
            self.arrived.emit()

    def _put_end(self, failure: RunFailed) -> None:
        if not self._ended:
            self._put(failure)


class Trainer(QObject):
    """Starts runs of the open project, one at a time, hands on what the user wishes, and folds events into a history.

    Attributes:
        history: what is known of the run under way, or of the last one.
        folder: where that run is written; None until it exists, and after it was discarded.
        error: what ended the last run, where that was no wish.
    """

    run_started = Signal(object)
    """The run's folder exists: the RunFolder."""
    events_arrived = Signal(list)
    """Events were folded into ``history``: the list of them, in order."""
    run_finished = Signal(object)
    """The run is over and something was kept: the RunFinished."""
    run_failed = Signal(object)
    """The run ended by an error: the RunFailed."""
    run_left = Signal(object)
    """The run was put aside or discarded: its RunStatus."""
    running_changed = Signal(bool)
    """``running`` or ``wish`` changed: whether a run is under way."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = RunHistory()
        self.folder: RunFolder | None = None
        self.error: Exception | None = None
        self._workspace = workspace
        self._thread: RunThread | None = None
        self._control = Control()
        self._batch = QTimer(self)
        self._batch.setSingleShot(True)
        self._batch.setInterval(BATCH_MILLISECONDS)
        self._batch.timeout.connect(self._on_batch_due)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._thread is not None

    @property
    def wish(self) -> Wish:
        """What was last wished of the run under way."""
        return self._control.wish

    @property
    def stopping(self) -> bool:
        """Whether the end of the run under way was wished for."""
        return self.running and self.wish in ENDING

    def start(self) -> None:
        """Train the open project; nothing happens without one, or while a run is under way."""
        workspace, control = self._workspace, Control()
        project = workspace.project
        if self.running or project is None:
            return
        file = workspace.path or workspace.folder / UNSAVED_NAME
        runs = workspace.runs_folder
        thread = RunThread(workspace.core, lambda engine: engine.run(project, file, runs, control), parent=self)
        self._start(thread, control, None)

    def resume(self, run: RunFolder, how: GoOn = PLAINLY) -> None:
        """Go on with a run; nothing happens while one is under way."""
        control = Control()
        if self.running:
            return

        def begin(engine: Engine) -> Iterator[Event]:
            return engine.resume(run.path, control, how)

        self._start(RunThread(self._workspace.core, begin, goes_on=run, parent=self), control, run)

    def _start(self, thread: RunThread, control: Control, run: RunFolder | None) -> None:
        self.history, self.folder, self.error = RunHistory(), run, None
        self._thread, self._control = thread, control
        thread.arrived.connect(self._on_events_waiting)
        thread.finished.connect(self._on_thread_finished)
        thread.start()
        self.running_changed.emit(True)

    def pause(self) -> None:
        """Let the run wait after the step at hand, with the model in memory."""
        self._wish(Control.pause)

    def go_on(self) -> None:
        """Take a pause back; or try again to write what could not be written."""
        self._wish(Control.go_on)

    def change(self, wish: ChangeWish) -> None:
        """Let other layers of the stage that is running learn, or at another rate, from its next step on."""
        if self.running:
            self._control.change(wish)

    def stop(self) -> None:
        """Wish for the end of the run; it ends after the step at hand, and its best weights are kept."""
        self._wish(Control.finish_now)

    def put_aside(self) -> None:
        """Let the run give its memory back; it can be gone on with later."""
        self._wish(Control.put_aside)

    def discard(self) -> None:
        """Let the run end and nothing of it be kept."""
        self._wish(Control.discard)

    def _wish(self, wish: Callable[[Control], None]) -> None:
        before = self.wish
        if self.running:
            wish(self._control)
        if self.running and self.wish is not before:
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
        self._thread, self.error = None, thread.error
        if self.history.status is RunStatus.DISCARDED:
            self._forget()
        self.running_changed.emit(False)
        self._tell_end()

    def _forget(self) -> None:
        """Show the discarded run no longer."""
        gone, self.folder = self.folder, None
        if self._workspace.run == gone:
            self._workspace.choose_run(None)

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
        if self.history.failure is not None:  # also of a run that had come to its end, and could not be gone on with
            self.run_failed.emit(self.history.failure)
        elif self.history.finished is not None:
            self.run_finished.emit(self.history.finished)
        else:
            self.run_left.emit(self.history.status)


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
