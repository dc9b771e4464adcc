"""What makes the CPU faster changes nothing that training is about."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, make_project
from tests.support.sessions import make_session, run_project, train_all, weights_of, without_dropout
from trainer_core.data.encoded import Tokens
from trainer_core.training import loop, quick_attention
from trainer_core.training.quick import Gradients, QuickDropout, quicken


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_its_share_and_keeps_the_mean(share: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    dropped = QuickDropout(share)(torch.ones(1_000, 1_000, dtype=dtype))
    assert dropped.dtype == dtype
    assert float((dropped == 0).float().mean()) == pytest.approx(share, abs=0.002)
    assert float(dropped.float().mean()) == pytest.approx(1.0, abs=0.005)
    assert len(dropped.unique()) == 2


@given(shape=st.lists(st.integers(0, 7), max_size=3).map(tuple))
def test_dropout_takes_any_shape(shape: tuple[int, ...]) -> None:
    assert QuickDropout(0.3)(torch.ones(shape)).shape == shape


def test_dropout_repeats_with_its_seed_and_sends_gradients_where_values_went() -> None:
    values = torch.randn(50, 8, requires_grad=True)
    results = []
    for _ in range(2):
        torch.manual_seed(5)
        results.append(QuickDropout(0.4)(values))
    assert torch.equal(results[0], results[1])
    results[0].sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad == 0, results[0] == 0)
    assert torch.allclose(values.grad[values.grad != 0], torch.tensor(1 / 0.6))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_dropout_of_nothing_or_all_is_torchs(share: float) -> None:
    values = torch.ones(9)
    assert torch.equal(QuickDropout(share)(values), values * (1.0 - share))
    assert torch.equal(QuickDropout(0.5).eval()(values), values)


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "deberta"])
def test_training_is_the_same_but_for_the_random_numbers(
    tmp_path: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    path = make_project(tmp_path, tiny_model(family), stages=[ALL | {"epochs": 3}])
    quick, plain = without_dropout(make_session(path)), without_dropout(make_session(path))
    train_all(quick)
    monkeypatch.setattr(loop, "quicken", lambda network: None)
    train_all(plain)
    for name, weights in weights_of(quick).items():
        torch.testing.assert_close(weights, weights_of(plain)[name], atol=1e-5, rtol=1e-4)


def test_every_dropout_of_a_network_is_replaced_once_and_keeps_its_mode(tmp_path: Path, bert: Path) -> None:
    network = make_session(make_project(tmp_path, bert)).network.eval()
    before = sum(isinstance(module, nn.Dropout) for module in network.modules())
    quicken(network), quicken(network)
    drops = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    assert len(drops) == before > 0
    assert all(isinstance(module, QuickDropout) and not module.training for module in drops)


def test_gradients_of_a_step_are_forgotten(tmp_path: Path, bert: Path) -> None:
    network = make_session(make_project(tmp_path, bert)).network
    quicken(network)
    ids = torch.tensor([[2, 5, 3]])
    learning = list(network.parameters())
    gradients = Gradients(learning, network)
    for _ in range(2):
        network(Tokens(ids, torch.ones_like(ids))).sum().backward()
        assert not any(parameter.grad.is_sparse for parameter in learning if parameter.grad is not None)
        assert network.body.embeddings.word_embeddings.weight.grad.any()
        gradients.clear()
        assert not any(parameter.grad.any() for parameter in learning if parameter.grad is not None)


# --- attention ------------------------------------------------------------------------------------------------------


def attend(masked: bool, *, dtype: torch.dtype = torch.float64) -> tuple[list[torch.Tensor], torch.Tensor | None]:
    """Return query, key and value [3 rows, 2 heads, 5 tokens, width 4], and a mask that hides some tokens."""
    torch.manual_seed(0)
    values = [torch.randn(3, 2, 5, 4, dtype=dtype, requires_grad=True) for _ in range(3)]
    mask = torch.ones(3, 1, 5, 5, dtype=torch.bool)
    mask[0, :, :, 3:] = False
    return values, mask if masked else None


@pytest.mark.parametrize("masked", [True, False])
def test_attention_is_the_published_one_and_so_are_its_gradients(monkeypatch: pytest.MonkeyPatch, masked: bool) -> None:
    (query, key, value), mask = attend(masked)
    kept = torch.rand(6, 5, 5) > 0.3
    monkeypatch.setattr(quick_attention, "draw_kept", lambda *_: kept)

    def quick(*tensors: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = quick_attention.DroppedAttention.apply(*tensors, mask, 0.3, 0.5)
        return answer

    scores = query @ key.transpose(2, 3) * 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    expected = torch.softmax(scores, -1) * kept.view(3, 2, 5, 5) / 0.7 @ value
    assert torch.allclose(quick(query, key, value), expected)
    assert torch.autograd.gradcheck(quick, (query, key, value))


def test_attention_drops_its_share_of_weights() -> None:
    (query, key, value), mask = attend(True, dtype=torch.float32)
    module = nn.Module()
    torch.manual_seed(1)
    many = [quick_attention.quick_attention(module, query, key, value, mask, 0.2)[0] for _ in range(2_000)]
    plain = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2)
    assert torch.allclose(torch.stack(many).mean(0), plain, atol=0.05)
    assert not torch.equal(many[0], many[1])


def test_attention_without_dropout_is_torchs() -> None:
    (query, key, value), mask = attend(True, dtype=torch.float32)
    found = quick_attention.quick_attention(nn.Module(), query, key, value, mask)[0]
    plain = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2)
    assert torch.equal(found, plain)


def test_a_model_trained_with_quick_attention_is_saved_without_a_trace(tmp_path: Path, bert: Path) -> None:
    _, folder = run_project(make_project(tmp_path, bert, stages=[ALL]))
    assert quick_attention.NAME not in (folder.model / "config.json").read_text(encoding="utf-8")
