"""Too little memory: fewer rows at once, the same training, and words about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import make_session, train_all, without_dropout
from trainer_core.data.encoded import Tokens
from trainer_core.data.rows import IntArray
from trainer_core.models.network import Network
from trainer_core.training import memory
from trainer_core.training.events import EvaluationFinished, RunWarning, StepFinished
from trainer_core.training.memory import (
    OutOfMemory,
    RowLimit,
    checkpoint_activations,
    each_part,
    is_out_of_memory,
)


@contextmanager
def room_for(network: Network, rows: int) -> Iterator[None]:
    """Let the body fail as a full device does whenever more rows come at once."""

    def check(_: torch.nn.Module, __: object, named: dict[str, torch.Tensor]) -> None:
        if len(named["input_ids"]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    hook = network.body.register_forward_pre_hook(check, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize("stages", [[ALL | {"epochs": 2}], [HEAD, TOP, ALL]], ids=["all", "stages"])
def test_training_goes_on_with_fewer_rows_at_once_and_comes_to_the_same(
    tmp_path: Path, bert: Path, stages: list[dict[str, object]]
) -> None:
    path = make_project(tmp_path, bert, stages=stages, training={"weight_decay": 0.0})
    plenty, little = without_dropout(make_session(path)), without_dropout(make_session(path))
    expected = train_all(plenty)
    with room_for(little.network, 3):
        found = train_all(little)
    assert little.row_limit.most is not None
    assert little.row_limit.most <= 3
    for kind in (StepFinished, EvaluationFinished):
        one = [event for event in expected if isinstance(event, kind)]
        other = [event for event in found if isinstance(event, kind)]
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            if isinstance(mine, StepFinished):
                assert (mine.step, mine.rows, mine.tokens) == (theirs.step, theirs.rows, theirs.tokens)
                assert mine.loss == pytest.approx(theirs.loss, rel=1e-4)
            else:
                assert mine.metrics == pytest.approx(theirs.metrics, rel=1e-3)


def test_a_step_that_does_not_fit_is_told(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[ALL], training={"probe": False, "batch_size": 12})
    session = make_session(path)
    with room_for(session.network, 6):
        warnings = [event for event in train_all(session) if isinstance(event, RunWarning)]
    assert len(warnings) == 1
    assert "12 rows" in warnings[0].message
    assert "6 go through" in warnings[0].message


def test_where_not_even_one_row_fits_the_user_is_told_what_to_do(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, stages=[ALL], training={"probe": False}))
    with room_for(session.network, 0), pytest.raises(OutOfMemory, match="max_length"):
        train_all(session)


def test_another_error_is_no_lack_of_memory(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert, stages=[ALL]))
    hook = session.network.body.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("shapes")))
    with pytest.raises(RuntimeError, match="shapes"):
        train_all(session)
    hook.remove()


@given(rows=st.integers(1, 40), room=st.integers(1, 40))
def test_every_row_is_computed_once_and_in_order(rows: int, room: int) -> None:
    def compute(part: IntArray) -> int:
        if len(part) > room:
            raise RuntimeError("MPS backend out of memory")
        return len(part)

    limit, done = RowLimit(), []
    # Collecting a test process's garbage takes seconds for all the examples.
    with patch.object(memory, "free_memory"):
        for part, size in each_part(limit, np.arange(rows), compute):
            assert len(part) == size <= room
            done += part.tolist()
    assert done == list(range(rows))


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_what_devices_say_is_understood(error: RuntimeError, is_one: bool) -> None:
    assert is_out_of_memory(error) == is_one


@pytest.mark.parametrize("family", ["bert", "llama", "modernbert"])
def test_activations_computed_again_give_the_same_training(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    runs = []
    for again in (False, True):
        training = {"checkpoint_activations": again}
        path = make_project(tmp_path / str(again), tiny_model(family), stages=[HEAD, TOP, ALL], training=training)
        session = without_dropout(make_session(path))
        events = train_all(session)
        assert not [event for event in events if isinstance(event, RunWarning)]
        runs.append([event.loss for event in events if isinstance(event, StepFinished)])
    assert runs[0] == pytest.approx(runs[1], rel=1e-5)


def test_less_is_kept_where_it_is_computed_again(tmp_path: Path, bert: Path) -> None:
    session = make_session(make_project(tmp_path, bert))
    network = session.network.train()
    plain = bytes_kept(network)
    assert checkpoint_activations(network)
    assert bytes_kept(network) < 0.7 * plain


def bytes_kept(network: Network) -> int:
    """Return how much a forward pass keeps for the way back."""
    sizes: list[int] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        sizes.append(tensor.nbytes)
        return tensor

    ids = torch.tensor([[2, 5, 3, 7, 8, 9]] * 8)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(Tokens(ids, torch.ones_like(ids)))
    return sum(sizes)


def test_a_model_that_cannot_says_so(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(make_project(tmp_path, bert, training={"checkpoint_activations": True}))
    monkeypatch.setattr(type(session.network.body), "supports_gradient_checkpointing", False)
    assert [event for event in train_all(session) if isinstance(event, RunWarning)]
