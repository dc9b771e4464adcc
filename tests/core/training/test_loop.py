"""The training loop: exact repeats, equal gradients, exits, the best kept and restored."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import MemoryCheckpoints, make_session, train_all, weights_of, without_dropout
from tests.support.tiny_models import CONFIGS
from tests.support.toy_texts import toy_rows
from trainer_core.errors import RunStopped
from trainer_core.results.names import better
from trainer_core.training import loop
from trainer_core.training.control import Control
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import (
    BestRestored,
    CheckpointSaved,
    EvaluationFinished,
    Event,
    PoolingChosen,
    ProbeFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    StepFinished,
    WorkProgress,
)
from trainer_core.training.inputs import TokenInputs
from trainer_core.training.session import TrainingSession

TIMES = {"time", "seconds"}


def plain(events: list[Event]) -> list[dict[str, Any]]:
    """Return events without what time makes different; progress comes when time has passed, so it is left out."""
    return [event.model_dump(exclude=TIMES) for event in events if not isinstance(event, WorkProgress)]


def of(events: list[Event], kind: type[Any]) -> list[Any]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def kept(session: TrainingSession) -> MemoryCheckpoints:
    """Return the checkpoints of a session in memory."""
    assert isinstance(session.checkpoints, MemoryCheckpoints)
    return session.checkpoints


# --- repeats -------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, TOP, ALL], pooling="auto")
    first, second = make_session(path), make_session(path)
    events = [train_all(first), train_all(second)]
    assert plain(events[0]) == plain(events[1])
    for (name, one), (_, other) in zip(weights_of(first).items(), weights_of(second).items(), strict=True):
        assert torch.equal(one, other), name


def test_another_seed_gives_other_weights(tmp_path: Path, bert: Path) -> None:
    one = make_session(make_project(tmp_path / "a", bert, seed=1))
    other = make_session(make_project(tmp_path / "b", bert, seed=2))
    train_all(one), train_all(other)
    assert not torch.equal(weights_of(one)["head.linear.weight"], weights_of(other)["head.linear.weight"])


@pytest.mark.parametrize("family", CONFIGS)
def test_every_architecture_goes_through_all_stages(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    path = make_project(tmp_path, tiny_model(family), stages=[HEAD, TOP, ALL], pooling="auto")
    session = make_session(path)
    before = weights_of(session)
    events = train_all(session)
    assert [event.reason for event in of(events, StageFinished)] == ["epochs"] * 3
    assert all(math.isfinite(event.loss) and math.isfinite(event.gradient_norm) for event in of(events, StepFinished))
    after = weights_of(session)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert len(changed) > 0.8 * len(before)


# --- the order of events -------------------------------------------------------------------------------------------


def test_events_tell_the_run_in_order(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 2}, TOP], training={"evaluations_per_epoch": 2})
    events = train_all(make_session(path))
    kinds = [event.event for event in events if not isinstance(event, WorkProgress | CheckpointSaved)]
    epoch = ["step_finished", "step_finished", "evaluation_finished", *["step_finished"] * 3, "evaluation_finished"]
    stage = ["stage_started", "stage_finished"]
    assert kinds == [
        *["run_started", "probe_finished", stage[0], *epoch, *epoch, stage[1]],
        *[stage[0], *epoch, stage[1]],
    ]
    steps = of(events, StepFinished)
    assert [step.step for step in steps] == list(range(1, 16))
    assert [step.stage for step in steps] == [0] * 10 + [1] * 5
    assert [step.epoch for step in steps[:5]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert sum(step.rows for step in steps[:5]) == 36
    assert sorted(step.rows for step in steps[:5]) == [4, 8, 8, 8, 8]
    assert [(stage.step, stage.name) for stage in of(events, StageStarted)] == [(0, "head"), (10, "top")]


def test_a_run_begins_with_its_facts(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, stages=[HEAD, TOP]))
    started = train_all(session)[0]
    assert isinstance(started, RunStarted)
    assert (started.train_rows, started.validation_rows, started.seed) == (36, 15, 7)
    assert started.labels == ["billing", "delivery", "returns"]
    assert [(stage.name, stage.steps) for stage in started.stages] == [("head", 5), ("top", 5)]
    assert started.stages[0].trained_parameters < started.stages[1].trained_parameters
    assert started.baselines["accuracy"] == pytest.approx(1 / 3)
    assert 0 < started.baselines["macro_f1"] < 1 / 3


def test_rates_follow_the_schedule_of_each_stage(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 2}, TOP], training={"warmup_share": 0.2})
    rates = [step.learning_rate for step in of(train_all(make_session(path)), StepFinished)]
    assert rates[:10] == pytest.approx([0.01 * share for share in [1 / 3, 2 / 3, 1, *[1 - n / 8 for n in range(1, 8)]]])
    assert rates[10:] == pytest.approx([0.001 * share for share in [0.5, 1, 0.75, 0.5, 0.25]])


# --- gradients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [HEAD, ALL], ids=["head", "all"])
@pytest.mark.parametrize("small", [5, 8, 12])
def test_accumulation_equals_a_big_batch(tmp_path: Path, bert: Path, stage: dict[str, Any], small: int) -> None:
    """26 rows in batches of 8 leave a last one of 2, which must weigh as 2 rows and not as a batch."""
    runs = []
    for batch_size, accumulation in ((26, 1), (small, math.ceil(26 / small))):
        path = make_project(
            tmp_path / str(batch_size),
            bert,
            rows=toy_rows(26),
            stages=[stage | {"epochs": 2}],
            training={"batch_size": batch_size, "accumulation": accumulation, "probe": False, "weight_decay": 0.0},
        )
        session = without_dropout(make_session(path))
        runs.append(of(train_all(session), StepFinished))
    big_steps, added_steps = runs
    assert len(big_steps) == len(added_steps) == 2
    for one, other in zip(big_steps, added_steps, strict=True):
        assert (one.rows, one.tokens) == (other.rows, other.tokens) == (26, one.tokens)
        assert other.loss == pytest.approx(one.loss, rel=1e-5)
        assert other.gradient_norm == pytest.approx(one.gradient_norm, rel=1e-4)


# --- the probe -----------------------------------------------------------------------------------------------------


def test_the_probe_beats_chance_and_equals_its_own_evaluation(tmp_path: Path, bert: Path) -> None:
    rows = toy_rows(900, seed=3)
    session = make_session(make_project(tmp_path, bert, rows=rows[:600], validation=rows[600:], stages=[HEAD]))
    (probe,) = [event for event in _until(session, StageStarted) if isinstance(event, ProbeFinished)]
    assert probe.metrics["accuracy"] > 0.45  # of three classes, on features of random weights
    through = evaluate(session, TokenInputs(session.validation, session.device)).metrics
    assert through["accuracy"] == probe.metrics["accuracy"]
    assert through["loss"] == pytest.approx(probe.metrics["loss"], abs=1e-5)
    assert kept(session).steps == [0]
    assert set(kept(session).tensors) == {"head.linear.weight", "head.linear.bias"}


def _until(session: TrainingSession, kind: type[Any]) -> list[Event]:
    """Return the events of a run before the first of a kind."""
    events: list[Event] = []
    for event in loop.run_training(session):
        if isinstance(event, kind):
            return events
        events.append(event)
    raise AssertionError(f"no {kind.__name__}")


def test_the_best_is_never_worse_than_the_probe(tmp_path: Path, bert: Path) -> None:
    """A rate that tears the weights apart leaves the probe as the best."""
    wild = ALL | {"learning_rate": 5.0, "epochs": 2}
    for metric in ("macro_f1", "loss"):
        path = make_project(
            tmp_path / metric, bert, rows=toy_rows(120, seed=3), stages=[wild], training={"metric": metric}
        )
        session = make_session(path)
        events = train_all(session)
        (probe,) = of(events, ProbeFinished)
        assert session.best is not None
        assert not better(metric, probe.metrics[metric], session.best.value)
        measured = [probe.metrics, *(event.metrics for event in of(events, EvaluationFinished))]
        assert not any(better(metric, metrics[metric], session.best.value) for metrics in measured)
        session.restore_best()
        again = evaluate(session, TokenInputs(session.validation, session.device)).metrics
        assert again["loss"] == pytest.approx(session.best.metrics["loss"], abs=1e-5)


def test_the_pooling_is_chosen_among_all(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, pooling="auto"))
    (chosen,) = of(train_all(session), PoolingChosen)
    assert set(chosen.scores) == {"mean", "cls", "last"}
    assert session.network.pooling.value == chosen.pooling
    assert kept(session).facts["pooling"] == chosen.pooling


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_a_pooling_that_is_wished_is_taken(tmp_path: Path, bert: Path, pooling: str) -> None:
    for probe in (True, False):
        path = make_project(tmp_path / str(probe), bert, pooling=pooling, training={"probe": probe})
        session = make_session(path)
        events = train_all(session)
        assert not of(events, PoolingChosen)
        assert session.network.pooling.value == pooling
        assert bool(of(events, ProbeFinished)) == probe


def test_classes_of_one_row_do_not_stop_the_probe(tmp_path: Path, bert: Path) -> None:
    rows = [*toy_rows(9), ("why not again", "rare")]
    session = make_session(make_project(tmp_path, bert, rows=rows, pooling="auto"))
    assert of(train_all(session), ProbeFinished)


def test_two_rows_are_enough_to_train(tmp_path: Path, bert: Path) -> None:
    rows = [("my invoice", "billing"), ("my parcel", "delivery")]
    dev = [("invoice", "billing"), ("the parcel", "delivery")]
    session = make_session(make_project(tmp_path, bert, rows=rows, validation=dev, pooling="auto", stages=[HEAD, ALL]))
    assert len(of(train_all(session), StageFinished)) == 2


# --- the best ------------------------------------------------------------------------------------------------------


def test_starting_from_the_best_restores_every_tensor(tmp_path: Path, bert: Path) -> None:
    """Also those of the body that had not yet changed when the best was saved."""
    wild = {"name": "wild", "train": ["all"], "learning_rate": 5.0, "epochs": 1}
    gentle = HEAD | {"name": "gentle", "learning_rate": 1e-9, "start_from": "best"}
    session = make_session(make_project(tmp_path, bert, rows=toy_rows(120, seed=3), stages=[wild, gentle]))
    before = weights_of(session)
    restored: dict[str, torch.Tensor] = {}
    best: dict[str, torch.Tensor] = {}
    events = []
    for event in loop.run_training(session):
        events.append(event)
        if isinstance(event, BestRestored):
            restored, best = weights_of(session), kept(session).load_best()
    (event,) = of(events, BestRestored)
    assert (event.step, event.stage) == (0, 1)
    for name, weights in restored.items():
        assert torch.equal(weights, best.get(name, before[name])), name


def test_a_head_that_no_stage_has_trained_yet_is_restored_too(tmp_path: Path, bert: Path) -> None:
    """Without a probe the best can be of a stage that left the head as it was drawn."""
    stages = [
        {"name": "body", "train": ["top:1"], "learning_rate": 1e-3, "epochs": 1},
        {"name": "wild", "train": ["head"], "learning_rate": 9.0, "epochs": 1},
        {"name": "back", "train": ["top:1"], "learning_rate": 1e-9, "epochs": 1, "start_from": "best"},
    ]
    path = make_project(tmp_path, bert, stages=stages, training={"probe": False, "metric": "loss"})
    session = make_session(path)
    drawn = weights_of(session)["head.linear.weight"]
    events = train_all(session)
    assert of(events, BestRestored)
    assert torch.equal(weights_of(session)["head.linear.weight"], drawn)


def test_starting_from_the_last_restores_nothing(tmp_path: Path, bert: Path) -> None:
    wild = ALL | {"learning_rate": 5.0}
    events = train_all(make_session(make_project(tmp_path, bert, rows=toy_rows(60), stages=[wild, HEAD])))
    assert not of(events, BestRestored)


def test_a_checkpoint_is_saved_exactly_at_every_new_best(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 4}, ALL | {"epochs": 3}])
    session = make_session(path)
    events = train_all(session)
    best_steps = [0, *(event.step for event in of(events, EvaluationFinished) if event.is_best)]
    assert kept(session).steps == best_steps
    saved = of(events, CheckpointSaved)
    assert [event.step for event in saved if event.best] == best_steps
    assert [event.step for event in saved if not event.best] == [e.step for e in of(events, EvaluationFinished)]
    assert session.best is not None
    assert session.best.step == best_steps[-1]


def test_a_checkpoint_holds_only_what_training_changed(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, stages=[TOP], training={"metric": "loss", "probe": False}))
    train_all(session)
    names = set(kept(session).tensors)
    assert {"head.linear.weight", "head.linear.bias"} < names
    assert all(name.startswith(("head.", "encoder.layer.2.")) for name in names)


# --- ends ----------------------------------------------------------------------------------------------------------


def test_at_least_ends_a_stage_and_the_next_begins(tmp_path: Path, bert: Path) -> None:
    first = HEAD | {"epochs": 9, "until": {"metric": "accuracy", "at_least": 0.0}}
    events = train_all(make_session(make_project(tmp_path, bert, stages=[first, TOP])))
    assert [(event.reason, event.step) for event in of(events, StageFinished)] == [("at_least", 5), ("epochs", 10)]


def test_patience_ends_a_stage(tmp_path: Path, bert: Path) -> None:
    still = HEAD | {"learning_rate": 1e-12, "epochs": 9, "until": {"metric": "accuracy", "patience": 2}}
    events = train_all(make_session(make_project(tmp_path, bert, stages=[still])))
    assert len(of(events, EvaluationFinished)) == 3
    assert of(events, StageFinished)[0].reason == "patience"


@pytest.mark.parametrize("at", [1, 3, 7])
def test_a_wish_to_stop_ends_the_run_after_the_step_with_the_best_kept(tmp_path: Path, bert: Path, at: int) -> None:
    control = Control()
    path = make_project(tmp_path, bert, stages=[HEAD, ALL, HEAD | {"name": "never"}])
    session = make_session(path, control=control)
    events: list[Event] = []
    for event in loop.run_training(session):
        events.append(event)
        if isinstance(event, StepFinished) and event.step == at:
            control.finish_now()
    assert session.step == at
    assert of(events, EvaluationFinished)[-1].step == at
    assert isinstance(events[-1], StageFinished)
    assert events[-1].reason == "stopped"
    assert session.best is not None
    assert "never" not in {event.name for event in of(events, StageStarted)}


def test_a_stop_before_anything_could_be_kept_says_so(tmp_path: Path, bert: Path) -> None:
    control = Control()
    control.finish_now()
    with pytest.raises(RunStopped, match="before there was anything to keep"):
        train_all(make_session(make_project(tmp_path, bert), control=control))


def test_a_stop_while_a_later_stage_reads_the_rows_keeps_the_best(tmp_path: Path, bert: Path) -> None:
    control = Control()
    path = make_project(tmp_path, bert, stages=[ALL, HEAD | {"name": "again"}])
    session = make_session(path, control=control)
    events: list[Event] = []
    for event in loop.run_training(session):
        events.append(event)
        if isinstance(event, StageStarted) and event.name == "again":
            control.finish_now()
    assert isinstance(events[-1], StageFinished)
    assert events[-1].reason == "stopped"
    assert session.best is not None


def test_a_loss_that_is_no_number_does_not_become_the_best(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, training={"metric": "loss"}))
    assert session.is_better({"loss": 1.0})
    train_all(session)
    assert session.best is not None
    assert not session.is_better({"loss": math.nan})
    session.best.metrics["loss"] = math.nan
    assert session.is_better({"loss": 100.0})


def test_every_validation_row_is_scored_in_its_own_place(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert))
    from trainer_core.training.evaluate import predict_scores

    scores = predict_scores(session, TokenInputs(session.validation, session.device))
    session.network.eval()
    with torch.no_grad():
        for place in range(len(session.validation)):
            found = session.network(session.validation.tokens(np.array([place])))
            np.testing.assert_allclose(found.numpy()[0], scores[place], rtol=1e-4, atol=1e-5)
