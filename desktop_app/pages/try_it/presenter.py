"""The logic of the Try it page: which run answers, and when it is asked. Owns no widget."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.pages.base import PageState
from desktop_app.pages.marks import MarkedPresenter
from desktop_app.pages.try_it.contract import FileQuestions, TryItViewLike
from desktop_app.pages.try_it.files import FilePresenter
from desktop_app.pages.try_it.predicting import LoadedRun, can_be_tried, checkpoint_version, load_run
from desktop_app.pages.try_it.words import answer_of, command_for, example_fields, field_title, sample_fields
from desktop_app.run_words import run_title
from desktop_app.workspace import Workspace
from trainer_core.data.roles import Fields, Role
from trainer_core.inference.prediction import Prediction
from trainer_core.runs.folder import RunFolder

LOAD = "Loading the fine-tuned model"
PREDICT = "Asking the model"
PAUSE_MILLISECONDS = 150
"""How long typing rests before the model is asked."""
NO_RUN = "Train a model first. As soon as a run has its first result, you can type sentences here and see its answers."


class TryItPresenter(MarkedPresenter):
    """Asks the model of the chosen run while the user types."""

    run_changed = Signal()
    """Another run answers from now on, or none."""
    model_loaded = Signal(object)
    """Its model is ready: a ``LoadedRun``."""
    model_missing = Signal()
    """Its model could not be loaded; the page says why."""

    def __init__(
        self, view: TryItViewLike, workspace: Workspace, questions: FileQuestions, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._runs: list[RunFolder] = []
        self._run: RunFolder | None = None
        self._loaded: LoadedRun | None = None
        self._loading: RunFolder | None = None
        self._given: tuple[Role, ...] = (Role.TEXT,)
        self._fields: Fields = ("",)
        self._asked: Fields = ()
        self._error: Exception | None = None
        self._busy = False
        self._files = FilePresenter(view, self, workspace, questions, self)
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
        workspace.run_chosen.connect(self._choose)
        workspace.runs_changed.connect(self._choose)
        workspace.project_opened.connect(self._show_examples)
        workspace.report_changed.connect(self._show_examples)
        self._pause.timeout.connect(self._ask)
        self._files.busy_changed.connect(self._show_state)

    # --- which run ---------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        """Take the run that the workspace names, or the newest that can be tried."""
        self._runs = [run for run in self._workspace.runs() if can_be_tried(run)]
        wished = self._workspace.run
        chosen = wished if wished in self._runs else next(iter(self._runs), None)
        if chosen != self._run:
            self._run, self._error, self._asked = chosen, None, ()
            self._view.show_answer(None)
            self._forget_loading()
            self.run_changed.emit()
            if self.ready is not None:
                self.model_loaded.emit(self.ready)
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
    def run(self) -> RunFolder | None:
        """Whose model answers."""
        return self._run

    def model(self) -> LoadedRun | None:
        """Return the best model of the run; None while it has to be loaded, which begins then."""
        ready = self.ready
        if ready is None:
            self._load()
        return ready

    @property
    def ready(self) -> LoadedRun | None:
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

    def _forget_loading(self) -> None:
        if self._loading is not None:
            self._loading = None
            self._workspace.jobs.forget(LOAD)
            self._view.show_busy("")

    def _on_loaded(self, loaded: LoadedRun) -> None:
        self._loading, self._loaded = None, loaded
        self._view.show_busy("")
        self.show_error(None)
        if not loaded.writes:
            self._show_fields(tuple(loaded.columns))
        self.model_loaded.emit(loaded)
        self._ask()

    def _on_not_loaded(self, error: Exception) -> None:
        self._loading = None
        self._view.show_busy("")
        self.show_error(error)
        self.model_missing.emit()

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
        """Have the model ready, and ask it about the texts, if there are all; one that writes is asked in the chat."""
        loaded, fields = self.model(), self._fields
        if loaded is None or loaded.writes:
            return
        if self._is_complete and len(fields) == len(loaded.columns):
            self._workspace.jobs.start(
                PREDICT, lambda: (loaded, loaded.predict([fields])[0]), self._on_predicted, self.show_error
            )

    def _on_predicted(self, result: tuple[LoadedRun, Prediction]) -> None:
        loaded, prediction = result
        if loaded.run == self._run and tuple(prediction.fields.values()) == self._fields:
            self.show_error(None)
            self._view.show_answer(answer_of(prediction))

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

    def show_asked(self, fields: Fields) -> None:
        """Show the command that asks the same without the window."""
        self._asked = fields
        self._show_command()

    def set_busy(self, busy: bool) -> None:
        """Mark the page as at work, or not."""
        self._busy = busy
        self._show_state()

    def _show_command(self) -> None:
        if self._run is not None:
            self._view.show_command(command_for(self._run.path, self._asked or self._fields))

    def show_error(self, error: Exception | None) -> None:
        """Show what went wrong, or that nothing did."""
        self._error = error
        self._view.show_error(error)
        self._show_state()

    def _show_state(self) -> None:
        self._set_state(self._state_now())

    def _state_now(self) -> PageState:
        if self._run is None:
            return PageState.EMPTY
        if self._loading is not None or self._files.busy or self._busy:
            return PageState.BUSY
        return PageState.OK if self._error is None else PageState.PROBLEM
