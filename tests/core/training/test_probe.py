"""What is wished while the probe solves: heard in the middle of a solution, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.projects import HEAD, make_project
from tests.support.sessions import make_session, weights_of
from trainer_core.training import probe
from trainer_core.training.control import Control, Discarded, PutAside
from trainer_core.training.events import ProbeFinished, RunContinued, RunPaused
from trainer_core.training.loop import run_training
from trainer_core.training.session import TrainingSession

Wished = Callable[[Control], None]


def _session(path: Path, wish: Wished | None = None, *, at: int = 0) -> tuple[TrainingSession, list[int]]:
    """Return a session in which something is wished while the loss is computed for the ``at``-th time, and a count."""
    control, looks = Control(), [0]
    session = make_session(path, control=control)
    loss = session.task.loss

    def counted(scores: Tensor, targets: Tensor) -> Tensor:
        looks[0] += 1
        if wish is not None and looks[0] == at:
            wish(control)
        return loss(scores, targets)

    session.task.loss = counted  # type: ignore[method-assign]
    return session, looks


@pytest.fixture
def project(tmp_path: Path, bert: Path) -> Path:
    return make_project(tmp_path, bert, stages=[HEAD], pooling="auto")


def _looks(project: Path) -> int:
    """Return how often the probe computes the loss when nothing is wished."""
    session, looks = _session(project)
    for event in run_training(session):
        if isinstance(event, ProbeFinished):
            break
    return looks[0]


def test_a_pause_in_the_middle_of_a_solution_is_heard_and_changes_nothing(project: Path) -> None:
    unbroken, _ = _session(project)
    events = list(run_training(unbroken))
    # In the first solution, in the search for the strength, and in the last solution of all.
    for at in np.linspace(2, _looks(project) - 4, 4).astype(int):
        session, _ = _session(project, Control.pause, at=int(at))
        paused = []
        for event in run_training(session):
            if isinstance(event, RunPaused):
                paused.append(event)
                session.control.go_on()
            elif isinstance(event, RunContinued):
                paused.append(event)
            elif isinstance(event, ProbeFinished):
                assert event.metrics == next(e for e in events if isinstance(e, ProbeFinished)).metrics
        assert [type(event) for event in paused] == [RunPaused, RunContinued]
        pairs = zip(weights_of(unbroken).values(), weights_of(session).values(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(("metric", "sign"), [("loss", -1), ("macro_f1", 1)])
def test_the_strength_of_the_best_score_is_chosen_also_where_less_is_better(
    project: Path, monkeypatch: pytest.MonkeyPatch, metric: str, sign: int
) -> None:
    tried: list[probe.Trial] = []
    choose = probe.choose_strength
    monkeypatch.setattr(probe, "choose_strength", lambda trials: tried.extend(trials) or choose(trials))
    session, _ = _session(project)
    session.task.metrics_offered = (metric,)  # type: ignore[misc]
    (told,) = (event for event in run_training(session) if isinstance(event, ProbeFinished))
    assert len(tried) == len(probe.STRENGTHS)
    assert all(trial.score * sign > 0 for trial in tried)
    if metric == "loss":
        assert told.inverse_regularisation == min(tried, key=lambda trial: trial.loss).strength


@pytest.mark.parametrize(("wish", "raised"), [(Control.put_aside, PutAside), (Control.discard, Discarded)])
def test_an_end_in_the_middle_of_a_solution_does_not_wait_for_it(
    project: Path, wish: Wished, raised: type[Exception]
) -> None:
    session, looks = _session(project, wish, at=5)
    with pytest.raises(raised):
        list(run_training(session))
    # Solutions beside it had begun to look at their rows, once each at most.
    assert looks[0] <= 5 + torch.get_num_threads()
