"""Batches made ready in a thread of their own while a GPU computes. The CPU has no time to spare for that."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch

from trainer_core.data.rows import IntArray
from trainer_core.training.inputs import Batch, Inputs

STEPS_AHEAD = 2

Group = list[IntArray]


class Prefetch:
    """The rows of every step, with their batches where these were made ahead; use it in a ``with`` block.

    Args:
        inputs: where rows become batches.
        groups: the rows of every step, batch by batch.
        device: where the batches go.
        steps_ahead: how many steps' batches are ready or being made; 0 for none.
    """

    def __init__(
        self, inputs: Inputs, groups: Iterator[Group], device: torch.device, steps_ahead: int | None = None
    ) -> None:
        self._inputs = inputs
        self._groups = groups
        ahead = STEPS_AHEAD if device.type == "cuda" else 0
        self._ahead = ahead if steps_ahead is None else steps_ahead
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="thaw-batches")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[tuple[Group, Sequence[Batch] | None]]:
        if not self._ahead:
            yield from ((group, None) for group in self._groups)
            return
        waiting: deque[tuple[Group, Future[list[Batch]]]] = deque()
        for group in self._groups:
            waiting.append((group, self._pool.submit(self._make, group)))
            if len(waiting) > self._ahead:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _make(self, group: Group) -> list[Batch]:
        return [self._inputs.batch(rows) for rows in group]

    @staticmethod
    def _next(waiting: deque[tuple[Group, Future[list[Batch]]]]) -> tuple[Group, Sequence[Batch]]:
        group, batches = waiting.popleft()
        return group, batches.result()
