"""Pause, put aside, finish, discard, continue: each from outside, on real runs, and what becomes of the folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.core.conftest import TinyModel
from tests.core.engines.test_resume import STAGES, break_off, go_on
from tests.support.projects import ALL, HEAD, make_project
from tests.support.resumed import assert_alike, story, weights
from tests.support.sessions import run_project
from tests.support.toy_tasks import FAMILIES, HEADERS
from trainer_core.data.batch_size import EVALUATION_TOKENS
from trainer_core.engines.base import GoOn
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.inference.prediction import Prediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project
from trainer_core.runs.checkpoints import STATE
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.runs.journal import read_journal
from trainer_core.runs.lock import hold_run, is_held
from trainer_core.training.control import Control, Wish
from trainer_core.training.events import (
    EvaluationFinished,
    Event,
    ProbeFinished,
    RunContinued,
    RunDiscarded,
    RunFailed,
    RunFinished,
    RunPaused,
    RunPutAside,
    RunResumed,
    RunStarted,
    RunWarning,
    StageStarted,
    StepFinished,
    WorkProgress,
)
from trainer_core.training.frozen import reading
from trainer_core.training.frozen.reading import WORK

Moment = Callable[[Event], bool]

MOMENTS: dict[str, Moment] = {
    "pass": lambda event: isinstance(event, WorkProgress) and event.work == WORK and event.done < event.total,
    "probe": lambda event: isinstance(event, ProbeFinished),
    "step": lambda event: isinstance(event, StepFinished) and event.step == 8,
    "evaluation": lambda event: isinstance(event, EvaluationFinished),
    "boundary": lambda event: isinstance(event, StageStarted) and event.stage == 1,
}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pass through the frozen layers take several batches, and tell of each."""
    monkeypatch.setitem(EVALUATION_TOKENS, "cpu", 64)
    monkeypatch.setattr(reading, "REPORT_SECONDS", 0.0)


def follow(path: Path, moment: Moment, act: Callable[[Control], object]) -> tuple[list[Event], RunFolder]:
    """Run a project and do something at a moment of it, once."""
    engine, control, events = LocalEngine(), Control(), []
    waiting = True
    for event in engine.run(load_project(path), path, None, control):
        events.append(event)
        if waiting and moment(event):
            waiting = False
            act(control)
    assert not waiting
    assert engine.folder is not None
    return events, engine.folder


# --- the wish box --------------------------------------------------------------------------------------------------


def test_an_end_is_not_taken_back_by_a_pause_and_nothing_beats_discarding() -> None:
    control = Control()
    assert control.wish is Wish.GO_ON
    control.pause()
    control.go_on()
    assert control.wish is Wish.GO_ON
    control.finish_now()
    control.pause()
    assert control.wish is Wish.FINISH
    control.discard()
    control.finish_now()
    assert control.wish is Wish.DISCARD


# --- pause ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pause_waits_and_changes_nothing(tmp_path: Path, bert: Path, small_batches: None, moment: str) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    released = threading.Event()

    def pause(control: Control) -> None:
        control.pause()
        timer = threading.Timer(0.2, lambda: (released.set(), control.go_on()))
        timer.start()

    events, folder = follow(path, MOMENTS[moment], pause)
    (paused,) = (place for place, event in enumerate(events) if isinstance(event, RunPaused))
    assert isinstance(events[paused + 1], RunContinued)
    assert released.is_set()
    assert_alike(folder, run_project(path)[1])


def test_a_paused_run_can_be_finished(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)

    def pause(control: Control) -> None:
        control.pause()
        threading.Timer(0.1, control.finish_now).start()

    events, folder = follow(path, MOMENTS["step"], pause)
    assert isinstance(events[-1], RunFinished)
    assert events[-1].stopped
    assert (folder.model / "thaw.json").is_file()


# --- put aside -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_was_put_aside_becomes_the_unbroken_one(
    tmp_path: Path, bert: Path, small_batches: None, moment: str
) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    events, folder = follow(path, MOMENTS[moment], Control.put_aside)
    assert isinstance(events[-1], RunPutAside)
    assert folder.load_history().status is RunStatus.PUT_ASIDE
    assert not is_held(folder)
    again = go_on(folder)
    begins = next(event for event in again if isinstance(event, RunResumed | RunStarted))
    if moment == "step":
        assert isinstance(begins, RunResumed)
        assert begins.step == events[-1].step
    assert_alike(folder, run_project(path)[1])


def test_a_paused_run_can_be_put_aside(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)

    def pause(control: Control) -> None:
        control.pause()
        threading.Timer(0.1, control.put_aside).start()

    events, folder = follow(path, MOMENTS["step"], pause)
    assert [type(event) for event in events[-2:]] == [RunPaused, RunPutAside]
    go_on(folder)
    assert_alike(folder, unbroken)


# --- discard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS)
def test_discarding_ends_the_run_and_removes_its_folder(
    tmp_path: Path, bert: Path, small_batches: None, moment: str
) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    there = {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    events, folder = follow(path, MOMENTS[moment], Control.discard)
    assert isinstance(events[-1], RunDiscarded)
    assert not folder.path.exists()
    assert not any(isinstance(event, RunFailed | RunFinished) for event in events)
    assert {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == there


# --- continue ------------------------------------------------------------------------------------------------------


def test_a_run_that_was_finished_early_goes_on_as_if_it_had_not_been(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    _, folder = follow(path, MOMENTS["step"], Control.finish_now)
    assert folder.load_history().status is RunStatus.STOPPED
    go_on(folder)
    assert_alike(folder, unbroken)


def test_a_finished_run_goes_on_for_more_epochs(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, ALL])
    events, folder = run_project(path)
    before = story(events)
    with pytest.raises(InputError, match="over"):
        go_on(folder)
    for times in (1, 2):
        more = list(LocalEngine().resume(folder.path, Control(), GoOn(epochs=2)))
        assert isinstance(more[-1], RunFinished)
        told = list(read_journal(folder.journal_file))
        assert story(told)[: len(before)] == before
        history = folder.load_history()
        assert history.status is RunStatus.FINISHED
        assert len(history.bands) == 2 + times
        assert history.bands[-1].end - history.bands[-1].start == 2 * folder.load_plan().stages[-1].steps_per_epoch
        assert history.total_steps == history.step
    names = [stage.name for stage in folder.load_plan().stages]
    assert len(set(names)) == len(names)


def test_what_was_best_stays_best_where_more_epochs_bring_nothing(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, ALL | {"learning_rate": 1e-9, "average_epochs": 0}])
    events, folder = run_project(path)
    *_, finished = events
    before = weights(folder)
    more = list(LocalEngine().resume(folder.path, Control(), GoOn(epochs=1)))
    assert isinstance(finished, RunFinished)
    assert isinstance(more[-1], RunFinished)
    assert more[-1].best.value >= finished.best.value
    if more[-1].best == finished.best:
        assert before.keys() == weights(folder).keys()


def test_a_run_broken_off_before_anything_was_saved_begins_anew_in_its_folder(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    folder = break_off(path, 1)
    again = go_on(folder)
    assert any(isinstance(event, RunWarning) and "anew" in event.message for event in again)
    assert_alike(folder, unbroken)


def asked(folder: RunFolder) -> Prediction:
    """Return an answer of a run's model to as many texts as it reads."""
    predictor = Predictor.load(folder.path)
    return predictor.predict([("my parcel",) * len(predictor.given)])[0]


# --- any task ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", sorted(HEADERS.keys() - {"classification"}))
def test_every_verb_holds_for_any_task(tmp_path: Path, tiny_model: TinyModel, task: str) -> None:
    path = make_project(tmp_path, tiny_model(FAMILIES.get(task, "bert")), task=task, stages=STAGES)
    _, unbroken = run_project(path)

    def pause(control: Control) -> None:
        control.pause()
        threading.Timer(0.1, control.go_on).start()

    _, paused = follow(path, MOMENTS["step"], pause)
    assert_alike(paused, unbroken)
    for verb in (Control.put_aside, Control.finish_now):
        _, folder = follow(path, MOMENTS["step"], verb)
        assert asked(folder).answer
        go_on(folder)
        assert_alike(folder, unbroken)
    _, discarded = follow(path, MOMENTS["step"], Control.discard)
    assert not discarded.path.exists()


# --- the lock ------------------------------------------------------------------------------------------------------


def test_two_never_write_one_run(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    engine = LocalEngine()
    events = engine.run(load_project(path), path, None, Control())
    next(event for event in events if isinstance(event, StepFinished))
    assert engine.folder is not None
    assert is_held(engine.folder)
    journal = engine.folder.journal_file.read_bytes()
    with pytest.raises(InputError, match="Another window or command"):
        go_on(engine.folder)
    assert engine.folder.journal_file.read_bytes() == journal
    _close(events)
    assert not is_held(engine.folder)
    go_on(engine.folder)


def test_what_is_no_run_is_refused_and_nothing_is_left_there(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "no such folder"):
        with pytest.raises(InputError, match="not a run folder"):
            go_on(RunFolder(place))
    assert list(tmp_path.iterdir()) == []


def test_asking_whether_a_run_is_held_keeps_nobody_away_and_leaves_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert not is_held(folder)
    assert list(tmp_path.iterdir()) == []
    with hold_run(folder):
        assert is_held(folder)
    assert not is_held(folder)


# --- damage --------------------------------------------------------------------------------------------------------


def test_a_damaged_checkpoint_is_named_when_the_one_before_takes_its_place(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    folder = break_off(path, 17)
    newest = max(place for place in folder.checkpoints.iterdir() if (place / STATE).is_file())
    (newest / STATE).write_bytes((newest / STATE).read_bytes()[:100])
    (told,) = (event.message for event in go_on(folder) if isinstance(event, RunWarning))
    assert str(newest) in told
    assert "The one before" in told


def test_where_every_checkpoint_is_damaged_nothing_is_written(tmp_path: Path, bert: Path) -> None:
    folder = break_off(make_project(tmp_path, bert, stages=STAGES), 17)
    for place in folder.checkpoints.iterdir():
        (place / STATE).write_bytes(b"")
    journal = folder.journal_file.read_bytes()
    with pytest.raises(InputError, match="cannot be gone on from"):
        go_on(folder)
    assert folder.journal_file.read_bytes() == journal
    assert folder.load_history().best is not None


def _close(events: Iterator[Event]) -> None:
    events.close()  # type: ignore[attr-defined]
