"""A whole file: predicted into another one, or measured by its right answers. Owns no widget."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QObject, Signal

from desktop_app.background.jobs import Jobs
from desktop_app.pages.try_it.contract import FileQuestions, TryItViewLike
from desktop_app.pages.try_it.predicting import Cancelled, LoadedRun, load_run, predict_file
from desktop_app.workspace import Workspace
from trainer_core.errors import InputError
from trainer_core.inference.prediction import EvaluationReport
from trainer_core.runs.folder import RunFolder

PREDICT_FILE = "Predicting a file"
EVALUATE = "Measuring on"


class FileHost(Protocol):
    """The page around it, which knows the run and its model."""

    @property
    def run(self) -> RunFolder | None:
        """Whose model answers."""
        ...

    @property
    def ready(self) -> LoadedRun | None:
        """Its best model, if that is loaded."""
        ...

    def show_error(self, error: Exception | None) -> None:
        """Show what went wrong, or that nothing did."""


class FilePresenter(QObject):
    """Asks for files and works through them in the background."""

    busy_changed = Signal()
    """A file is predicted now, or no longer."""

    _told = Signal(int, int)

    def __init__(
        self, view: TryItViewLike, host: FileHost, workspace: Workspace, questions: FileQuestions, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._host = host
        self._workspace = workspace
        self._questions = questions
        self._jobs = Jobs(self)
        self._cancelled: threading.Event | None = None
        view.file_wished.connect(self._on_file_wished)
        view.evaluation_wished.connect(self._on_evaluation_wished)
        view.cancel_wished.connect(self._on_cancel_wished)
        self._told.connect(view.show_file_progress)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._on_cancel_wished)

    @property
    def busy(self) -> bool:
        """Whether a file is predicted at the moment."""
        return self._cancelled is not None

    # --- a file ------------------------------------------------------------------------------------------------

    def _on_file_wished(self) -> None:
        run = self._host.run
        if run is None or self._cancelled is not None:
            return
        source = self._questions.choose_texts(self._workspace.folder)
        if source is None:
            return
        target = self._questions.choose_target(source.with_name(f"{source.stem}_predictions.csv"))
        if target is None or self._is_refused(source, target):
            return
        self._predict_file(run, source, target)

    def _is_refused(self, source: Path, target: Path) -> bool:
        if target.resolve() == source.resolve():
            what = "The predictions would replace the texts they are made from."
            self._host.show_error(InputError.one(target, what, "Choose another name for the predictions."))
            return True
        return target.exists() and not self._questions.may_replace(target)

    def _predict_file(self, run: RunFolder, source: Path, target: Path) -> None:
        core, ready, cancelled = self._workspace.core, self._host.ready, threading.Event()
        self._cancelled = cancelled
        self._host.show_error(None)
        self._view.show_file_end("")
        self._view.show_file_progress(0, 0)

        def work() -> tuple[int, Path]:
            loaded = ready or load_run(core, run)
            return predict_file(core, loaded, source, target, tell=self._told.emit, cancelled=cancelled), target

        self._jobs.start(PREDICT_FILE, work, self._on_file_predicted, self._on_file_not_predicted)
        self.busy_changed.emit()

    def _on_file_predicted(self, result: tuple[int, Path]) -> None:
        count, target = result
        self._cancelled = None
        self._view.show_file_end(f"{count:,} predictions were written to {target}")
        self.busy_changed.emit()

    def _on_file_not_predicted(self, error: Exception) -> None:
        self._cancelled = None
        given_up = isinstance(error, Cancelled)
        self._view.show_file_end("Cancelled; nothing was written." if given_up else "Nothing was written.")
        self._host.show_error(None if given_up else error)

    def _on_cancel_wished(self) -> None:
        if self._cancelled is not None:
            self._cancelled.set()

    # --- a file with the right answers -------------------------------------------------------------------------

    def _on_evaluation_wished(self) -> None:
        run, core, ready = self._host.run, self._workspace.core, self._host.ready
        if run is None:
            return
        file = self._questions.choose_answers(self._workspace.folder)
        if file is None:
            return
        self._host.show_error(None)
        self._view.show_file_end(f"{EVALUATE} {file.name}...")

        def work() -> tuple[str, EvaluationReport]:
            return file.name, (ready or load_run(core, run)).evaluate(file)

        self._workspace.jobs.start(EVALUATE, work, self._on_evaluated, self._on_not_evaluated)

    def _on_evaluated(self, result: tuple[str, EvaluationReport]) -> None:
        self._view.show_file_end("")
        self._view.show_report(*result)

    def _on_not_evaluated(self, error: Exception) -> None:
        self._view.show_file_end("")
        self._host.show_error(error)
