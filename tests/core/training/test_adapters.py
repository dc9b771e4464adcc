"""Adapters in runs: only they learn, they are put away with the run, and merged they answer as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.core.conftest import TinyModel
from tests.core.engines.test_resume import assert_alike, break_off, go_on
from tests.support.command_line import thaw
from tests.support.projects import HEAD, make_project
from tests.support.sessions import make_session, run_project, train_all
from trainer_core.errors import InputError
from trainer_core.inference.predictor import Predictor
from trainer_core.layers.adapters import is_adapter
from trainer_core.layers.freeze import resolve_freeze
from trainer_core.models.network import parameter_specs
from trainer_core.runs.checkpoints import load_checkpoint
from trainer_core.training.control import Control
from trainer_core.training.events import EvaluationFinished, RunFinished

ADAPTERS: dict[str, Any] = {"name": "adapters", "train": ["adapter:blocks"], "learning_rate": 0.01, "epochs": 2}


def with_adapters(path: Path, **values: Any) -> Path:
    """Add an ``[adapter]`` section to a project file."""
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items()]
    path.write_text(path.read_text() + "\n[adapter]\n" + "\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("kind", ["lora", "rslora", "dora"])
@pytest.mark.parametrize("family", ["llama-lm", "gpt2-lm"])
def test_the_tree_of_a_plan_is_that_of_the_live_model(
    tmp_path: Path, tiny_model: TinyModel, family: str, kind: str
) -> None:
    path = make_project(tmp_path, tiny_model(family), task="chat", stages=[ADAPTERS])
    session = make_session(with_adapters(path, kind=kind, rank=3))
    live = {spec.name: spec.count for spec in parameter_specs(session.network)}
    assert live == {parameter.name: parameter.count for parameter in session.tree.parameters}
    assert [name for name in live if is_adapter(name)] == list(session.plan.stages[0].trainable)


@pytest.mark.parametrize("kind", ["lora", "rslora", "dora"])
@pytest.mark.parametrize("family", ["llama-lm", "gpt2-lm", "gemma2-lm"])
def test_only_adapters_learn_and_merged_they_answer_as_before(
    tmp_path: Path, tiny_model: TinyModel, family: str, kind: str
) -> None:
    path = make_project(tmp_path, tiny_model(family), task="chat", stages=[ADAPTERS])
    session = make_session(with_adapters(path, kind=kind, rank=4))
    before = {name: parameter.detach().clone() for name, parameter in session.network.named_layers()}
    events = train_all(session)
    evaluations = [event for event in events if isinstance(event, EvaluationFinished)]
    assert evaluations[-1].metrics["loss"] < evaluations[0].metrics["loss"]
    for name, parameter in session.network.named_layers():
        assert torch.equal(parameter, before[name]) != is_adapter(name), name
    _, run = run_project(path)
    kept, _ = load_checkpoint(run.best_checkpoint())
    assert kept
    assert all(map(is_adapter, kept))
    merged = Predictor.load(run.path).evaluate(tmp_path / "dev.csv").metrics["loss"]
    assert merged == pytest.approx(min(event.metrics["loss"] for event in evaluations), rel=1e-3)
    names = set(AutoModelForCausalLM.from_pretrained(run.model).state_dict())
    assert not any("lora" in name for name in names)


def test_an_unmerged_checkpoint_answers_as_the_merged_model(tmp_path: Path, tiny_model: TinyModel) -> None:
    events, run = run_project(make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[ADAPTERS]))
    assert isinstance(events[-1], RunFinished)
    merged = Predictor.load(run.path).evaluate(tmp_path / "dev.csv").metrics
    run.model.rename(tmp_path / "away")
    unmerged = Predictor.load(run.path).evaluate(tmp_path / "dev.csv").metrics
    assert merged == pytest.approx(unmerged, rel=1e-4)
    assert merged["loss"] == pytest.approx(events[-1].metrics["loss"], rel=1e-4)


def test_a_head_learns_beside_adapters_in_an_encoder(tmp_path: Path, bert: Path) -> None:
    stages = [HEAD, ADAPTERS | {"train": ["head", "adapter:top:1", "adapter:*.query"]}]
    session = make_session(make_project(tmp_path, bert, stages=stages))
    events = train_all(session)
    learning = session.plan.stages[1].trainable
    below = {name.split(".lora")[0] for name in learning if "layer.0" in name}
    assert below == {"encoder.layer.0.attention.self.query"}
    assert any("layer.2.output.dense.lora_A" in name for name in learning)
    assert not [event for event in events if event.event == "run_warning"]


def test_frozen_blocks_below_adapters_are_computed_once(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[ADAPTERS | {"train": ["adapter:top:1"]}])
    events = train_all(make_session(path))
    assert any(event.event == "work_progress" for event in events)
    assert not [event for event in events if event.event == "run_warning"]


def test_adapters_drop_values_only_while_they_learn(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[ADAPTERS])
    session = make_session(with_adapters(path, dropout=0.5))
    train_all(session)
    drops = [module for name, module in session.network.named_modules() if name.endswith("lora_dropout.default")]
    assert drops
    assert all(module.training for module in drops)
    session.network.eval()
    tokens = session.validation.tokens(np.arange(3))
    with torch.no_grad():
        assert torch.equal(session.network(tokens), session.network(tokens))


def test_a_run_with_adapters_is_gone_on_from(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[ADAPTERS])
    _, unbroken = run_project(path)
    folder = break_off(path, 7)
    go_on(folder)
    assert_alike(folder, unbroken)


def test_adapters_that_were_not_planned_cannot_be_wished_while_it_runs(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[ADAPTERS | {"train": ["adapter:top:1"]}])
    session = make_session(path, control=Control())
    with pytest.raises(InputError, match="matches no layer"):
        resolve_freeze(["adapter:layers.0"], session.tree)


@pytest.mark.parametrize(
    ("rules", "words"),
    [(["adapter:head"], "Adapters go on matrices inside the blocks"), (["adapter:nonsense"], "matches no layer")],
)
def test_a_rule_that_can_have_no_adapter_is_refused(tmp_path: Path, bert: Path, rules: list[str], words: str) -> None:
    outcome = thaw("check", make_project(tmp_path, bert, stages=[ADAPTERS | {"train": rules}]))
    assert outcome.status == 2
    assert words in outcome.err + outcome.out
