"""The logic of the Try it page: which run answers, when it is asked, and files. Owns no widget."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from desktop_app.background.jobs import Jobs
from desktop_app.pages.base import PageState
from desktop_app.pages.marks import MarkedPresenter
from desktop_app.pages.try_it.contract import FileQuestions, TryItViewLike
from desktop_app.pages.try_it.predicting import (
    Cancelled,
    LoadedRun,
    can_be_tried,
    checkpoint_version,
    load_run,
    predict_file,
)
from desktop_app.pages.try_it.words import answer_of, command_for, example_fields, field_title, sample_fields
from desktop_app.run_words import run_title
from desktop_app.workspace import Workspace
from trainer_core.data.roles import Fields, Role
from trainer_core.errors import InputError
from trainer_core.inference.prediction import EvaluationReport, Prediction
from trainer_core.runs.folder import RunFolder

LOAD = "Loading the fine-tuned model"
PREDICT = "Asking the model"
PREDICT_FILE = "Predicting a file"
EVALUATE = "Measuring on"
PAUSE_MILLISECONDS = 150
"""How long typing rests before the model is asked."""
NO_RUN = "Train a model first. As soon as a run has its first result, you can type sentences here and see its answers."


class TryItPresenter(MarkedPresenter):
    """Asks the model of the chosen run while the user types."""

    _told = Signal(int, int)

    def __init__(
        self, view: TryItViewLike, workspace: Workspace, questions: FileQuestions, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._questions = questions
        self._runs: list[RunFolder] = []
        self._run: RunFolder | None = None
        self._loaded: LoadedRun | None = None
        self._loading: RunFolder | None = None
        self._given: tuple[Role, ...] = (Role.TEXT,)
        self._fields: Fields = ("",)
        self._error: Exception | None = None
        self._files = Jobs(self)
        self._cancelled: threading.Event | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MILLISECONDS)
        self._connect()
        self._choose()
        self._show_examples()

    def look(self) -> None:
        """Take notice that the page came to the front: look for new runs, and have the model ready."""
        self._choose()

    def _connect(self) -> None:
        view, workspace = self._view, self._workspace
        view.fields_changed.connect(self._on_fields_changed)
        view.run_picked.connect(self._on_run_picked)
        view.file_wished.connect(self._on_file_wished)
        view.evaluation_wished.connect(self._on_evaluation_wished)
        view.cancel_wished.connect(self._on_cancel_wished)
        workspace.run_chosen.connect(self._choose)
        workspace.runs_changed.connect(self._choose)
        workspace.project_opened.connect(self._show_examples)
        workspace.report_changed.connect(self._show_examples)
        self._pause.timeout.connect(self._ask)
        self._told.connect(view.show_file_progress)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._on_cancel_wished)

    # --- which run ---------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        """Take the run that the workspace names, or the newest that can be tried."""
        self._runs = [run for run in self._workspace.runs() if can_be_tried(run)]
        wished = self._workspace.run
        chosen = wished if wished in self._runs else next(iter(self._runs), None)
        if chosen != self._run:
            self._run, self._error = chosen, None
            self._view.show_answer(None)
        if chosen is None:
            self._loaded = None
            self._view.show_empty(NO_RUN)
        else:
            self._view.show_runs([run_title(run) for run in self._runs], self._runs.index(chosen))
            self._show_command()
            if self._view.is_seen():
                self._ask()
        self._show_state()

    @property
    def _ready(self) -> LoadedRun | None:
        """The loaded model, if it is the chosen run's and still its best."""
        loaded = self._loaded
        if loaded is None or loaded.run != self._run or loaded.version != checkpoint_version(loaded.run):
            return None
        return loaded

    def _load(self) -> None:
        run, core = self._run, self._workspace.core
        if run is None or self._loading == run:
            return
        self._loading = run
        self._view.show_busy(LOAD)
        self._workspace.jobs.start(LOAD, lambda: load_run(core, run), self._on_loaded, self._on_not_loaded)
        self._show_state()

    def _on_loaded(self, loaded: LoadedRun) -> None:
        self._loading, self._loaded = None, loaded
        self._view.show_busy("")
        self._show_error(None)
        self._show_fields(tuple(loaded.columns))
        self._ask()

    def _on_not_loaded(self, error: Exception) -> None:
        self._loading = None
        self._view.show_busy("")
        self._show_error(error)

    # --- one text ----------------------------------------------------------------------------------------------

    def _show_fields(self, given: tuple[Role, ...]) -> None:
        """Show a field for each text that the model reads."""
        self._given = given
        alone = len(given) == 1
        self._view.show_fields(["Your text"] if alone else [field_title(role) for role in given])
        self._show_examples()

    def _on_fields_changed(self, fields: Fields) -> None:
        self._fields = fields
        self._show_command()
        if self._is_complete:
            self._pause.start()
        else:
            self._pause.stop()
            self._workspace.jobs.forget(PREDICT)
            self._view.show_answer(None)

    @property
    def _is_complete(self) -> bool:
        return all(text.strip() for text in self._fields)

    def _ask(self) -> None:
        """Have the model ready, and ask it about the texts, if there are all."""
        loaded, fields = self._ready, self._fields
        if loaded is None:
            self._load()
        elif self._is_complete and len(fields) == len(loaded.columns):
            self._workspace.jobs.start(
                PREDICT, lambda: (loaded, loaded.predict([fields])[0]), self._on_predicted, self._show_error
            )

    def _on_predicted(self, result: tuple[LoadedRun, Prediction]) -> None:
        loaded, prediction = result
        if loaded.run == self._run and tuple(prediction.fields.values()) == self._fields:
            self._show_error(None)
            self._view.show_answer(answer_of(prediction))

    # --- a file ------------------------------------------------------------------------------------------------

    def _on_file_wished(self) -> None:
        run = self._run
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
            self._show_error(InputError.one(target, what, "Choose another name for the predictions."))
            return True
        return target.exists() and not self._questions.may_replace(target)

    def _predict_file(self, run: RunFolder, source: Path, target: Path) -> None:
        core, ready, cancelled = self._workspace.core, self._ready, threading.Event()
        self._cancelled = cancelled
        self._show_error(None)
        self._view.show_file_end("")
        self._view.show_file_progress(0, 0)

        def work() -> tuple[int, Path]:
            loaded = ready or load_run(core, run)
            return predict_file(core, loaded, source, target, tell=self._told.emit, cancelled=cancelled), target

        self._files.start(PREDICT_FILE, work, self._on_file_predicted, self._on_file_not_predicted)
        self._show_state()

    def _on_file_predicted(self, result: tuple[int, Path]) -> None:
        count, target = result
        self._cancelled = None
        self._view.show_file_end(f"{count:,} predictions were written to {target}")
        self._show_state()

    def _on_file_not_predicted(self, error: Exception) -> None:
        self._cancelled = None
        given_up = isinstance(error, Cancelled)
        self._view.show_file_end("Cancelled; nothing was written." if given_up else "Nothing was written.")
        self._show_error(None if given_up else error)

    def _on_cancel_wished(self) -> None:
        if self._cancelled is not None:
            self._cancelled.set()

    # --- a file with the right answers -------------------------------------------------------------------------

    def _on_evaluation_wished(self) -> None:
        run, core, ready = self._run, self._workspace.core, self._ready
        if run is None:
            return
        file = self._questions.choose_answers(self._workspace.folder)
        if file is None:
            return
        self._show_error(None)
        self._view.show_file_end(f"{EVALUATE} {file.name}...")

        def work() -> tuple[str, EvaluationReport]:
            return file.name, (ready or load_run(core, run)).evaluate(file)

        self._workspace.jobs.start(EVALUATE, work, self._on_evaluated, self._on_not_evaluated)

    def _on_evaluated(self, result: tuple[str, EvaluationReport]) -> None:
        self._view.show_file_end("")
        self._view.show_report(*result)

    def _on_not_evaluated(self, error: Exception) -> None:
        self._view.show_file_end("")
        self._show_error(error)

    # --- showing -----------------------------------------------------------------------------------------------

    def _on_run_picked(self, place: int) -> None:
        if 0 <= place < len(self._runs):
            self._workspace.choose_run(self._runs[place])

    def _show_examples(self) -> None:
        project, report, given = self._workspace.project, self._workspace.report, self._given
        rows = example_fields(self._workspace.folder, len(given)) if project is not None else []
        if not rows and report is not None:
            rows = sample_fields(report, given)
        self._view.show_examples(rows)

    def _show_command(self) -> None:
        if self._run is not None:
            self._view.show_command(command_for(self._run.path, self._fields))

    def _show_error(self, error: Exception | None) -> None:
        self._error = error
        self._view.show_error(error)
        self._show_state()

    def _show_state(self) -> None:
        self._set_state(self._state_now())

    def _state_now(self) -> PageState:
        if self._run is None:
            return PageState.EMPTY
        if self._loading is not None or self._cancelled is not None:
            return PageState.BUSY
        return PageState.OK if self._error is None else PageState.PROBLEM
