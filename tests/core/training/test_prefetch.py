"""Batches that are made ahead are those that would be made in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.projects import ALL, make_project
from tests.support.sessions import make_session
from trainer_core.data.batch_size import BatchSize
from trainer_core.data.rows import IntArray
from trainer_core.training.inputs import TokenInputs
from trainer_core.training.prefetch import Prefetch

CPU = torch.device("cpu")


def groups_of(inputs: TokenInputs, batches: int) -> Iterator[list[IntArray]]:
    """Yield the rows of steps with so many batches each."""
    waiting = list(inputs.shuffled(BatchSize(4), np.random.default_rng(0)))
    while waiting:
        yield [waiting.pop(0) for _ in range(min(batches, len(waiting)))]


@pytest.mark.parametrize("steps_ahead", [1, 3])
def test_batches_made_ahead_are_the_same_in_the_same_order(tmp_path: Path, bert: Path, steps_ahead: int) -> None:
    inputs = TokenInputs(make_session(make_project(tmp_path, bert, stages=[ALL])).train, CPU)
    with Prefetch(inputs, groups_of(inputs, 2), CPU, steps_ahead) as ahead:
        found = list(ahead)
    expected = list(groups_of(inputs, 2))
    assert len(found) == len(expected)
    for (rows, batches), group in zip(found, expected, strict=True):
        assert batches is not None
        for mine, batch, wanted in zip(rows, batches, group, strict=True):
            assert np.array_equal(mine, wanted)
            again = inputs.batch(wanted).tokens
            assert batch.tokens is not None
            assert again is not None
            assert torch.equal(batch.tokens.ids, again.ids)
            assert torch.equal(batch.tokens.mask, again.mask)


def test_on_the_cpu_nothing_is_made_ahead(tmp_path: Path, bert: Path) -> None:
    inputs = TokenInputs(make_session(make_project(tmp_path, bert, stages=[ALL])).train, CPU)
    with Prefetch(inputs, groups_of(inputs, 1), CPU) as steps:
        assert all(batches is None for _, batches in steps)


def test_leaving_early_leaves_no_thread(tmp_path: Path, bert: Path) -> None:
    inputs = TokenInputs(make_session(make_project(tmp_path, bert, stages=[ALL])).train, CPU)
    with Prefetch(inputs, groups_of(inputs, 1), CPU, 2) as steps:
        next(iter(steps))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("thaw-batches")]
