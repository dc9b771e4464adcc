"""Precision by measurement: what is chosen, that the network stays as it was, and that the choice is remembered."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.core.conftest import TinyModel
from tests.support.command_line import thaw
from tests.support.projects import HEAD, make_project
from tests.support.sessions import make_session, run_project, weights_of
from trainer_core.engines import number_format
from trainer_core.project.schema import Precision
from trainer_core.training import trial
from trainer_core.training.events import PrecisionChosen, RunStarted
from trainer_core.training.trial import ROWS, PrecisionTrial, choose_precision, middling, try_precisions

FULL, HALF = Precision.FLOAT32, Precision.BFLOAT16


@pytest.mark.parametrize(
    ("full", "half", "chosen"),
    [
        (PrecisionTrial(1.0, 0.7), PrecisionTrial(0.5, 0.701), HALF),
        (PrecisionTrial(1.0, 0.7), PrecisionTrial(0.95, 0.7), FULL),
        (PrecisionTrial(1.0, 0.7), PrecisionTrial(2.0, 0.7), FULL),
        (PrecisionTrial(1.0, 0.7), PrecisionTrial(0.1, 0.9), FULL),
        (PrecisionTrial(1.0, 0.7), PrecisionTrial(0.1, float("nan")), FULL),
        (PrecisionTrial(1.0, float("nan")), PrecisionTrial(0.1, float("nan")), FULL),
    ],
)
def test_the_faster_format_is_taken_where_its_loss_agrees(
    full: PrecisionTrial, half: PrecisionTrial, chosen: Precision
) -> None:
    assert choose_precision({FULL: full, HALF: half}) is chosen


@pytest.mark.parametrize("family", ["bert", "gpt2", "modernbert"])
def test_a_trial_leaves_the_network_as_it_was(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    session = make_session(make_project(tmp_path, tiny_model(family)))
    session.network.head.linear.weight.requires_grad_(False)
    before, modes = weights_of(session), [module.training for module in session.network.modules()]
    state = torch.get_rng_state()
    trials = try_precisions(session.network, session.task, session.train, session.device, [FULL, HALF])
    assert all(trial.seconds > 0 for trial in trials.values())
    assert trials[HALF].loss == pytest.approx(trials[FULL].loss, rel=0.05)
    assert trials[HALF].loss != trials[FULL].loss
    assert all(torch.equal(weights, before[name]) for name, weights in weights_of(session).items())
    assert [module.training for module in session.network.modules()] == modes
    assert all(parameter.grad is None for parameter in session.network.parameters())
    assert [p.requires_grad for p in session.network.head.linear.parameters()] == [False, True]
    assert torch.equal(torch.get_rng_state(), state)


def test_a_head_alone_is_tried_without_the_way_back(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert))
    backward = []
    for parameter in session.network.parameters():
        parameter.register_hook(backward.append)
    parts = (session.network, session.task, session.train, session.device, [FULL, HALF])
    try_precisions(*parts, body_learns=False)
    assert {tuple(gradient.shape) for gradient in backward} == {
        tuple(parameter.shape) for parameter in session.network.head.parameters()
    }
    assert all(parameter.requires_grad for parameter in session.network.parameters())


def test_what_is_known_of_the_body_serves_the_head(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = {"precision": "auto"}
    run_project(make_project(tmp_path, bert, training=training))
    monkeypatch.setattr(number_format, "try_precisions", lambda *_, **__: pytest.fail("measured again"))
    run_project(make_project(tmp_path, bert, stages=[HEAD], training=training))


def test_rows_of_middling_length_are_tried(tmp_path: Path, bert: Path) -> None:
    lengths = make_session(make_project(tmp_path, bert)).train.lengths
    chosen = middling(lengths)
    assert len(chosen) == min(ROWS, len(lengths))
    assert min(lengths) <= lengths[chosen].min() <= lengths[chosen].max() <= max(lengths)
    assert middling(lengths[:3]).tolist() == sorted(range(3), key=lambda place: lengths[place])


def test_a_choice_is_told_and_remembered(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_format, "promising", lambda _network, _device, options: options)
    path = make_project(tmp_path, bert, stages=[HEAD], training={"precision": "auto"})
    chosen = []
    for _ in range(2):
        events, _ = run_project(path)
        (choice,) = [event for event in events if isinstance(event, PrecisionChosen)]
        (started,) = [event for event in events if isinstance(event, RunStarted)]
        assert started.precision == choice.precision
        assert set(choice.seconds) == set(choice.losses) == {"float32", "bfloat16"}
        chosen.append(choice)
        monkeypatch.setattr(number_format, "try_precisions", lambda *_, **__: pytest.fail("measured again"))
    assert [choice.remembered for choice in chosen] == [False, True]
    assert chosen[0].precision == chosen[1].precision
    assert chosen[0].seconds == chosen[1].seconds


@pytest.mark.parametrize("family", ["bert", "gpt2"])
@pytest.mark.parametrize(("slower", "left"), [(1.0, [FULL, HALF]), (30.0, [FULL])])
def test_a_format_that_is_only_imitated_is_not_tried(
    tmp_path: Path,
    tiny_model: TinyModel,
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    slower: float,
    left: list[Precision],
) -> None:
    session = make_session(make_project(tmp_path, tiny_model(family)))
    clock = Clock(slower)
    monkeypatch.setattr(trial, "time", SimpleNamespace(perf_counter=clock))
    monkeypatch.setattr(trial, "functional", SimpleNamespace(linear=clock.linear))
    state = torch.get_rng_state()
    assert list(trial.promising(session.network, session.device, [FULL, HALF])) == left
    assert torch.equal(torch.get_rng_state(), state)
    on_a_card = trial.promising(session.network, torch.device("cuda"), [FULL, HALF])
    assert list(on_a_card) == [FULL, HALF]


class Clock:
    """Time that passes in products of matrices alone, ``slower`` times as much within autocast."""

    def __init__(self, slower: float) -> None:
        self.now, self.slower = 0.0, slower

    def __call__(self) -> float:
        return self.now

    def linear(self, inputs: Tensor, weight: Tensor) -> Tensor:
        self.now += self.slower if torch.is_autocast_enabled("cpu") else 1.0
        return functional.linear(inputs, weight)


def test_where_the_others_are_imitated_float32_is_taken_and_told(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_format, "promising", lambda _network, _device, options: options[:1])
    monkeypatch.setattr(number_format, "try_precisions", lambda *_, **__: pytest.fail("measured"))
    outcome = thaw("train", make_project(tmp_path, bert, stages=[HEAD], training={"precision": "auto"}))
    assert outcome.status == 0, outcome.err
    assert "Precision: float32 (the others are far slower on this processor)" in outcome.out


def test_a_wish_is_taken_without_a_trial(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_format, "try_precisions", lambda *_, **__: pytest.fail("measured"))
    events, _ = run_project(make_project(tmp_path, bert, training={"precision": "bfloat16"}))
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.precision == "bfloat16"
