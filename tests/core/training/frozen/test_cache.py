"""Frozen layers computed once: the same training as without it, on every architecture, and never a stale entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import make_session, train_all
from tests.support.tiny_models import CONFIGS, build_tiny_model
from tests.support.toy_texts import toy_rows
from trainer_core.cache.arrays import FolderArrays, MemoryArrays
from trainer_core.data.batch_size import EVALUATION_TOKENS
from trainer_core.errors import RunStopped
from trainer_core.layers import tree
from trainer_core.training.control import Control
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import EvaluationFinished, Event, RunWarning, StepFinished, WorkProgress
from trainer_core.training.frozen import entry
from trainer_core.training.frozen.reading import WORK
from trainer_core.training.inputs import TokenInputs
from trainer_core.training.lanes import lane_count
from trainer_core.training.loop import run_training
from trainer_core.training.session import TrainingSession

TWO = TOP | {"name": "two", "train": ["head", "top:2"]}
PLAN = [HEAD | {"epochs": 2}, TOP, TWO, ALL]
WHOLE = {"albert"}
"""Architectures that cannot be entered between two blocks."""


def of(events: list[Event], kind: type[Any]) -> list[Any]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def passes(events: list[Event]) -> list[WorkProgress]:
    """Return the progress of passes through the frozen layers."""
    return [event for event in of(events, WorkProgress) if event.work == WORK]


@pytest.fixture
def without_cache(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a way to train a session with every layer computed in every epoch."""

    def no_inputs(session: TrainingSession, place: int) -> Iterator[Event]:
        return None
        yield

    def train(session: TrainingSession) -> list[Event]:
        with monkeypatch.context() as patch:
            patch.setattr(entry, "_cached_inputs", no_inputs)
            return train_all(session)

    return train


def assert_same_training(one: list[Event], other: list[Event]) -> None:
    """Compare the traces of two trainings: every loss, every gradient norm, every metric."""
    for mine, theirs in zip(of(one, StepFinished), of(other, StepFinished), strict=True):
        assert mine.loss == pytest.approx(theirs.loss, rel=1e-5)
        assert mine.gradient_norm == pytest.approx(theirs.gradient_norm, rel=1e-4)
        assert (mine.rows, mine.tokens) == (theirs.rows, theirs.tokens)
    for mine, theirs in zip(of(one, EvaluationFinished), of(other, EvaluationFinished), strict=True):
        assert mine.metrics == pytest.approx(theirs.metrics, rel=1e-4)


@contextmanager
def counting(block: nn.Module) -> Iterator[list[int]]:
    """Count how often a block really computes: its first linear layer is called."""
    calls: list[int] = []
    inner = next(module for module in block.modules() if not list(module.children()) and list(module.parameters()))
    hook = inner.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        yield calls
    finally:
        hook.remove()


# --- the same training ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", CONFIGS)
def test_training_from_the_cache_equals_training_through_all_layers(
    tmp_path: Path, tiny_model: TinyModel, without_cache: Any, family: str
) -> None:
    path = make_project(tmp_path, tiny_model(family), stages=[HEAD, TOP, ALL] if family in WHOLE else PLAN)
    session, through = make_session(path), make_session(path)
    events = train_all(session)
    assert not of(events, RunWarning)
    assert (session.stack is None) == (family in WHOLE)
    assert_same_training(events, without_cache(through))


@pytest.mark.parametrize("family", ["bert", "deberta", "gpt2", "llama", "modernbert"])
def test_batches_read_side_by_side_give_the_same_training(
    tmp_path: Path, tiny_model: TinyModel, without_cache: Any, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    monkeypatch.setitem(EVALUATION_TOKENS, "cpu", 64)
    path = make_project(tmp_path, tiny_model(family), rows=toy_rows(120), stages=PLAN)
    torch.set_num_threads(2)
    try:
        session = make_session(path)
        assert lane_count(session.network, session.device) == 2
        events = train_all(session)
        assert not of(events, RunWarning)
        assert_same_training(events, without_cache(make_session(path)))
    finally:
        torch.set_num_threads(1)


def test_frozen_blocks_compute_once(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, stages=[HEAD | {"epochs": 3}, TOP | {"epochs": 3}, TWO]))
    lowest, top = session.network.body.encoder.layer[0], session.network.body.encoder.layer[2]
    with counting(lowest) as low, counting(top) as high:
        train_all(session)
    # A look at the blocks, the pass over 36 and 15 rows in batches of 64, and three proofs of two stages and the head.
    assert len(low) == 1 + 2 + 3
    assert len(high) > 3 * 5


@pytest.mark.parametrize("limit", [0, 2_000, 9_000])
def test_what_does_not_fit_is_computed_on_the_way(tmp_path: Path, bert: Path, without_cache: Any, limit: int) -> None:
    path = make_project(tmp_path, bert, rows=toy_rows(200), stages=[TOP | {"epochs": 2}, TWO])
    session = make_session(path, cache=MemoryArrays(limit))
    events = train_all(session)
    assert not of(events, RunWarning)
    assert_same_training(events, without_cache(make_session(path)))


def test_bfloat16_trains_alike(tmp_path: Path, bert: Path, without_cache: Any) -> None:
    path = make_project(tmp_path, bert, stages=[TOP | {"epochs": 2}])
    losses = []
    for train in (train_all, without_cache):
        session = make_session(path, precision="bfloat16")
        events = train(session)
        assert not of(events, RunWarning)
        losses.append([step.loss for step in of(events, StepFinished)])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_a_stage_that_teaches_lower_layers_makes_what_was_kept_stale(tmp_path: Path, bert: Path) -> None:
    stages = [HEAD, ALL | {"learning_rate": 0.01}, HEAD | {"name": "again"}, TOP | {"name": "top again"}]
    session = make_session(make_project(tmp_path, bert, stages=stages))
    last = of(train_all(session), EvaluationFinished)[-1]
    through = evaluate(session, TokenInputs(session.validation, session.device)).metrics
    assert through["loss"] == pytest.approx(last.metrics["loss"], abs=1e-5)


# --- the proof -----------------------------------------------------------------------------------------------------


def test_a_learning_layer_that_also_acts_below_turns_the_cache_off(
    tmp_path: Path, tiny_model: TinyModel, without_cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeBERTa's relative positions stand behind its blocks and act in all of them; here nobody knows that."""
    monkeypatch.setattr(tree, "_acting_in_all_blocks", lambda names: set())
    stage = TOP | {"train": ["head", "top:1", "encoder.rel_embeddings.*"]}
    path = make_project(tmp_path, tiny_model("deberta"), stages=[stage])
    events = train_all(make_session(path))
    assert len(of(events, RunWarning)) == 1
    assert_same_training(events, without_cache(make_session(path)))


def test_states_that_are_wrong_are_not_trained_on(tmp_path: Path, bert: Path, without_cache: Any) -> None:
    path = make_project(tmp_path, bert, stages=[TOP])
    cache = FolderArrays(tmp_path / "arrays")
    train_all(make_session(path, cache=cache))
    for file in (tmp_path / "arrays").glob("*/states.bin"):
        file.write_bytes(bytes(reversed(file.read_bytes())))
    events = train_all(make_session(path, cache=cache))
    assert len(of(events, RunWarning)) == 1
    assert_same_training(events, without_cache(make_session(path)))


# --- later runs ----------------------------------------------------------------------------------------------------


def test_a_later_run_reads_nothing_again(tmp_path: Path, bert: Path) -> None:
    cache = FolderArrays(tmp_path / "arrays")
    first = train_all(make_session(make_project(tmp_path / "a", bert, stages=PLAN[:3]), cache=cache))
    slower = [stage | {"learning_rate": 0.001} for stage in PLAN[:3]]
    again = make_session(make_project(tmp_path / "b", bert, stages=PLAN[:3]), cache=cache)
    with counting(again.network.body.encoder.layer[0]) as low:
        second = train_all(again)
    assert passes(first)
    assert not passes(second)
    assert len(low) == 1 + 3  # the look at the blocks, and the proofs
    assert [step.loss for step in of(first, StepFinished)] == [step.loss for step in of(second, StepFinished)]
    other = train_all(make_session(make_project(tmp_path / "c", bert, stages=slower), cache=cache))
    assert not passes(other)


def test_other_rows_weights_and_lengths_are_read_anew(tmp_path: Path, tiny_model: TinyModel) -> None:
    cache = FolderArrays(tmp_path / "arrays")
    train_all(make_session(make_project(tmp_path / "a", tiny_model("bert"), stages=[TOP]), cache=cache))
    changed = [
        make_project(tmp_path / "b", tiny_model("bert"), stages=[TOP], rows=toy_rows(36, seed=99)),
        make_project(tmp_path / "c", tiny_model("bert"), stages=[TOP], max_length=5),
        make_project(tmp_path / "d", build_tiny_model(tmp_path / "other", seed=5), stages=[TOP]),
    ]
    for path in changed:
        assert passes(train_all(make_session(path, cache=cache)))


def test_stopping_in_the_pass_leaves_nothing_broken(tmp_path: Path, bert: Path) -> None:
    cache, control = FolderArrays(tmp_path / "arrays"), Control()
    path = make_project(tmp_path, bert, rows=toy_rows(300), stages=[TOP], training={"probe": False})
    session = make_session(path, control=control, cache=cache)
    control.finish_now()
    with pytest.raises(RunStopped):
        list(run_training(session))
    assert list((tmp_path / "arrays").iterdir()) == []
    assert all(parameter.device.type == "cpu" for parameter in session.network.parameters())
    events = train_all(make_session(path, cache=cache))
    assert passes(events)
    assert not of(events, RunWarning)
