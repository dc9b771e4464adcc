"""Several batches at once on a CPU, each with a share of its cores.

Cores that work on one small matrix product wait for each other at its end; cores with a batch of their own do not.
Where nothing has to be learnt, batches need nothing of each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

from trainer_core.data.batch_size import MOST_LANES
from trainer_core.data.rows import IntArray

Result = TypeVar("Result")

_CHANGING = ("dynamic", "longrope")
"""Positions of these kinds are computed anew for long texts and kept in the module, which batches would share."""


def lane_count(network: nn.Module, device: torch.device) -> int:
    """Return how many batches a network can look at in the same time."""
    if device.type != "cpu":
        return 1
    kinds = [str(getattr(module, "rope_type", "")) for module in network.modules()]
    return 1 if any(word in kind for kind in kinds for word in _CHANGING) else min(MOST_LANES, torch.get_num_threads())


def each_batch(
    lanes: int, batches: Iterable[IntArray], compute: Callable[[IntArray], Result]
) -> Generator[tuple[IntArray, Result], None, None]:
    """Yield every batch and what ``compute`` makes of it, in their order.

    Args:
        lanes: how many are computed at once, each in a thread of its own.
        batches: of rows; read only as far as is needed.
        compute: must not change what another batch uses. Modes of torch that hold for a thread are set in it.
    """
    if lanes == 1:
        yield from ((batch, compute(batch)) for batch in batches)
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(lanes, "batches", initializer=torch.set_num_threads, initargs=(max(1, threads // lanes),))
    waiting: deque[tuple[IntArray, Future[Result]]] = deque()
    try:
        for batch in batches:
            waiting.append((batch, pool.submit(compute, batch)))
            if len(waiting) > lanes:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        pool.shutdown(cancel_futures=True)
        # What one thread sets is what threads made later begin with.
        torch.set_num_threads(threads)


def _first(waiting: deque[tuple[IntArray, Future[Result]]]) -> tuple[IntArray, Result]:
    batch, future = waiting.popleft()
    return batch, future.result()
