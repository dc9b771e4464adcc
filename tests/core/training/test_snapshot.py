"""Going on from a snapshot: the run that was broken off becomes the run that was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import MemoryCheckpoints, make_session, train_all, weights_of
from trainer_core.training.events import EvaluationFinished, Event, RunResumed, RunStarted, StageFinished, StepFinished
from trainer_core.training.loop import run_training
from trainer_core.training.session import TrainingSession

UNTIL = {"until": {"metric": "loss", "patience": 2}}
AVERAGED = ALL | {"epochs": 3, "average_epochs": 0.5}
PLANS: dict[str, dict[str, Any]] = {
    "stages": {"stages": [HEAD, TOP, ALL]},
    "averaged": {"stages": [HEAD, AVERAGED]},
    "rule": {"stages": [HEAD | {"epochs": 9} | UNTIL, ALL | {"epochs": 3}]},
    "accumulated": {"stages": [TOP | {"epochs": 2}], "training": {"accumulation": 2, "evaluations_per_epoch": 2}},
    "tokens": {"stages": [ALL | {"epochs": 2}], "training": {"batch_tokens": 128}},
    "without probe": {"stages": [ALL | {"epochs": 2}], "training": {"probe": False}},
}


def kept(session: TrainingSession) -> MemoryCheckpoints:
    assert isinstance(session.checkpoints, MemoryCheckpoints)
    return session.checkpoints


def told(events: list[Event], after: int) -> list[tuple[Any, ...]]:
    """Return what events say of steps and evaluations, but not how long they took."""
    return [
        tuple(event.model_dump(exclude={"time", "seconds", "peak_bytes"}).values())
        for event in events
        if (isinstance(event, StepFinished) and event.step > after)
        or (isinstance(event, EvaluationFinished | StageFinished) and event.step >= after)
    ]


def go_on(path: Path, step: int, done: TrainingSession) -> tuple[TrainingSession, list[Event]]:
    """Go on from a snapshot of a run in a session of its own, which has the best weights of that moment."""
    session = make_session(path)
    session.resumed = kept(done).snapshots[step]
    best = session.resumed.facts.best
    if best is not None:
        session.checkpoints = best_until(make_session(path), best.step)
    kept(session).snapshots[step] = session.resumed
    torch.manual_seed(999)  # nothing may depend on what was drawn before
    return session, train_all(session)


def best_until(session: TrainingSession, step: int) -> MemoryCheckpoints:
    """Train until the best weights are those of a step; return the checkpoints."""
    for _ in run_training(session):
        if session.best is not None and session.best.step == step:
            break
    return kept(session)


@pytest.mark.parametrize("plan", PLANS)
def test_from_every_snapshot_the_run_ends_bit_for_bit_the_same(tmp_path: Path, bert: Path, plan: str) -> None:
    path = make_project(tmp_path, bert, **PLANS[plan])
    unbroken = make_session(path)
    events = train_all(unbroken)
    expected, best = weights_of(unbroken), kept(unbroken).tensors
    steps = sorted(kept(unbroken).snapshots)
    assert len(steps) == sum(isinstance(event, EvaluationFinished) for event in events)
    for step in {steps[0], steps[len(steps) // 2], steps[-1]}:
        session, again = go_on(path, step, unbroken)
        assert [event.step for event in again if isinstance(event, RunResumed)] == [step]
        assert not [event for event in again if isinstance(event, RunStarted)]
        assert told(again, step) == told(events, step)
        for mine, theirs in ((expected, weights_of(session)), (best, kept(session).tensors)):
            assert mine.keys() == theirs.keys()
            assert all(torch.equal(mine[name], theirs[name]) for name in mine)
        assert session.best == unbroken.best


@pytest.mark.parametrize("family", ["distilbert", "gpt2", "llama"])
def test_other_families_go_on_as_well(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    path = make_project(tmp_path, tiny_model(family), stages=[TOP | {"epochs": 2}, ALL])
    unbroken = make_session(path)
    events = train_all(unbroken)
    step = sorted(kept(unbroken).snapshots)[1]
    session, again = go_on(path, step, unbroken)
    assert told(again, step) == told(events, step)
    expected, found = weights_of(unbroken), weights_of(session)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_snapshot_holds_what_changed_and_its_optimiser(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, stages=[HEAD, TOP]))
    train_all(session)
    first, *_, last = (snapshot for _, snapshot in sorted(kept(session).snapshots.items()))
    assert set(first.weights) == {"head.linear.weight", "head.linear.bias"}
    moments = {key for key in first.state if key.startswith("optimizer.exp_avg_sq.")}
    assert moments == {"optimizer.exp_avg_sq.head.linear.weight", "optimizer.exp_avg_sq.head.linear.bias"}
    assert set(last.weights) == session.changed
    assert all(tensor.device.type == "cpu" for tensor in [*last.weights.values(), *last.state.values()])


def test_snapshots_come_by_time_too(tmp_path: Path, bert: Path) -> None:
    often = make_project(tmp_path, bert, stages=[ALL], training={"checkpoint_minutes": 1e-9})
    session = make_session(often)
    events = train_all(session)
    steps = [event.step for event in events if isinstance(event, StepFinished)]
    assert sorted(kept(session).snapshots) == steps
    middle = steps[len(steps) // 2]
    again, more = go_on(often, middle, session)
    assert told(more, middle) == told(events, middle)
    expected, found = weights_of(session), weights_of(again)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
