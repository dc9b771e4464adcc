"""Pooling by hand, and the names of a network's layers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.core.conftest import TinyModel
from tests.support.tiny_models import CONFIGS
from trainer_core.data.encoded import Tokens
from trainer_core.models.build import build_network, load_tensors, read_originals
from trainer_core.models.network import LinearHead, Network, joined, parameter_specs, pool
from trainer_core.project.schema import Pooling
from trainer_core.tasks.registry import load_task

HIDDEN = torch.tensor([[[1.0, 10.0], [3.0, 30.0], [5.0, 60.0]], [[2.0, 20.0], [4.0, 40.0], [99.0, 99.0]]])
MASK = torch.tensor([[1, 1, 1], [1, 1, 0]])


@pytest.mark.parametrize(
    ("pooling", "vectors"),
    [
        (Pooling.CLS, [[1.0, 10.0], [2.0, 20.0]]),
        (Pooling.LAST, [[5.0, 60.0], [4.0, 40.0]]),
        (Pooling.MEAN, [[3.0, 100 / 3], [3.0, 30.0]]),
    ],
)
def test_pooling_by_hand(pooling: Pooling, vectors: list[list[float]]) -> None:
    torch.testing.assert_close(pool(HIDDEN, MASK, pooling), torch.tensor(vectors))


@pytest.mark.parametrize("pooling", [Pooling.CLS, Pooling.LAST, Pooling.MEAN])
def test_padding_does_not_change_a_vector(pooling: Pooling) -> None:
    padded = torch.cat([HIDDEN, torch.full((2, 4, 2), 7.0)], dim=1)
    mask = torch.cat([MASK, torch.zeros(2, 4, dtype=torch.int64)], dim=1)
    torch.testing.assert_close(pool(padded, mask, pooling), pool(HIDDEN, MASK, pooling))


def test_a_row_without_tokens_gives_finite_numbers() -> None:
    for pooling in (Pooling.CLS, Pooling.LAST, Pooling.MEAN):
        assert pool(HIDDEN, torch.zeros_like(MASK), pooling).isfinite().all()


def test_a_pair_compared_without_order_begins_as_the_cosine_of_its_vectors() -> None:
    """Neither how long the vectors are nor which is the first makes a difference."""
    vectors = torch.randn(10, 6, generator=torch.Generator().manual_seed(2))
    head = LinearHead(6, 1, parts=2, symmetric=True).eval()
    with torch.no_grad():
        head.linear.weight[:, :6] = 0.0  # how they differ has a small random weight, as a new head has
        scores = head(joined(vectors, symmetric=True))[:, 0]
        turned = head(joined(3.0 * vectors.reshape(5, 2, 6).flip(1).reshape(10, 6), symmetric=True))[:, 0]
    torch.testing.assert_close(scores, functional.cosine_similarity(vectors[0::2], vectors[1::2]))
    torch.testing.assert_close(turned, scores)


def test_a_pair_compared_in_order_keeps_its_vectors_as_they_are() -> None:
    one, other = torch.tensor([1.0, 4.0]), torch.tensor([3.0, 2.0])
    found = joined(torch.stack([one, other]), symmetric=False)
    assert found.tolist() == [[1.0, 4.0, 3.0, 2.0, 2.0, 2.0, 3.0, 8.0]]


def test_a_vector_of_nothing_is_like_no_other() -> None:
    assert joined(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), symmetric=True).isfinite().all()


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("pooling", [Pooling.CLS, Pooling.LAST, Pooling.MEAN])
def test_padding_does_not_change_the_scores_of_any_architecture(
    tiny_model: TinyModel, family: str, pooling: Pooling
) -> None:
    network = build_network(tiny_model(family), load_task("classification"), 3, pooling).eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    padded = torch.tensor([[5, 6, 7, 8, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 0, 0, 0]])
    with torch.no_grad():
        found, right = network(Tokens(padded, mask)), network(Tokens(ids, torch.ones_like(ids)))
    torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-5)


def test_layers_carry_the_names_of_the_pretrained_model(bert: Path) -> None:
    network = build_network(bert, load_task("classification"), 3, Pooling.MEAN)
    names = [name for name, _ in network.named_layers()]
    assert names[-2:] == ["head.linear.weight", "head.linear.bias"]
    assert set(names) - {"head.linear.weight", "head.linear.bias"} == set(dict(network.body.named_parameters()))


def test_ties_are_seen() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
            self.two.weight = self.one.weight

    specs = parameter_specs(Network(Tied(), LinearHead(3, 2), Pooling.MEAN))
    assert [(spec.name, spec.tied_to, spec.count) for spec in specs] == [
        ("one.weight", None, 9),
        ("two.weight", "one.weight", 0),
        ("head.linear.weight", None, 6),
        ("head.linear.bias", None, 2),
    ]


def test_originals_undo_a_change(bert: Path) -> None:
    network = build_network(bert, load_task("classification"), 3, Pooling.MEAN)
    name = "encoder.layer.1.output.dense.weight"
    before = dict(network.named_layers())[name].detach().clone()
    load_tensors(network, {name: torch.zeros_like(before)})
    assert not dict(network.named_layers())[name].any()
    load_tensors(network, read_originals(bert, {name}))
    assert torch.equal(dict(network.named_layers())[name], before)
    assert read_originals(bert, set()) == {}
