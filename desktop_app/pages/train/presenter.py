"""The logic of the Train page: which run is shown, how it stands, and what one can do with it. Owns no widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop_app.background.jobs import Jobs
from desktop_app.background.trainer import Trainer
from desktop_app.pages.base import PageState
from desktop_app.pages.marks import MarkedPresenter
from desktop_app.pages.train.contract import TrainViewLike
from desktop_app.pages.train.feed import RunFeed
from desktop_app.pages.train.offer import SLOWER, OfferKind, Standing, held_offer, offer_of
from desktop_app.pages.train.pinned_presenter import PinnedPresenter
from desktop_app.pages.train.words import facts, failure_error, headline, run_progress, summary, work_progress
from desktop_app.run_words import run_title
from desktop_app.workspace import Workspace
from trainer_core.engines.base import PLAINLY, GoOn
from trainer_core.errors import RunChanged
from trainer_core.layers.tree import LayerTree
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.runs.lock import is_held
from trainer_core.stages.changes import ChangeWish
from trainer_core.stages.plan import RunPlan, project_tree
from trainer_core.training.events import Event, PinnedAnswered, StepFinished

READ_RUN = "Reading the run"
LOOK_AT_RUN = "Looking at the run's folder"
READ_PLAN = "Reading the run's plan"
LOAD_PLOTS = "Loading the plots"
NO_PROJECT = "Open a project or begin a new one; then its runs are drawn here."
NO_RUN = (
    "Train, in the bar above, starts a run: first a quick linear probe on the frozen model, then the stages one after "
    "the other. Loss and score are drawn here while it learns, and the best weights are kept."
)


class TrainPresenter(MarkedPresenter):
    """Shows the run under way, or the one chosen from the list.

    Args:
        view: the widgets.
        workspace: the open project and its runs.
        trainer: who trains.
        load_plots: imports the plotting libraries; called in a thread of its own, because it takes a second.
        parent: the owner.
    """

    try_wished = Signal(object)
    """The user wants to try a run: its RunFolder."""

    def __init__(
        self,
        view: TrainViewLike,
        workspace: Workspace,
        trainer: Trainer,
        *,
        load_plots: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._trainer = trainer
        self._feed = RunFeed()
        self._history = RunHistory()
        self._shown: RunFolder | None = None
        self._loading = False
        self._of_this_project = True
        self._error: Exception | None = None
        self._standing: Standing | None = None
        self._how = PLAINLY
        self._pinned = PinnedPresenter(view.pinned, workspace, self)
        self._loader = Jobs(self)
        self._connect()
        self._choose()
        self._loader.start(LOAD_PLOTS, load_plots, self._on_plots_loaded)
        self._loader.failed.connect(self._on_plots_not_loaded)

    @property
    def live(self) -> bool:
        """Whether the run that is shown is under way."""
        run = self._workspace.run
        return self._trainer.running and self._is_trainers(run) and (run is not None or self._of_this_project)

    def _connect(self) -> None:
        view, trainer, workspace = self._view, self._trainer, self._workspace
        view.folder_wished.connect(self._on_folder_wished)
        view.try_wished.connect(self._on_try_wished)
        view.live_wished.connect(self._on_live_wished)
        view.text_due.connect(self._on_text_due)
        view.offer_taken.connect(self._on_offer_taken)
        view.change_wished.connect(self._on_change_wished)
        view.change_made.connect(self._on_change_made)
        trainer.running_changed.connect(self._on_running_changed)
        trainer.events_arrived.connect(self._on_events_arrived)
        workspace.run_chosen.connect(self._on_run_chosen)
        workspace.project_opened.connect(self._on_project_opened)

    def _is_trainers(self, run: RunFolder | None) -> bool:
        """Whether a run is the trainer's present or last one; before its folder exists that is no folder at all."""
        return run == self._trainer.folder

    # --- which run ---------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        """Show the run that the workspace names, from memory or from disk."""
        run = self._workspace.run
        self._workspace.jobs.forget(READ_RUN)
        self._shown, self._error = run, None
        self._look_at_run()
        if self._is_trainers(run) and (run is not None or self._of_this_project):
            self._take(self._trainer.history)
        elif run is None:
            self._take(RunHistory())
        else:
            self._take(RunHistory(), loading=True)
            self._workspace.jobs.start(READ_RUN, run.load_history, self._on_history_read, self._on_history_not_read)

    def _look_at_run(self) -> None:
        """Find out in the background how the run lies on disk; while it is under way nobody asks."""
        run, self._standing = self._shown, None
        self._workspace.jobs.forget(LOOK_AT_RUN)
        if run is not None and not self.live:
            self._workspace.jobs.start(
                LOOK_AT_RUN, lambda: Standing(run.last_step, is_held(run), run.has_read), self._on_standing_known
            )

    def _take(self, history: RunHistory, *, loading: bool = False) -> None:
        self._history, self._loading = history, loading
        self._feed.clear()
        self._feed.update(history)
        self._show()

    # --- showing -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Show everything anew."""
        if self._is_empty:
            project = self._workspace.project
            self._view.show_empty(NO_RUN if project else NO_PROJECT, pinnable=project is not None)
        else:
            self._view.show_run(self._feed, live=self.live)
        self._pinned.show_run(self._history, live=self.live, loading=self._loading)
        self._show_other_run()
        self._show_offer()
        self._show_texts()

    def _show_offer(self) -> None:
        offer, enabled = None, not self._trainer.running
        if self.live and self._history.held is not None:
            offer, enabled = held_offer(self._history.held), True
        elif self._standing is not None and not self.live and not self._loading:
            changed = self._is_trainers(self._shown) and isinstance(self._trainer.error, RunChanged)
            offer = offer_of(self._history, self._standing, changed=changed)
        self._view.show_offer(offer, enabled=enabled)

    @property
    def _is_empty(self) -> bool:
        return self._shown is None and not self.live and self._history.failure is None

    def _show_other_run(self) -> None:
        other = self._trainer.running and not self.live
        self._view.show_other_run("Another run is under way." if other else "")

    def _show_texts(self) -> None:
        history, live, view = self._history, self.live, self._view
        view.show_headline(self._headline())
        view.show_facts(facts(history, live=live))
        view.show_progress(work_progress(history, live=live), run_progress(history) if live else None)
        view.show_failure(self._failure())
        view.show_warnings(history.warnings)
        view.show_summary(summary(history, str(self._shown.path) if self._shown else ""))
        view.show_changeable(self._changeable)
        self._set_state(self._state_now())

    @property
    def _changeable(self) -> bool:
        """Whether a stage is running whose layers are those of the open project's model."""
        history = self._history
        if not self.live or history.started is None or not history.bands or history.bands[-1].reason:
            return False
        total = history.started.stages[0].total_parameters
        tree = self._tree
        return not self._trainer.stopping and tree is not None and tree.parameter_count == total

    @property
    def _tree(self) -> LayerTree | None:
        """The open project's layers, its adapters included."""
        project, facts = self._workspace.project, self._workspace.facts
        return None if project is None or facts is None else project_tree(project, facts.tree, facts.telling)

    def _failure(self) -> Exception | None:
        """Return the error to show; the same object as long as it is the same failure."""
        failure = self._history.failure
        if self._error is None and failure is not None:
            self._error = failure_error(failure)
        return self._error

    def _headline(self) -> str:
        if self._is_empty:
            return ""
        title = f"{run_title(self._shown)}: " if self._shown else ""
        if self._loading:
            return f"{title}reading the run from disk"
        if self._error is not None and self._history.failure is None:
            return f"{title}it cannot be read"
        return title + headline(self._history, live=self.live, wish=self._trainer.wish)

    def _state_now(self) -> PageState:
        if self._trainer.running:
            return PageState.BUSY
        if self._error is not None or self._history.status is RunStatus.FAILED:
            return PageState.PROBLEM
        return PageState.EMPTY if self._is_empty else PageState.OK

    # --- what is heard -----------------------------------------------------------------------------------------

    def _on_plots_loaded(self, _: object) -> None:
        self._view.make_plots()

    def _on_plots_not_loaded(self, error: Exception) -> None:
        self._view.show_failure(error)

    def _on_folder_wished(self) -> None:
        if self._shown is not None:
            self._view.open_folder(self._shown.path)

    def _on_try_wished(self) -> None:
        if self._shown is not None:
            self.try_wished.emit(self._shown)

    def _on_standing_known(self, standing: Standing) -> None:
        self._standing = standing
        self._show_offer()

    def _on_offer_taken(self, kind: OfferKind, epochs: int) -> None:
        if self._shown is not None:
            if kind is OfferKind.ANYWAY:  # what was refused is wished all the same
                self._how = replace(self._how, anyway=True)
            elif kind is OfferKind.TRY_AGAIN:
                self._trainer.go_on()
                return
            else:
                self._how = GoOn(epochs=epochs, rate_factor=SLOWER if kind is OfferKind.SLOWER else 1.0)
            self._trainer.resume(self._shown, self._how)

    def _on_change_wished(self) -> None:
        if self._shown is not None and self._changeable:
            self._workspace.jobs.start(READ_PLAN, self._shown.load_plan, self._on_plan_read)

    def _on_plan_read(self, plan: RunPlan) -> None:
        tree = self._tree
        if self._changeable and tree is not None:  # the stage may have ended meanwhile
            self._view.ask_change(tree, plan.stage_after(len(self._history.bands) - 1))

    def _on_change_made(self, wish: ChangeWish) -> None:
        self._trainer.change(wish)

    def _on_live_wished(self) -> None:
        self._workspace.choose_run(self._trainer.folder)

    def _on_running_changed(self, running: bool) -> None:
        begins = running and self._trainer.folder is None and not self._trainer.stopping
        self._of_this_project = self._of_this_project or begins
        goes_on = running and self._is_trainers(self._shown) and self._history is not self._trainer.history
        if begins and self._workspace.run is not None:
            self._workspace.choose_run(None)
        elif begins or goes_on or not running:
            self._choose()
        else:
            self._show_other_run()
            self._show_offer()
            self._show_texts()

    def _on_events_arrived(self, events: list[Event]) -> None:
        if not self.live:
            return
        self._feed.update(self._history)
        if not all(isinstance(event, StepFinished) for event in events):
            self._show_offer()
            self._show_texts()
        if any(isinstance(event, PinnedAnswered) for event in events):
            self._pinned.show_answers()

    def _on_text_due(self) -> None:
        if self.live:
            self._show_texts()

    def _on_run_chosen(self) -> None:
        self._choose()

    def _on_project_opened(self) -> None:
        self._of_this_project = False
        self._choose()

    def _on_history_read(self, history: RunHistory) -> None:
        self._take(history)

    def _on_history_not_read(self, error: Exception) -> None:
        self._loading, self._error = False, error
        self._show()
