"""Averaged weights: what the average is, that it stands in only for a while, and that the best is judged by it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.support.projects import ALL, make_project
from tests.support.sessions import make_session, train_all, weights_of
from trainer_core.training.averaging import AveragedWeights
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import EvaluationFinished
from trainer_core.training.inputs import TokenInputs


def walk(horizon: float, values: list[float]) -> tuple[float, float]:
    """Let a weight take these values step by step; return its average and then the weight itself."""
    parameter = nn.Parameter(torch.zeros(1))
    averaged = AveragedWeights([parameter], horizon)
    for value in values:
        with torch.no_grad():
            parameter.fill_(value)
        averaged.update()
    with averaged.in_place():
        average = float(parameter.detach())
    return average, float(parameter.detach())


def test_without_a_horizon_the_weights_stand_for_themselves() -> None:
    assert walk(0.0, [1.0, 5.0]) == (5.0, 5.0)


@pytest.mark.parametrize("horizon", [4, 25, 400])
def test_the_average_reaches_back_over_the_horizon(horizon: int) -> None:
    average, last = walk(horizon, [3.0] * 30 * horizon + [7.0] * horizon)
    assert last == 7.0
    assert 7.0 - 4.0 * 0.5 < average < 7.0 - 4.0 * 0.2  # 1/e of the weight lies before the horizon


def test_the_start_is_soon_forgotten() -> None:
    average, _ = walk(1_000, [1.0] * 1_000)
    assert average > 0.95


def test_an_error_puts_the_last_weights_back() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    averaged = AveragedWeights([parameter], 1.0)
    with torch.no_grad():
        parameter.fill_(2.0)
    with pytest.raises(ValueError, match="stop"), averaged.in_place():
        raise ValueError("stop")
    assert float(parameter.detach()) == 2.0


@pytest.mark.parametrize(("epochs", "rate"), [(3, 0.03), (1, 0.001)], ids=["average", "last"])
def test_the_better_of_the_last_weights_and_their_average_counts(
    tmp_path: Path, bert: Path, epochs: int, rate: float
) -> None:
    """Wild steps are calmed by the average; careful ones outrun it."""
    stage = ALL | {"epochs": epochs, "learning_rate": rate, "average_epochs": 1.0}
    path = make_project(tmp_path, bert, stages=[stage], training={"probe": False, "metric": "loss"})
    session = make_session(path)
    events = [event for event in train_all(session) if isinstance(event, EvaluationFinished)]
    assert any(event.averaged == (epochs == 3) for event in events)
    inputs = TokenInputs(session.validation, session.device)
    of_last = evaluate(session, inputs).metrics["loss"]
    assert events[-1].metrics["loss"] <= of_last + 1e-6
    assert (events[-1].metrics["loss"] == pytest.approx(of_last, abs=1e-6)) == (not events[-1].averaged)
    session.restore_best()
    best = min(event.metrics["loss"] for event in events)
    assert evaluate(session, inputs).metrics["loss"] == pytest.approx(best, abs=1e-6)


def test_averaging_changes_no_step(tmp_path: Path, bert: Path) -> None:
    ends = []
    for name, epochs in (("without", 0.0), ("with", 0.5)):
        path = make_project(tmp_path / name, bert, stages=[ALL | {"average_epochs": epochs, "epochs": 2}])
        session = make_session(path)
        train_all(session)
        ends.append(weights_of(session))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
