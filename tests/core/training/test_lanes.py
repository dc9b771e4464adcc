"""Several batches at once: the same results in the same order, and nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
import torch
from torch import nn

from tests.core.conftest import TinyModel
from trainer_core.data.rows import IntArray
from trainer_core.training.lanes import each_in_lanes, lane_count

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Let torch use two threads, on machines of any size."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def batches(count: int) -> list[IntArray]:
    return [np.arange(place, place + 3) for place in range(count)]


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_results_come_in_order_with_their_batches(lanes: int) -> None:
    found = list(each_in_lanes(lanes, batches(20), lambda rows: int(rows.sum())))
    assert [batch.tolist() for batch, _ in found] == [batch.tolist() for batch in batches(20)]
    assert [result for _, result in found] == [int(batch.sum()) for batch in batches(20)]


def test_lanes_share_the_threads_and_give_them_back() -> None:
    both = threading.Barrier(2, timeout=30)

    def compute(_: IntArray) -> tuple[int, int]:
        both.wait()  # passed only where two batches are under way at once
        return threading.get_ident(), torch.get_num_threads()

    found = [result for _, result in each_in_lanes(2, batches(4), compute)]
    assert {threads for _, threads in found} == {1}
    assert len({ident for ident, _ in found} - {threading.get_ident()}) == 2
    assert torch.get_num_threads() == 2
    in_a_new_thread: list[int] = []
    later = threading.Thread(target=lambda: in_a_new_thread.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert in_a_new_thread == [2]


def test_an_error_reaches_the_caller_and_ends_the_threads() -> None:
    def compute(rows: IntArray) -> int:
        if rows[0] == 5:
            raise ValueError("row 5")
        return int(rows[0])

    seen: list[int] = []
    with pytest.raises(ValueError, match="row 5"):
        seen.extend(result for _, result in each_in_lanes(2, batches(100), compute))
    assert seen == [0, 1, 2, 3, 4]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_a_stream_of_batches_is_read_only_as_far_as_needed() -> None:
    read = 0

    def stream() -> Iterator[IntArray]:
        nonlocal read
        for batch in batches(1_000):
            read += 1
            yield batch

    with closing(each_in_lanes(2, stream(), len)) as results:
        for _ in range(5):
            next(results)
    assert read <= 8


@pytest.mark.parametrize(("kind", "lanes"), [("default", 2), ("dynamic", 1), ("longrope", 1), ({"full": "dynamic"}, 1)])
def test_positions_that_change_are_not_shared(kind: object, lanes: int) -> None:
    class Rotary(nn.Module):
        rope_type = kind

    assert lane_count(nn.Sequential(Rotary()), CPU) == lanes
    assert lane_count(nn.Linear(1, 1), torch.device("meta")) == 1


@pytest.mark.parametrize("family", ["bert", "modernbert", "llama"])
def test_a_network_gives_every_lane_what_it_gives_alone(tiny_model: TinyModel, family: str) -> None:
    from transformers import AutoModel

    body = AutoModel.from_pretrained(tiny_model(family)).eval()
    ids = torch.randint(5, 20, (30, 12), generator=torch.Generator().manual_seed(0))

    def compute(rows: IntArray) -> torch.Tensor:
        with torch.no_grad():
            states: torch.Tensor = body(input_ids=ids[torch.from_numpy(rows)]).last_hidden_state
        return states

    alone, shared = ([result for _, result in each_in_lanes(lanes, batches(28), compute)] for lanes in (1, 2))
    for expected, found in zip(alone, shared, strict=True):
        torch.testing.assert_close(found, expected)
