"""A loss that is no number: the rows are named, nothing spoilt is saved, and the run goes on from before, slower."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.core.engines.test_resume import STAGES, go_on
from tests.support.projects import ALL, HEAD, make_project
from tests.support.resumed import weights
from tests.support.toy_texts import toy_rows
from trainer_core.engines.base import GoOn
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import RunDiverged
from trainer_core.project.load import load_project
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.training.control import Control
from trainer_core.training.diverged import Diverged, DivergenceWatch
from trainer_core.training.events import RunFinished, RunResumed, RunWarning, StepFinished
from trainer_core.training.stage import StageTraining


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Let the tenth step of a run lose its number, once; the list gets the places of its rows."""
    real: Any = StageTraining._add_up_gradients
    steps, places = 0, []

    def add_up(training: StageTraining, group: Sequence[Any], ready: Any) -> tuple[Tensor, int]:
        nonlocal steps
        steps += 1
        loss, tokens = real(training, group, ready)
        if steps != 10:
            return loss, tokens
        places.append(np.concatenate(group).tolist())
        return loss * torch.nan, tokens

    monkeypatch.setattr(StageTraining, "_add_up_gradients", add_up)
    return places


def diverge(path: Path) -> RunFolder:
    engine = LocalEngine()
    with pytest.raises(RunDiverged):
        list(engine.run(load_project(path), path, None, Control()))
    assert engine.folder is not None
    return engine.folder


def test_the_rows_are_named_by_their_numbers_in_the_file(tmp_path: Path, bert: Path, spoilt: list[list[int]]) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    with pytest.raises(RunDiverged) as failure:
        list(LocalEngine().run(load_project(path), path, None, Control()))
    (places,) = spoilt
    assert "step 10" in failure.value.what
    numbers = [int(word) for word in failure.value.why.partition(": ")[2].rstrip(".").split(", ")]
    assert len(numbers) == len(places)
    # The file has a line of headings, and numbers count from 1; validation rows were taken out of it before.
    assert set(numbers) <= set(range(2, 2 + len(toy_rows(36)) * 2))
    assert "lower learning rate" in failure.value.remedy


def test_the_run_goes_on_from_before_with_lower_rates(tmp_path: Path, bert: Path, spoilt: list[list[int]]) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    folder = diverge(path)
    history = folder.load_history()
    assert history.status is RunStatus.FAILED
    assert history.failure is not None
    assert history.failure.diverged
    assert history.step == 9
    planned = folder.load_plan().stages
    events = go_on(folder, GoOn(rate_factor=0.5))
    (resumed,) = (event for event in events if isinstance(event, RunResumed))
    assert 0 < resumed.step < 10
    assert any("0.5 times" in event.message for event in events if isinstance(event, RunWarning))
    assert isinstance(events[-1], RunFinished)
    now = folder.load_plan().stages
    place = next(event.stage for event in events if isinstance(event, StepFinished))
    assert [stage.learning_rate for stage in now[:place]] == [stage.learning_rate for stage in planned[:place]]
    assert [stage.learning_rate for stage in now[place:]] == [stage.learning_rate / 2 for stage in planned[place:]]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights(folder).values())


def test_a_learning_rate_that_is_far_too_high_saves_no_spoilt_weights(tmp_path: Path, bert: Path) -> None:
    stages = [HEAD, ALL | {"learning_rate": 1.0, "epochs": 3}]
    path = make_project(tmp_path, bert, stages=stages, training={"max_gradient_norm": 1e30, "weight_decay": 0.0})
    engine = LocalEngine()
    try:
        events = list(engine.run(load_project(path), path, None, Control()))
    except RunDiverged:
        assert engine.folder is not None
        events = go_on(engine.folder, GoOn(rate_factor=1e-5))
    assert isinstance(events[-1], RunFinished)
    assert engine.folder is not None
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights(engine.folder).values())


def test_an_overflow_that_scaling_leaves_out_is_none() -> None:
    event = StepFinished(
        step=3, stage=0, epoch=0.1, loss=1.0, learning_rate=0.1, gradient_norm=float("inf"), rows=1, tokens=1, seconds=1
    )
    assert list(DivergenceWatch(scaled=True).checked([event])) == [event]
    watch = DivergenceWatch(scaled=False)
    watch.note(3, [np.array([4, 5]), np.array([7])])
    with pytest.raises(Diverged) as found:
        list(watch.checked([event]))
    assert (found.value.step, found.value.rows.tolist()) == (3, [4, 5, 7])
