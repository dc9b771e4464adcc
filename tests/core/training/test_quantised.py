"""Frozen matrices in four bits beside adapters (QLoRA): what is kept so, that runs stay exact, and what comes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from tests.core.conftest import TinyModel
from tests.core.engines.test_resume import assert_alike, break_off, go_on
from tests.core.training.test_adapters import ADAPTERS, with_adapters
from tests.support.command_line import thaw
from tests.support.projects import HEAD, make_project
from tests.support.sessions import make_session, run_project, train_all, weights_of
from trainer_core.cache.arrays import FolderArrays
from trainer_core.engines.prepare import prepare_run
from trainer_core.errors import InputError
from trainer_core.forecast.contract import RowFacts, work_of
from trainer_core.forecast.guess import guess_device
from trainer_core.forecast.memory import opening_peak, stage_bytes
from trainer_core.inference.predictor import Predictor
from trainer_core.layers.adapters import is_adapter
from trainer_core.models import quantised
from trainer_core.models.quantised import QuantisedLinear, check_quantiser, make_whole, parts_of, quantisable_modules
from trainer_core.project.load import load_project
from trainer_core.runs.checkpoints import load_checkpoint
from trainer_core.stages.changes import ChangeWish, resolve_change
from trainer_core.training.events import Event
from trainer_core.training.frozen.keys import weights_key

CPU = torch.device("cpu")
TOP_FIRST = [
    ADAPTERS | {"name": "top", "train": ["adapter:top:1"], "epochs": 1},
    ADAPTERS | {"epochs": 1, "start_from": "best"},
]


def chat(folder: Path, model: Path, stages: list[dict[str, Any]] | None = None, **adapter: Any) -> Path:
    """Return a small chat project with matrices in four bits."""
    path = make_project(folder, model, task="chat", stages=stages or [ADAPTERS])
    return with_adapters(path, **{"rank": 4, "quantisation": "nf4"} | adapter)


def warnings_of(events: list[Event]) -> list[Event]:
    return [event for event in events if event.event == "run_warning"]


# --- one layer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outputs", "inputs"), [(16, 24), (5, 6), (100, 130), (1, 4)])
def test_a_layer_in_four_bits_computes_what_its_matrix_is_worth(outputs: int, inputs: int) -> None:
    linear = nn.Linear(inputs, outputs)
    layer = QuantisedLinear(linear, CPU)
    whole = layer.whole()
    worth = whole.weight.detach()
    assert (worth.shape, worth.dtype) == (linear.weight.shape, torch.float32)
    assert not torch.equal(worth, linear.weight)
    assert (worth - linear.weight).abs().max() < 0.2 * linear.weight.abs().max()
    found, expected = (torch.randn(2, 3, inputs, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    gradients = []
    for one, states in ((layer, found.requires_grad_()), (whole, expected.requires_grad_())):
        output = one(states)
        gradients.append(torch.autograd.grad(output.square().sum(), [states, one.bias]))
        assert torch.allclose(output, nn.functional.linear(states, worth, linear.bias), atol=1e-6)
    for mine, theirs in zip(*gradients, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-4)


def test_a_layer_follows_the_number_format_of_the_pass_and_no_earlier_one() -> None:
    layer, states = QuantisedLinear(nn.Linear(8, 8), CPU), torch.randn(3, 8)
    before = layer(states)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(states).dtype is torch.bfloat16
    assert torch.equal(layer(states), before)
    assert layer.bias.dtype is torch.float32


def test_a_value_takes_half_a_byte_and_its_part_of_the_scales() -> None:
    layer = QuantisedLinear(nn.Linear(256, 512), CPU)
    levels, scales, *_ = sorted((part.nbytes for part in parts_of(layer.weight)), reverse=True)
    assert (levels, scales) == (256 * 512 // 2, 256 * 512 // 64)


def test_keys_tell_matrices_apart_that_differ_in_their_scales_alone() -> None:
    one, other = nn.Linear(64, 8), nn.Linear(64, 8)
    other.weight.data = 2 * one.weight.data
    layers = [QuantisedLinear(linear, CPU) for linear in (one, other)]
    assert torch.equal(*(layer.weight.data for layer in layers))
    first, second = (weights_key([("weight", layer.weight)]) for layer in layers)
    assert first != second


def test_only_ordinary_matrices_of_their_own_can_be_kept_in_four_bits() -> None:
    body = nn.ModuleDict(
        {
            "plain": nn.Linear(6, 5),
            "odd": nn.Linear(5, 6),
            "turned": Conv1D(6, 6),
            "tied": nn.Linear(6, 6),
            "other": nn.Linear(6, 6),
        }
    )
    body["other"].weight = body["tied"].weight
    assert quantisable_modules(body) == {"plain"}


# --- whole runs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lora", "rslora", "dora"])
def test_a_run_learns_adapters_and_ends_as_an_ordinary_model(tmp_path: Path, tiny_model: TinyModel, kind: str) -> None:
    model = tiny_model("qwen2-lm")
    path = chat(tmp_path, model, kind=kind)
    events, run = run_project(path)
    assert not warnings_of(events)
    kept, _ = load_checkpoint(run.best_checkpoint())
    assert kept
    assert all(map(is_adapter, kept))
    plain = AutoModelForCausalLM.from_pretrained(model).state_dict()
    whole = AutoModelForCausalLM.from_pretrained(run.model).state_dict()
    assert {name: (value.shape, value.dtype) for name, value in whole.items()} == {
        name: (value.shape, value.dtype) for name, value in plain.items()
    }
    assert "quantization_config" not in (run.model / "config.json").read_text()
    dev, told = tmp_path / "dev.csv", events[-1].metrics["loss"]  # type: ignore[union-attr]
    assert Predictor.load(run.path).evaluate(dev).metrics["loss"] == pytest.approx(told, rel=1e-5)
    run.model.rename(tmp_path / "away")
    assert Predictor.load(run.path).evaluate(dev).metrics["loss"] == pytest.approx(told, rel=1e-6)


def test_the_matrices_do_not_move_and_are_exported_as_the_adapters_saw_them(
    tmp_path: Path, tiny_model: TinyModel
) -> None:
    session = make_session(chat(tmp_path, tiny_model("qwen2-lm"), stages=TOP_FIRST))
    assert len(session.plan.quantised) == 7 * 3
    before, key = weights_of(session), weights_key(session.network.named_layers())
    assert not warnings_of(train_all(session))
    session.restore_best()
    for name, parameter in session.network.named_layers():
        assert torch.equal(parameter, before[name]) != is_adapter(name), name
    assert weights_key(session.network.named_layers()) != key
    layer: Any = session.network.body.get_submodule(session.plan.quantised[0])
    worth, learnt = layer.base_layer.whole().weight, layer.get_delta_weight("default")
    make_whole(session.network.body)
    layer.merge()
    assert torch.equal(layer.base_layer.weight, worth + learnt)


def test_a_run_is_gone_on_from_bit_for_bit(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = chat(tmp_path, tiny_model("qwen2-lm"), stages=TOP_FIRST)
    _, unbroken = run_project(path)
    folder = break_off(path, 8)
    go_on(folder)
    assert_alike(folder, unbroken)
    assert unbroken.load_plan().quantised


def test_states_of_whole_matrices_are_not_taken_for_those_in_four_bits(tmp_path: Path, tiny_model: TinyModel) -> None:
    cache = FolderArrays(tmp_path / "kept")

    def reads(name: str, quantisation: str) -> bool:
        path = chat(tmp_path / name, tiny_model("qwen2-lm"), stages=TOP_FIRST, quantisation=quantisation)
        events = train_all(make_session(path, cache=cache))
        assert not warnings_of(events)
        return any(event.event == "work_progress" for event in events)

    assert [reads(str(n), wish) for n, wish in enumerate(["none", "nf4", "none", "nf4"])] == [True, True, False, False]


def test_what_a_stage_teaches_stays_whole(tmp_path: Path, bert: Path) -> None:
    stages = [HEAD, ADAPTERS | {"train": ["head", "biases", "adapter:top:2"]}, ADAPTERS | {"train": ["head", "top:1"]}]
    path = with_adapters(make_project(tmp_path, bert, stages=stages), quantisation="nf4")
    session = make_session(path)
    assert {module.split(".")[2] for module in session.plan.quantised} == {"1"}
    before = weights_of(session)
    assert not warnings_of(train_all(session))
    moved = {name for name, now in weights_of(session).items() if not torch.equal(now, before[name])}
    assert "encoder.layer.1.output.dense.bias" in moved
    assert "encoder.layer.2.output.dense.weight" in moved
    events, run = run_project(path)
    found = Predictor.load(run.path).evaluate(tmp_path / "dev.csv").metrics["loss"]
    assert found == pytest.approx(events[-1].metrics["loss"], rel=1e-4)  # type: ignore[union-attr]
    kept = load_file(run.model / "model.safetensors")
    assert torch.equal(kept["encoder.layer.0.output.dense.weight"], before["encoder.layer.0.output.dense.weight"])


def test_a_running_stage_cannot_let_a_matrix_in_four_bits_learn(tmp_path: Path, tiny_model: TinyModel) -> None:
    session = make_session(chat(tmp_path, tiny_model("qwen2-lm")))
    stage, held = session.plan.stages[0], session.plan.quantised
    with pytest.raises(InputError, match="7 of these matrices in four bits"):
        resolve_change(ChangeWish(("top:1",)), stage, session.tree, place=0, step=1, quantised=held)
    change = resolve_change(
        ChangeWish(("norms", "adapter:top:1")), stage, session.tree, place=0, step=1, quantised=held
    )
    assert change.trainable


# --- what is told before --------------------------------------------------------------------------------------------


def test_a_model_whose_matrices_lie_the_other_way_round_is_refused(tmp_path: Path, tiny_model: TinyModel) -> None:
    outcome = thaw("check", chat(tmp_path, tiny_model("gpt2-lm")))
    assert outcome.status == 2
    assert "adapter.quantisation\n  The matrices of a gpt2 model that have adapters cannot be kept" in outcome.err


def test_without_adapters_four_bits_mean_nothing(tmp_path: Path, bert: Path) -> None:
    path = with_adapters(make_project(tmp_path, bert), quantisation="nf4")
    assert prepare_run(load_project(path), path).plan.quantised == ()


def test_a_machine_without_the_library_is_told_what_to_install(
    tmp_path: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes.nn", None)
    quantised._trouble.cache_clear()
    path = chat(tmp_path, tiny_model("qwen2-lm"))
    with pytest.raises(InputError, match=r"bitsandbytes, which is not here\. Install it .* or write quantisation"):
        prepare_run(load_project(path), path)
    quantised._trouble.cache_clear()


def test_a_device_that_cannot_is_refused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="were not tried on Apple's MPS"):
        check_quantiser(torch.device("mps"))

    def broken(self: QuantisedLinear, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        raise RuntimeError("no kernel image\nand much more")

    monkeypatch.setattr(QuantisedLinear, "forward", broken)
    quantised._trouble.cache_clear()
    with pytest.raises(InputError, match=r"on cpu: no kernel image\. Choose another device, or write"):
        check_quantiser(CPU)
    quantised._trouble.cache_clear()


def test_forecasts_count_four_bits(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = chat(tmp_path, tiny_model("qwen2-lm"))
    prepared = prepare_run(load_project(path), path)
    rows = RowFacts(36, 15, (8, 12))
    works = [
        work_of(load_project(path).changed(adapter={"quantisation": wish}), prepared.facts, prepared.plan.stages, rows)
        for wish in ("none", "nf4")
    ]
    counts = {parameter.name: parameter.count for parameter in prepared.facts.tree.parameters}
    sizes = [counts[f"{module}.weight"] for module in prepared.plan.quantised]
    saved = (4 - 0.5 - 1 / 64 - 4 / 64 / 256) * sum(sizes)
    on_cpu, on_gpu = (guess_device(prepared.facts.tree, 16, device) for device in ("cpu", "cuda"))
    whole, small = (stage_bytes(work, on_gpu)[0].peak for work in works)
    assert whole - small == pytest.approx(saved - 4 * max(sizes), abs=1)
    whole, small = (opening_peak(work, on_gpu) for work in works)
    assert whole - small == pytest.approx(saved, abs=1)
    assert len({opening_peak(work, on_cpu) for work in works}) == 1
