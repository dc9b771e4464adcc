"""The Train page: its feed and words, its presenter against a fake view, and the real page with clicks."""

from __future__ import annotations

import datetime
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot

from desktop_app.background.jobs import Jobs
from desktop_app.background.trainer import Trainer
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.run_words import run_title
from desktop_app.pages.train import build_page
from desktop_app.pages.train.feed import MAJORITY_LABEL, PROBE_LABEL, RunFeed
from desktop_app.pages.train.presenter import NO_PROJECT, NO_RUN, TrainPresenter
from desktop_app.pages.train.view import TrainView
from desktop_app.pages.train.words import (
    Fact,
    Progress,
    Summary,
    facts,
    failure_error,
    headline,
    summary,
    work_progress,
)
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.widgets.kit import error_layers
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore, scripted_events, small_plan, small_project
from trainer_core.errors import InputError
from trainer_core.project.save import save_project
from trainer_core.runs.folder import RunFolder, create_run_folder
from trainer_core.runs.history import RunHistory
from trainer_core.runs.journal import Journal
from trainer_core.training.events import Best, RunFailed, RunFinished, StepFinished

# --- helpers


def history_of(steps: int | None = None) -> RunHistory:
    """Return the scripted run's history, whole or up to a number of steps."""
    history = RunHistory()
    for event in scripted_events():
        history.apply(event)
        if isinstance(event, StepFinished) and event.step == steps:
            break
    return history


def write_run(parent: Path, *, scale: float = 1.0, steps: int | None = None) -> RunFolder:
    """Write a run folder as a run leaves it, whole or broken off."""
    run = create_run_folder(parent, "head-top-all")
    run.save_plan(small_plan())
    with Journal(run.journal_file) as journal:
        for event in scripted_events(small_plan(), str(run.path), scale=scale):
            journal.append(event)
            if isinstance(event, StepFinished) and event.step == steps:
                break
    return run


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def workspace(qtbot: QtBot, core: FakeCore, tmp_path: Path) -> Iterator[Workspace]:
    jobs = Jobs()
    workspace = Workspace(core, jobs)
    save_project(small_project(), tmp_path / "tickets.thaw")
    workspace.open(tmp_path / "tickets.thaw")
    qtbot.waitUntil(lambda: not jobs.is_busy)
    yield workspace
    jobs.wait()


@pytest.fixture
def trainer(workspace: Workspace, core: FakeCore) -> Iterator[Trainer]:
    trainer = Trainer(workspace)
    yield trainer
    core.training.release()
    trainer.stop()
    assert trainer.wait(10)


class FakeView(QObject):
    """Keeps what the presenter told it."""

    train_wished = Signal()
    stop_wished = Signal()
    folder_wished = Signal()
    try_wished = Signal()
    live_wished = Signal()
    text_due = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.empty = ""
        self.feed: RunFeed | None = None
        self.live = False
        self.plots_made = 0
        self.verbs: dict[str, bool] = {}
        self.headline = ""
        self.facts: dict[str, str] = {}
        self.bars: tuple[Progress | None, Progress | None] = (None, None)
        self.failure: Exception | None = None
        self.warnings: list[str] = []
        self.summary: Summary | None = None
        self.other = ""
        self.opened: Path | None = None

    def show_empty(self, text: str) -> None:
        self.empty, self.feed, self.live = text, None, False

    def show_run(self, feed: RunFeed, *, live: bool) -> None:
        self.empty, self.feed, self.live = "", feed, live

    def make_plots(self) -> None:
        self.plots_made += 1

    def show_verbs(self, **verbs: bool) -> None:
        self.verbs = verbs

    def show_headline(self, text: str) -> None:
        self.headline = text

    def show_facts(self, facts: Sequence[Fact]) -> None:
        self.facts = {fact.name: fact.value for fact in facts}

    def show_progress(self, work: Progress | None, run: Progress | None) -> None:
        self.bars = (work, run)

    def show_failure(self, error: Exception | None) -> None:
        self.failure = error

    def show_warnings(self, warnings: Sequence[str]) -> None:
        self.warnings = list(warnings)

    def show_summary(self, summary: Summary | None) -> None:
        self.summary = summary

    def show_other_run(self, text: str) -> None:
        self.other = text

    def open_folder(self, folder: Path) -> None:
        self.opened = folder


@pytest.fixture
def view(qtbot: QtBot) -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, workspace: Workspace, trainer: Trainer, qtbot: QtBot) -> TrainPresenter:
    presenter = TrainPresenter(view, workspace, trainer, load_plots=lambda: None)
    qtbot.waitUntil(lambda: view.plots_made == 1)
    return presenter


# --- feed and words


def test_the_feed_is_equal_to_the_history_at_any_moment() -> None:
    history, feed = RunHistory(), RunFeed()
    for event in scripted_events():
        history.apply(event)
        feed.update(history)
    assert feed.loss.y.tolist() == history.curves["loss"].values
    assert feed.learning_rate.x.tolist() == history.curves["learning_rate"].steps
    assert feed.validation_loss.y.tolist() == history.metrics["loss"].values
    assert list(feed.scores) == ["macro_f1", "accuracy"]
    assert feed.scores["macro_f1"].x[0] == 0, "the probe stands at step 0"
    assert [(band.name, band.start, band.end) for band in feed.bands] == [
        ("head", 0, 36),
        ("top", 36, 72),
        ("all", 72, 126),
    ]
    assert feed.end == 126


def test_the_feed_has_both_baselines_and_the_marks() -> None:
    feed = RunFeed()
    feed.update(history_of())
    assert [(line.label, line.value) for line in feed.baselines] == [(PROBE_LABEL, 0.81), (MAJORITY_LABEL, 0.06)]
    assert feed.score_marks.best == (126.0, feed.scores["macro_f1"].y[-1])
    assert [step for step, _ in feed.score_marks.saved] == [18, 36, 54, 72, 90, 108, 126]
    assert feed.loss_marks.best == (126.0, feed.validation_loss.y[-1])


def test_a_cleared_feed_holds_nothing_and_keeps_its_series() -> None:
    feed = RunFeed()
    feed.update(history_of())
    scores = feed.scores["macro_f1"]
    feed.clear()
    assert len(feed.loss) == len(scores) == 0
    assert feed.bands == feed.baselines == ()
    feed.update(history_of(40))
    assert feed.scores["macro_f1"] is scores
    assert len(feed.loss) == 40


def test_a_run_judged_by_its_loss_has_no_loss_among_the_scores() -> None:
    history = history_of(20)
    assert history.started is not None
    history.started = history.started.model_copy(update={"metric": "loss"})
    feed = RunFeed()
    feed.update(history)
    assert list(feed.scores) == ["macro_f1", "accuracy"]


def test_facts_of_a_run_under_way() -> None:
    told = {fact.name: fact.value for fact in facts(history_of(60), live=True)}
    assert told["Stage"] == "2 of 3, top"
    assert told["Epoch"] == "1.3 of 2"
    assert told["Step"] == "60 of 126"
    assert told["Left in stage"] == "about 3 s"
    assert told["Best macro F1"] == "0.909, step 54, stage top"
    assert told["Learning"].endswith("% of the model")
    assert "Left in stage" not in {fact.name for fact in facts(history_of(60), live=False)}
    assert {fact.name: fact.value for fact in facts(history_of(86), live=True)}["Time left"] == "about 10 s"


def test_headlines_never_say_more_than_is_known() -> None:
    assert headline(RunHistory(), live=True, stopping=False) == "Getting ready"
    assert headline(history_of(60), live=True, stopping=False) == "Training: stage 2 of 3, top"
    assert "Stopping" in headline(history_of(60), live=True, stopping=True)
    assert headline(history_of(), live=False, stopping=False) == "Finished"
    assert "did not come to its end" in headline(history_of(60), live=False, stopping=False)


def test_work_is_shown_only_while_it_lasts() -> None:
    assert work_progress(RunHistory(), live=True) == Progress("Loading the libraries and reading the rows", 0, 0)
    assert work_progress(RunHistory(), live=False) is None
    assert work_progress(history_of(60), live=True) is None
    begun = RunHistory()
    begun.apply(next(iter(scripted_events())))
    assert work_progress(begun, live=True) == Progress("Getting ready", 0, 0)


def test_a_summary_says_when_training_did_not_help() -> None:
    history = history_of()
    assert history.finished is not None
    assert "reached 0.810" in "\n".join(summary(history, "/r").lines)  # type: ignore[union-attr]
    history.finished = history.finished.model_copy(
        update={"best": Best(metric="macro_f1", value=0.81, step=0, stage="probe")}
    )
    lines = "\n".join(summary(history, "/r").lines)  # type: ignore[union-attr]
    assert "did not get beyond the linear probe" in lines
    assert "Found by the linear probe" in lines


def test_a_failure_has_three_layers() -> None:
    what, remedy, details = error_layers(failure_error(RunFailed(what="W.", why="Y.", remedy="R.", traceback="T at 3")))
    assert (what, remedy) == ("W. Y.", "R.")
    assert "T at 3" in details
    assert error_layers(failure_error(RunFailed(what="W.")))[2] == ""


def test_the_title_of_a_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "2026-11-23_141207_head-top-all")
    assert run_title(run, today=datetime.date(2026, 11, 23)) == "Today 14:12, head-top-all"
    assert run_title(run, today=datetime.date(2026, 11, 25)) == "23 Nov 14:12, head-top-all"
    assert run_title(run, today=datetime.date(2027, 1, 1)) == "23 Nov 2026 14:12, head-top-all"
    assert run_title(RunFolder(tmp_path / "mine")) == "mine"


# --- presenter


def test_without_a_run_the_page_explains_and_offers_train(presenter: TrainPresenter, view: FakeView) -> None:
    assert view.empty == NO_RUN
    assert view.verbs == {"can_train": True, "running": False, "stopping": False}
    assert presenter.state is PageState.EMPTY
    assert presenter.problems == []


def test_without_a_project_there_is_no_train(qtbot: QtBot, view: FakeView, core: FakeCore) -> None:
    jobs = Jobs()
    workspace = Workspace(core, jobs)
    presenter = TrainPresenter(view, workspace, Trainer(workspace), load_plots=lambda: None)
    assert view.empty == NO_PROJECT
    assert not view.verbs["can_train"]
    qtbot.waitUntil(lambda: view.plots_made == 1)
    assert presenter.state is PageState.EMPTY


def test_a_run_is_shown_from_the_click_to_the_summary(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.hold_at = 60
    view.train_wished.emit()
    assert view.live
    assert view.verbs == {"can_train": False, "running": True, "stopping": False}
    assert presenter.state is PageState.BUSY
    qtbot.waitUntil(lambda: trainer.history.step == 60)
    view.text_due.emit()
    assert view.feed is not None
    assert len(view.feed.loss) == 60
    assert view.facts["Step"] == "60 of 126"
    assert view.bars == (None, Progress("Steps of the run", 60, 126))
    assert view.warnings == ["Went back to the best weights, those of step 36."]
    assert view.summary is None
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        core.training.release()
    assert not view.live
    assert view.bars == (None, None)
    assert view.summary is not None
    assert view.summary.folder == str(trainer.folder.path)  # type: ignore[union-attr]
    assert presenter.state is PageState.OK
    assert view.headline.endswith("Finished")
    assert view.verbs == {"can_train": True, "running": False, "stopping": False}
    assert len(view.feed.loss) == 126


def test_stop_is_heard_at_once(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore
) -> None:
    core.training.hold_at = 5
    view.train_wished.emit()
    qtbot.waitUntil(lambda: trainer.history.step == 5)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.stop_wished.emit()
        assert view.verbs["stopping"]
        assert "Stopping" in view.headline
    assert view.headline.endswith("Stopped early; the best weights are kept")


def test_a_failure_before_the_run_has_a_folder_is_shown(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.error = InputError.one("tickets.tsv", "There is no such file.", "Choose another one.")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        view.train_wished.emit()
    assert presenter.state is PageState.PROBLEM
    assert view.failure is not None
    assert "no such file" in str(view.failure)
    assert view.verbs["can_train"]
    first = view.failure
    view.text_due.emit()
    assert view.failure is first
    core.training.error = None
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.train_wished.emit()
        assert view.failure is None
    assert presenter.state is PageState.OK


def test_a_failure_does_not_follow_into_another_project(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.error = InputError.one("tickets.tsv", "There is no such file.")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        view.train_wished.emit()
    assert workspace.path is not None
    workspace.open(workspace.path)
    assert view.failure is None
    assert view.empty == NO_RUN
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


def test_a_chosen_run_is_read_in_the_background(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, workspace: Workspace
) -> None:
    run = write_run(workspace.runs_folder)
    workspace.choose_run(run)
    assert "reading the run" in view.headline
    assert view.summary is None
    qtbot.waitUntil(lambda: view.summary is not None)
    assert view.feed is not None
    assert len(view.feed.loss) == 126
    assert not view.live
    assert presenter.state is PageState.OK


def test_a_run_that_broke_off_is_named_as_such(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, workspace: Workspace
) -> None:
    workspace.choose_run(write_run(workspace.runs_folder, steps=30))
    qtbot.waitUntil(lambda: "did not come to its end" in view.headline)
    assert view.summary is None
    assert not {"Time left", "Left in stage"} & set(view.facts)


def test_the_answer_of_a_run_that_is_no_longer_chosen_is_dropped(
    qtbot: QtBot,
    presenter: TrainPresenter,
    view: FakeView,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow, quick = write_run(workspace.runs_folder, scale=0.5), write_run(workspace.runs_folder, steps=30)
    gate = threading.Event()
    original: Callable[[RunFolder], RunHistory] = RunFolder.load_history

    def load_history(run: RunFolder) -> RunHistory:
        if run == slow:
            gate.wait(10)
        return original(run)

    monkeypatch.setattr(RunFolder, "load_history", load_history)
    workspace.choose_run(slow)
    workspace.choose_run(quick)
    gate.set()
    qtbot.waitUntil(lambda: view.feed is not None and len(view.feed.loss) == 30)
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert len(view.feed.loss) == 30  # type: ignore[union-attr]
    assert view.summary is None


def test_a_run_that_cannot_be_read_says_so(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_history(run: RunFolder) -> RunHistory:
        raise OSError("disk")

    monkeypatch.setattr(RunFolder, "load_history", load_history)
    workspace.choose_run(write_run(workspace.runs_folder))
    qtbot.waitUntil(lambda: view.failure is not None)
    assert presenter.state is PageState.PROBLEM
    assert view.headline.endswith("it cannot be read")


def test_another_run_can_be_looked_at_while_one_is_under_way(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    old = write_run(workspace.runs_folder)
    core.training.hold_at = 5
    view.train_wished.emit()
    qtbot.waitUntil(lambda: trainer.history.step == 5)
    assert view.other == ""
    workspace.choose_run(old)
    qtbot.waitUntil(lambda: view.summary is not None)
    assert not view.live
    assert view.other == "Another run is under way."
    assert presenter.state is PageState.BUSY
    view.live_wished.emit()
    assert view.live
    assert view.other == ""
    assert len(view.feed.loss) == 5  # type: ignore[union-attr]
    workspace.choose_run(old)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        core.training.release()
    qtbot.waitUntil(lambda: view.summary is not None)
    assert view.other == ""
    assert workspace.run == old


def test_folder_and_try_it_are_about_the_run_that_is_shown(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, workspace: Workspace
) -> None:
    run = write_run(workspace.runs_folder)
    workspace.choose_run(run)
    qtbot.waitUntil(lambda: view.summary is not None)
    view.folder_wished.emit()
    assert view.opened == run.path
    with qtbot.waitSignal(presenter.try_wished) as wished:
        view.try_wished.emit()
    assert wished.args == [run]


# --- the real page


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace, trainer: Trainer) -> Page:
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), trainer)
    qtbot.addWidget(page.view)
    page.view.resize(1000, 740)
    page.view.show()
    return page


def _view(page: Page) -> TrainView:
    assert isinstance(page.view, TrainView)
    return page.view


def test_train_stop_and_train_again_with_clicks(qtbot: QtBot, page: Page, trainer: Trainer, core: FakeCore) -> None:
    view = _view(page)
    core.training.hold_at = 20
    assert not view.train_button.isVisible()
    qtbot.mouseClick(view.empty_train_button, Qt.MouseButton.LeftButton)
    assert view.stop_button.isVisible()
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    qtbot.waitUntil(lambda: view.fact_list.texts.get("Step") == "20 of 126")
    qtbot.waitUntil(lambda: view.board.loss._lines["train"].drawn > 0)  # type: ignore[union-attr]
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        qtbot.mouseClick(view.stop_button, Qt.MouseButton.LeftButton)
        assert view.stop_button.text() == "Stopping..."
        assert not view.stop_button.isEnabled()
    assert view.summary.isVisible()
    assert view.train_button.isVisible()
    assert not view.stop_button.isVisible()
    assert view.summary.texts[0] == "0.855"
    core.training.hold_at = None
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        qtbot.mouseClick(view.train_button, Qt.MouseButton.LeftButton)
        assert not view.summary.isVisible()
    assert view.summary.texts[0] != "0.855"


def test_the_plots_draw_the_whole_run(qtbot: QtBot, page: Page, trainer: Trainer) -> None:
    view = _view(page)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.train_wished.emit()
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    board = view.board
    assert board is not None
    qtbot.waitUntil(lambda: not board.loss.needs_redraw)
    assert len(board.loss._lines["train"].raw.yData) == 126
    assert [text.split(" 0")[0] for text in board.score._legend.texts] == [
        "macro F1",
        "accuracy",
        PROBE_LABEL,
        MAJORITY_LABEL,
        "best",
        "saved",
    ]
    assert [plot._legend.texts for plot in board.small] != [[], [], []]


def test_what_is_set_on_the_plots_is_drawn(qtbot: QtBot, page: Page, trainer: Trainer) -> None:
    view = _view(page)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.train_wished.emit()
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    board = view.board
    assert board is not None
    board.smoothing.setValue(0)
    assert board.loss._lines["train"].smooth.yData is None
    board.smoothing.setValue(90)
    assert len(board.loss._lines["train"].smooth.yData) == 126
    low = board.loss._plot.vb.viewRange()[1][0]
    qtbot.mouseClick(
        board.log, Qt.MouseButton.LeftButton, pos=board.log.rect().center() - board.log.rect().center() / 2
    )
    board.log.setChecked(True)
    assert board.loss._plot.vb.viewRange()[1][0] < min(low, 0)
    assert math.isfinite(board.loss._plot.vb.viewRange()[1][1])
    board.outliers.setChecked(True)
    assert not board.loss.needs_redraw


def test_a_second_run_is_drawn_by_the_same_curves(qtbot: QtBot, page: Page, trainer: Trainer, core: FakeCore) -> None:
    view = _view(page)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.train_wished.emit()
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    board = view.board
    assert board is not None
    curve = board.loss._lines["train"].raw
    board.loss._plot.vb.sigRangeChangedManually.emit([True, True])
    core.training.hold_at = 7
    view.train_wished.emit()
    qtbot.waitUntil(lambda: trainer.history.step == 7)
    qtbot.waitUntil(lambda: len(curve.yData) == 7)
    assert board.loss._lines["train"].raw is curve
    assert board.loss.following


def test_a_failure_stands_on_the_page(qtbot: QtBot, page: Page, trainer: Trainer, core: FakeCore) -> None:
    view = _view(page)
    core.training.error = ZeroDivisionError("division by zero")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        view.train_wished.emit()
    assert view.failure.isVisible()
    assert "division by zero" in view.failure.text
    assert view.train_button.isVisible()


def test_the_page_is_made_without_the_plotting_library() -> None:
    code = (
        "import sys, desktop_app.pages.train.view, desktop_app.pages.train.presenter; print('pyqtgraph' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_control_has_a_name_and_a_tooltip(qtbot: QtBot, page: Page, trainer: Trainer) -> None:
    view = _view(page)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000) as finished:
        view.train_wished.emit()
    assert finished.args is not None
    assert isinstance(finished.args[0], RunFinished)
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    board = view.board
    assert board is not None
    summary = view.summary
    for control in (view.stop_button, view.train_button, summary.try_button, summary.folder_button, board.smoothing):
        assert control.accessibleName()
        assert control.toolTip()
