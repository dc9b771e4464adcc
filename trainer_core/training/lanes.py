"""Several batches at once on a CPU, each with a share of its cores.

Cores that work on one small matrix product wait for each other at its end; cores with a batch of their own do not.
Where no layer learns, batches need nothing of each other, and neither do the linear solutions of the probe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

from trainer_core.data.batch_size import MOST_LANES
from trainer_core.training.memory import release_memory

Work = TypeVar("Work")
Result = TypeVar("Result")

_CHANGING = ("dynamic", "longrope")
"""Positions of these kinds are computed anew for long texts and kept in the module, which batches would share."""


def lanes_on(device: torch.device) -> int:
    """Return how many pieces of work a device does best at once, each from a thread of its own."""
    return min(MOST_LANES, torch.get_num_threads()) if device.type == "cpu" else 1


def lane_count(network: nn.Module, device: torch.device) -> int:
    """Return how many batches a network can look at in the same time."""
    kinds = [str(getattr(module, "rope_type", "")) for module in network.modules()]
    return 1 if any(word in kind for kind in kinds for word in _CHANGING) else lanes_on(device)


def each_in_lanes(
    lanes: int, works: Iterable[Work], compute: Callable[[Work], Result]
) -> Generator[tuple[Work, Result], None, None]:
    """Yield every piece of work, as a batch of rows, and what ``compute`` makes of it, in their order.

    Args:
        lanes: how many are computed at once, each in a thread of its own.
        works: read only as far as is needed.
        compute: must not change what another piece uses. Modes of torch that hold for a thread are set in it.
    """
    if lanes == 1:
        yield from ((work, compute(work)) for work in works)
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(lanes, "batches", initializer=torch.set_num_threads, initargs=(max(1, threads // lanes),))
    waiting: deque[tuple[Work, Future[Result]]] = deque()
    try:
        for work in works:
            waiting.append((work, pool.submit(compute, work)))
            if len(waiting) > lanes:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        pool.shutdown(cancel_futures=True)
        # What the threads had, no other thread is given by glibc unless the system gets it back first.
        release_memory()
        # What one thread sets is what threads made later begin with.
        torch.set_num_threads(threads)


def _first(waiting: deque[tuple[Work, Future[Result]]]) -> tuple[Work, Result]:
    work, future = waiting.popleft()
    return work, future.result()
