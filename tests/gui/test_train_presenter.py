"""The logic of the Train page, against a fake view."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from desktop_app.background.trainer import Trainer
from desktop_app.pages.base import PageState
from desktop_app.pages.train.feed import RunFeed
from desktop_app.pages.train.offer import Offer, OfferKind
from desktop_app.pages.train.presenter import NO_PROJECT, NO_RUN, TrainPresenter
from desktop_app.pages.train.words import (
    Fact,
    Progress,
    Summary,
)
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_views import FakePinnedView
from tests.support.runs import write_run
from trainer_core.engines.base import GoOn
from trainer_core.errors import InputError, Problem, RunChanged
from trainer_core.layers.tree import LayerTree
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunHistory
from trainer_core.runs.lock import hold_run
from trainer_core.stages.plan import StagePlan


class FakeView(QObject):
    """Keeps what the presenter told it."""

    folder_wished = Signal()
    try_wished = Signal()
    live_wished = Signal()
    text_due = Signal()
    offer_taken = Signal(object, int)
    change_wished = Signal()
    change_made = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.empty = ""
        self.feed: RunFeed | None = None
        self.live = False
        self.plots_made = 0
        self.headline = ""
        self.facts: dict[str, str] = {}
        self.bars: tuple[Progress | None, Progress | None] = (None, None)
        self.failure: Exception | None = None
        self.warnings: list[str] = []
        self.summary: Summary | None = None
        self.other = ""
        self.opened: Path | None = None
        self.offer: Offer | None = None
        self.offer_enabled = True
        self.changeable = False
        self.asked: tuple[LayerTree, StagePlan] | None = None
        self.pinnable = False
        self.pinned = FakePinnedView()

    def show_empty(self, text: str, *, pinnable: bool) -> None:
        self.empty, self.feed, self.live, self.pinnable = text, None, False, pinnable

    def show_run(self, feed: RunFeed, *, live: bool) -> None:
        self.empty, self.feed, self.live = "", feed, live

    def make_plots(self) -> None:
        self.plots_made += 1

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

    def show_offer(self, offer: Offer | None, *, enabled: bool) -> None:
        self.offer, self.offer_enabled = offer, enabled

    def show_changeable(self, changeable: bool) -> None:
        self.changeable = changeable

    def ask_change(self, tree: LayerTree, stage: StagePlan) -> None:
        self.asked = (tree, stage)

    def show_other_run(self, text: str) -> None:
        self.other = text

    def open_folder(self, folder: Path) -> None:
        self.opened = folder


@pytest.fixture
def view(qtbot: QtBot) -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, ready: Workspace, trainer: Trainer, qtbot: QtBot) -> TrainPresenter:
    presenter = TrainPresenter(view, ready, trainer, load_plots=lambda: None)
    qtbot.waitUntil(lambda: view.plots_made == 1)
    return presenter


def test_without_a_run_the_page_explains(presenter: TrainPresenter, view: FakeView) -> None:
    assert view.empty == NO_RUN
    assert view.pinnable
    assert presenter.state is PageState.EMPTY
    assert presenter.problems == []


def test_without_a_project_the_page_says_so(qtbot: QtBot, view: FakeView, workspace: Workspace) -> None:
    presenter = TrainPresenter(view, workspace, Trainer(workspace), load_plots=lambda: None)
    assert view.empty == NO_PROJECT
    assert not view.pinnable
    qtbot.waitUntil(lambda: view.plots_made == 1)
    assert presenter.state is PageState.EMPTY


def test_a_run_is_shown_from_its_start_to_its_summary(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.hold_at = 60
    trainer.start()
    assert view.live
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
    assert len(view.feed.loss) == 126


def test_stop_is_heard_at_once(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore
) -> None:
    core.training.hold_at = 5
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == 5)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.stop()
        assert "Finishing" in view.headline
    assert view.headline.endswith("Finished early; the best weights are kept")


def test_a_failure_before_the_run_has_a_folder_is_shown(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.error = InputError.one("tickets.tsv", "There is no such file.", "Choose another one.")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        trainer.start()
    assert presenter.state is PageState.PROBLEM
    assert view.failure is not None
    assert "no such file" in str(view.failure)
    first = view.failure
    view.text_due.emit()
    assert view.failure is first
    core.training.error = None
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
        assert view.failure is None
    assert presenter.state is PageState.OK


def test_a_failure_does_not_follow_into_another_project(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, workspace: Workspace
) -> None:
    core.training.error = InputError.one("tickets.tsv", "There is no such file.")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        trainer.start()
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
    trainer.start()
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


# --- going on ------------------------------------------------------------------------------------------------------


def show(workspace: Workspace, view: FakeView, qtbot: QtBot, run: RunFolder) -> Offer:
    """Choose a run and return what is offered."""
    workspace.choose_run(run)
    qtbot.waitUntil(lambda: view.offer is not None)
    assert view.offer is not None
    return view.offer


def broken_off(workspace: Workspace, *, saved: str = "step-00000054") -> RunFolder:
    run = write_run(workspace.runs_folder, steps=60)
    if saved:
        run.last_file.write_text(saved, encoding="utf-8")
    return run


def test_a_run_that_was_broken_off_goes_on_from_where_it_was_saved(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, ready: Workspace
) -> None:
    run = broken_off(ready)
    offer = show(ready, view, qtbot, run)
    assert offer.kind is OfferKind.CONTINUE
    assert offer.button == "Continue from step 54"
    assert "at step 60" in offer.text
    assert "6 steps" in offer.text
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.offer_taken.emit(offer.kind, 0)
        assert view.live
        assert view.offer is None
    assert trainer.folder == run
    assert view.feed is not None
    assert len(view.feed.loss) == 126
    assert run.load_history().step == 126
    qtbot.waitUntil(lambda: view.offer is not None)
    assert view.offer.kind is OfferKind.LONGER


def test_a_run_with_nothing_saved_is_started_again(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, ready: Workspace
) -> None:
    offer = show(ready, view, qtbot, broken_off(ready, saved=""))
    assert offer.button == "Start it again"
    assert "anew" in offer.text


def test_a_finished_run_can_be_trained_for_longer(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, ready: Workspace
) -> None:
    run = write_run(ready.runs_folder)
    run.last_file.write_text("step-00000126", encoding="utf-8")
    offer = show(ready, view, qtbot, run)
    assert offer.kind is OfferKind.LONGER
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.offer_taken.emit(offer.kind, 2)
    assert len(run.load_plan().stages) == 4
    assert trainer.history.step == 126 + 2 * run.load_plan().stages[-1].steps_per_epoch
    assert trainer.history.bands[-1].name == "all, longer 4"


def test_what_has_changed_is_named_and_going_on_anyway_is_offered(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, ready: Workspace
) -> None:
    run = broken_off(ready)
    offer = show(ready, view, qtbot, run)
    core.training.error = RunChanged([Problem("tickets.tsv", "This has changed since the run began.")])
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        view.offer_taken.emit(offer.kind, 0)
    assert "tickets.tsv" in str(view.failure)
    assert view.feed is not None
    assert len(view.feed.loss) == 60
    qtbot.waitUntil(lambda: view.offer is not None)
    assert view.offer.kind is OfferKind.ANYWAY
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.offer_taken.emit(view.offer.kind, 0)
    assert view.failure is None


def test_going_on_anyway_keeps_what_was_wished_beside_it(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, ready: Workspace
) -> None:
    run = write_run(ready.runs_folder)
    run.last_file.write_text("step-00000126", encoding="utf-8")
    offer = show(ready, view, qtbot, run)
    core.training.error = RunChanged([Problem("tickets.thaw", "This has changed since the run began.")])
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        view.offer_taken.emit(offer.kind, 3)
    qtbot.waitUntil(lambda: view.offer is not None and view.offer.kind is OfferKind.ANYWAY)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.offer_taken.emit(OfferKind.ANYWAY, 0)
    assert core.training.gone_on == [GoOn(epochs=3), GoOn(anyway=True, epochs=3)]
    assert len(run.load_plan().stages) == 4


def test_a_run_that_another_process_writes_is_left_alone(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, ready: Workspace
) -> None:
    run = broken_off(ready)
    with hold_run(run):
        ready.choose_run(run)
        qtbot.waitUntil(lambda: not ready.jobs.is_busy)
        assert view.offer is None


def test_while_a_run_is_under_way_no_other_is_gone_on_with(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, ready: Workspace
) -> None:
    run = broken_off(ready)
    core.training.hold_at = 20
    trainer.start()
    qtbot.waitUntil(core.training.holding.is_set)
    show(ready, view, qtbot, run)
    assert not view.offer_enabled
    trainer.put_aside()
    qtbot.waitUntil(lambda: not trainer.running)
    qtbot.waitUntil(lambda: view.offer_enabled)


def test_a_run_that_was_put_aside_says_so_and_goes_on(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, ready: Workspace
) -> None:
    core.training.hold_at = 60
    trainer.start()
    qtbot.waitUntil(core.training.holding.is_set)
    trainer.pause()
    qtbot.waitUntil(lambda: "Paused after step 60" in view.headline)
    trainer.put_aside()
    assert "giving the memory back" in view.headline
    qtbot.waitUntil(lambda: not trainer.running)
    assert view.headline.endswith("Put aside; it can be continued")
    qtbot.waitUntil(lambda: view.offer is not None)
    assert view.offer.title == "Put aside"
    core.training.hold_at = None
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        view.offer_taken.emit(view.offer.kind, 0)


def test_a_discarded_run_is_shown_no_longer(
    qtbot: QtBot, presenter: TrainPresenter, view: FakeView, trainer: Trainer, core: FakeCore, ready: Workspace
) -> None:
    core.training.hold_at = 60
    trainer.start()
    qtbot.waitUntil(core.training.holding.is_set)
    trainer.discard()
    assert "nothing is kept" in view.headline
    qtbot.waitUntil(lambda: not trainer.running)
    assert view.empty == NO_RUN
    assert presenter.state is PageState.EMPTY
    assert view.offer is None
