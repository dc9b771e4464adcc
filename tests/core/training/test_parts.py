"""The parts of training: schedule, optimiser, freezing, precision, the wish box."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.core.conftest import TinyModel
from tests.core.layers.test_tree import tree_of
from tests.support.tiny_models import CONFIGS
from trainer_core.data.encoded import Tokens
from trainer_core.errors import InputError
from trainer_core.layers.freeze import resolve_freeze
from trainer_core.layers.tree import LayerTree
from trainer_core.models.build import build_network
from trainer_core.models.network import Network
from trainer_core.project.schema import Pooling, Precision, Project, Schedule
from trainer_core.stages.plan import StagePlan, resolve_stages
from trainer_core.tasks.registry import load_task
from trainer_core.training.freezing import apply_freeze, set_training_modes
from trainer_core.training.optimiser import build_optimizer, set_learning_rates
from trainer_core.training.precision import MixedPrecision, check_precision, resolve_device
from trainer_core.training.schedule import rate_at


def network_of(folder: Path) -> Network:
    """Return a model folder's network with a head of three classes."""
    torch.manual_seed(0)
    return build_network(folder, load_task("classification"), 3, Pooling.MEAN)


def stage_of(tree: LayerTree, rules: list[str], layer_decay: float = 1.0) -> StagePlan:
    """Return a resolved stage."""
    stage = {"name": "x", "train": rules, "learning_rate": 0.1, "epochs": 1, "layer_decay": layer_decay}
    return resolve_stages(Project.model_validate({"data": {"train": "t"}, "stage": [stage]}), tree, 8)[0]


# --- schedule ------------------------------------------------------------------------------------------------------


@given(
    schedule=st.sampled_from(Schedule),
    steps=st.integers(1, 500),
    warmup=st.floats(0.0, 0.99),
)
def test_the_rate_rises_to_one_then_falls_and_is_never_zero(schedule: Schedule, steps: int, warmup: float) -> None:
    rates = [rate_at(schedule, step, steps, warmup) for step in range(steps)]
    assert all(0.0 < rate <= 1.0 for rate in rates)
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_rates_by_hand() -> None:
    assert [rate_at(Schedule.LINEAR, step, 4, 0.0) for step in range(4)] == [1.0, 0.75, 0.5, 0.25]
    assert [rate_at(Schedule.LINEAR, step, 4, 0.5) for step in range(4)] == [1 / 3, 2 / 3, 1.0, 0.5]
    assert [rate_at(Schedule.CONSTANT, step, 4, 0.25) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]
    assert rate_at(Schedule.COSINE, 2, 4, 0.0) == pytest.approx(0.5)
    assert rate_at(Schedule.LINEAR, 0, 1, 0.9) == 1.0


# --- optimiser -----------------------------------------------------------------------------------------------------


def test_norms_and_biases_are_not_decayed(bert: Path) -> None:
    network, tree = network_of(bert), tree_of(bert)
    learning = apply_freeze(network, resolve_freeze(["all"], tree).trainable)
    optimizer = build_optimizer(network, tree, stage_of(tree, ["all"]), 0.05)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.05 if parameter.ndim > 1 else 0.0)
    held = [id(parameter) for group in optimizer.param_groups for parameter in group["params"]]
    assert sorted(held) == sorted(map(id, learning))


def test_rates_fall_with_depth(bert: Path) -> None:
    network, tree = network_of(bert), tree_of(bert)
    apply_freeze(network, resolve_freeze(["all"], tree).trainable)
    optimizer = build_optimizer(network, tree, stage_of(tree, ["all"], layer_decay=0.5), 0.01)
    names = {id(parameter): name for name, parameter in network.named_layers()}
    rates = {names[id(p)]: group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rates["head.linear.weight"] == pytest.approx(0.1)
    assert rates["encoder.layer.2.output.dense.bias"] == pytest.approx(0.05)
    assert rates["encoder.layer.0.output.dense.weight"] == pytest.approx(0.0125)
    assert rates["embeddings.word_embeddings.weight"] == pytest.approx(0.00625)
    set_learning_rates(optimizer, 0.5)
    set_learning_rates(optimizer, 0.1)
    assert max(group["lr"] for group in optimizer.param_groups) == pytest.approx(0.01)


def test_only_learning_parameters_are_optimised(bert: Path) -> None:
    network, tree = network_of(bert), tree_of(bert)
    apply_freeze(network, resolve_freeze(["head"], tree).trainable)
    optimizer = build_optimizer(network, tree, stage_of(tree, ["head"]), 0.01)
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == {
        id(p) for p in network.head.parameters()
    }


# --- freezing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("rules", [["all"], ["head"], ["head", "top:1"]], ids=["all", "head", "top"])
def test_one_step_changes_the_chosen_parameters_and_no_other_bit(
    tiny_model: TinyModel, family: str, rules: list[str]
) -> None:
    folder = tiny_model(family)
    network, tree = network_of(folder), tree_of(folder)
    chosen = resolve_freeze(rules, tree).trainable
    apply_freeze(network, chosen)
    optimizer = build_optimizer(network, tree, stage_of(tree, rules), 0.01)
    before = {name: parameter.detach().clone() for name, parameter in network.named_layers()}
    ids = torch.tensor([[2, 5, 6, 7, 8, 3], [2, 9, 10, 11, 12, 3]])
    loss = load_task("classification").loss(network(Tokens(ids, torch.ones_like(ids))), torch.tensor([0, 2]))
    loss.backward()
    optimizer.step()
    for name, parameter in network.named_layers():
        same = torch.equal(parameter, before[name])
        if name not in chosen:
            assert same, name
            assert parameter.grad is None
        elif parameter.grad is not None and parameter.grad.any():
            assert not same, name
    changed = {name for name, parameter in network.named_layers() if not torch.equal(parameter, before[name])}
    assert len(changed) > 0.8 * len(chosen)


@pytest.mark.parametrize("family", CONFIGS)
def test_frozen_modules_are_in_eval_mode(tiny_model: TinyModel, family: str) -> None:
    folder = tiny_model(family)
    network, tree = network_of(folder), tree_of(folder)
    for rules in (["head"], ["head", "top:1"], ["all"], ["embeddings"]):
        apply_freeze(network, resolve_freeze(rules, tree).trainable)
        for module in network.modules():
            parameters = list(module.parameters())
            if parameters:
                assert module.training == any(parameter.requires_grad for parameter in parameters)
    network.eval()
    set_training_modes(network)
    assert network.training


def test_dropout_follows_the_module_it_belongs_to(bert: Path) -> None:
    network, tree = network_of(bert), tree_of(bert)
    apply_freeze(network, resolve_freeze(["head", "top:1"], tree).trainable)
    on = {name for name, module in network.named_modules() if isinstance(module, nn.Dropout) and module.training}
    assert "head.dropout" in on
    assert on - {"head.dropout"}
    assert all(name.startswith("body.encoder.layer.2.") for name in on - {"head.dropout"})


def test_dropout_behind_frozen_embeddings_is_off(tiny_model: TinyModel) -> None:
    """GPT-2 drops its embeddings in the body itself, in which the upper blocks learn."""
    network, tree = network_of(tiny_model("gpt2")), tree_of(tiny_model("gpt2"))
    apply_freeze(network, resolve_freeze(["head", "top:1"], tree).trainable)
    assert network.body.training
    assert not network.body.drop.training
    apply_freeze(network, resolve_freeze(["all"], tree).trainable)
    assert network.body.drop.training


def test_freezing_drops_old_gradients(bert: Path) -> None:
    network, tree = network_of(bert), tree_of(bert)
    apply_freeze(network, resolve_freeze(["all"], tree).trainable)
    ids = torch.tensor([[2, 5, 3]])
    network(Tokens(ids, torch.ones_like(ids))).sum().backward()
    learning = apply_freeze(network, resolve_freeze(["head"], tree).trainable)
    assert {id(parameter) for parameter in learning} == {id(parameter) for parameter in network.head.parameters()}
    assert all(parameter.grad is None for parameter in network.body.parameters())


# --- precision and device ------------------------------------------------------------------------------------------


def test_the_cpu_computes_in_float32_unless_told_otherwise() -> None:
    cpu = torch.device("cpu")
    check_precision(Precision.AUTO, cpu)
    check_precision(Precision.BFLOAT16, cpu)
    with pytest.raises(InputError, match="float16"):
        check_precision(Precision.FLOAT16, cpu)


def test_bfloat16_is_really_used_and_does_not_outlive_its_run() -> None:
    layer, row = nn.Linear(4, 4), torch.ones(1, 4)
    with MixedPrecision(torch.device("cpu"), Precision.BFLOAT16).autocast():
        assert layer(row).dtype is torch.bfloat16
    with MixedPrecision(torch.device("cpu"), Precision.FLOAT32).autocast():
        assert layer(row).dtype is torch.float32


def test_gradients_are_clipped_and_their_norm_is_told() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([3.0, 4.0])
    precision = MixedPrecision(torch.device("cpu"), Precision.FLOAT32)
    assert precision.clip([parameter], 1.0) == pytest.approx(5.0)
    torch.testing.assert_close(parameter.grad, torch.tensor([0.6, 0.8]))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_refused() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in {"cpu", "mps"}
    for wish in ("cuda", "cuda:3"):
        with pytest.raises(InputError, match=wish):
            resolve_device(wish)
