"""A running stage is changed: which layers learn, and how fast; and a run that is gone on with changes it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.core.engines.test_resume import go_on
from tests.support.projects import ALL, HEAD, make_project
from tests.support.resumed import assert_alike, story
from tests.support.sessions import make_session, run_project, weights_of
from trainer_core.engines.base import GoOn
from trainer_core.engines.local import LocalEngine
from trainer_core.project.load import load_project
from trainer_core.runs.folder import RunFolder
from trainer_core.stages.changes import ChangeWish
from trainer_core.training.control import Control
from trainer_core.training.events import Event, RunFinished, RunWarning, StageChanged, StepFinished
from trainer_core.training.loop import run_training

WIDER = ChangeWish(rules=("head", "top:1"), learning_rate=2e-3)
NARROWER = ChangeWish(rules=("head",))
SLOWER = ChangeWish(learning_rate=1e-4)


def follow(
    path: Path, wishes: Sequence[tuple[int, ChangeWish]], *, until: int | None = None
) -> tuple[list[Event], RunFolder]:
    """Run a project and ask for changes after steps; leave it in the middle after the step ``until``."""
    engine, control, events = LocalEngine(), Control(), []
    run = engine.run(load_project(path), path, None, control)
    for event in run:
        events.append(event)
        if not isinstance(event, StepFinished):
            continue
        for step, wish in wishes:
            if event.step == step:
                control.change(wish)
        if event.step == until:
            break
    run.close()  # type: ignore[attr-defined]
    assert engine.folder is not None
    return events, engine.folder


def changes(events: Sequence[Event]) -> list[StageChanged]:
    return [event for event in events if isinstance(event, StageChanged)]


def test_more_layers_learn_from_the_next_step_on(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 3}])
    events, folder = follow(path, [(8, WIDER)])
    (change,) = changes(events)
    assert change.step == 8
    assert change.rules == ("head", "top:1")
    assert isinstance(events[-1], RunFinished)
    steps = {event.step: event for event in events if isinstance(event, StepFinished)}
    assert max(steps) == folder.load_plan().steps  # not one more or less than planned
    assert steps[9].learning_rate < steps[8].learning_rate / 4
    history = folder.load_history()
    assert history.bands[-1].trained_parameters == change.trained_parameters
    assert any("After step 8" in line for line in history.warnings)


def test_what_is_frozen_stays_as_it_was_and_the_rest_goes_on(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[ALL | {"epochs": 2}])
    control = Control()
    session = make_session(path, control=control)
    at_change: dict[str, torch.Tensor] = {}
    for event in run_training(session):
        if isinstance(event, StepFinished) and event.step == 7:
            control.change(NARROWER)
        if isinstance(event, StageChanged):
            at_change = weights_of(session)
    assert at_change
    for name, now in weights_of(session).items():
        assert torch.equal(now, at_change[name]) != name.startswith("head.")


def test_a_change_that_changes_nothing_is_none(tmp_path: Path, bert: Path) -> None:
    """The optimiser's state, the average, the rows and all chance go on as if nobody had touched them."""
    path = make_project(tmp_path, bert, stages=[ALL | {"epochs": 2, "average_epochs": 0.5}])
    unbroken, _ = follow(path, [])
    changed, _ = follow(path, [(7, ChangeWish(rules=("all",), learning_rate=ALL["learning_rate"]))])
    assert len(changes(changed)) == 1
    steps = story(event for event in changed if not isinstance(event, StageChanged))
    assert steps == story(unbroken)


@pytest.mark.parametrize("until", [5, 12, 20, 27])
def test_a_run_that_is_gone_on_with_makes_its_changes_again(tmp_path: Path, bert: Path, until: int) -> None:
    stages = [HEAD | {"epochs": 3}, ALL | {"epochs": 3, "start_from": "best", "average_epochs": 0.5}]
    path = make_project(tmp_path, bert, stages=stages)
    wishes = [(3, SLOWER), (8, WIDER), (8, SLOWER), (18, NARROWER), (22, WIDER)]
    events, unbroken = follow(path, wishes)
    assert [event.step for event in changes(events)] == [3, 8, 8, 18, 22]
    _, folder = follow(path, wishes, until=until)
    control = Control()
    for event in LocalEngine().resume(folder.path, control):
        for step, wish in wishes:
            if isinstance(event, StepFinished) and event.step == step > until:
                control.change(wish)
    assert_alike(folder, unbroken)


def test_a_wish_that_cannot_be_met_is_told_and_changes_nothing(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 2}])
    wrong = [(3, ChangeWish(rules=("no-such-layer",))), (4, ChangeWish(learning_rate=-1.0)), (5, ChangeWish(rules=()))]
    events, _ = follow(path, wrong)
    unbroken, _ = follow(path, [])
    told = [event.message for event in events if isinstance(event, RunWarning)]
    assert ["no-such-layer" in told[0], "-1" in told[1], "Nothing is left" in told[2]] == [True] * 3
    assert not changes(events)
    assert story(events) == story(unbroken)


def test_a_wish_that_comes_too_late_is_told(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, ALL])
    control, engine, told = Control(), LocalEngine(), []
    for event in engine.run(load_project(path), path, None, control):
        if isinstance(event, RunWarning):
            told.append(event.message)
        if isinstance(event, StepFinished) and event.step == 5:  # the last of its stage
            control.change(WIDER)
    assert any("ended before its change" in message for message in told)
    assert engine.folder is not None
    assert engine.folder.load_plan().changes == ()


def test_a_changed_stage_is_what_training_longer_repeats(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 2}])
    _, folder = follow(path, [(5, WIDER)])
    events = go_on(folder, GoOn(epochs=1))
    assert isinstance(events[-1], RunFinished)
    stage = folder.load_plan().stages[-1]
    assert stage.rules == WIDER.rules
    assert stage.learning_rate == WIDER.learning_rate


def test_lower_rates_lower_those_of_changes_too(tmp_path: Path, bert: Path) -> None:
    _, folder = run_project(make_project(tmp_path, bert, stages=[HEAD]))
    plan = folder.load_plan()
    events, changed = follow(make_project(tmp_path / "two", bert, stages=[HEAD | {"epochs": 2}]), [(5, WIDER)])
    assert changes(events)
    slower = changed.load_plan().with_rates(0.5, 0)
    assert slower.stage_after(0).learning_rate == pytest.approx(1e-3)
    assert plan.changes == ()
