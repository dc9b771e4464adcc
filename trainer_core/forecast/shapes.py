"""Which batches the rows make: batches are of like length, so short rows carry little padding. Imports no torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_core.data.batch_size import BUCKET_BATCHES, EVALUATION_TOKENS
from trainer_core.forecast.contract import BlockCost, DeviceFacts, Work


@dataclass(frozen=True)
class Shape:
    """``count`` batches of ``rows`` rows, each padded to ``tokens`` tokens; the count may be a fraction."""

    count: float
    rows: int
    tokens: int


def shapes(lengths: Sequence[int], rows: int, batch_size: int) -> list[Shape]:
    """Return the batches that rows of these lengths make.

    Args:
        lengths: tokens of some of the rows, in rising order.
        rows: how many rows there are in all.
        batch_size: rows at once.
    """
    batches = math.ceil(rows / batch_size)
    bins = max(1, min(batches, BUCKET_BATCHES, len(lengths)))
    size = min(batch_size, max(1, rows))
    # The longest row of a batch is the one at the upper edge of its part of the sorted rows.
    edges = [lengths[math.ceil((part + 1) * len(lengths) / bins) - 1] for part in range(bins)]
    # The last batch may be smaller: counted as a part of one.
    share = rows / (bins * size)
    return [Shape(share, size, edge) for edge in edges]


def evaluation_shapes(work: Work, device: DeviceFacts, rows: int) -> list[Shape]:
    """Return the batches in which so many rows are predicted, or read through frozen layers."""
    return _token_shapes(work.rows.cut(work.max_length), rows, EVALUATION_TOKENS[device.kind])


def training_shapes(work: Work) -> list[Shape]:
    """Return the batches of one epoch of training."""
    lengths, training = work.rows.cut(work.max_length), work.training
    if training.batch_tokens is None:
        return shapes(lengths, work.rows.train, training.batch_size)
    return _token_shapes(lengths, work.rows.train, training.batch_tokens)


def _token_shapes(lengths: Sequence[int], rows: int, tokens: int) -> list[Shape]:
    """Return batches of rows of one length each that hold about so many tokens."""
    of_each = rows / max(1, len(lengths))
    found = []
    for length, same in itertools.groupby(lengths):
        size = max(1, min(rows, tokens // length))
        found.append(Shape(of_each * len(list(same)) / size, size, length))
    return found


def total_cost(batches: Sequence[Shape], cost: BlockCost) -> float:
    """Return what one block costs for all these batches."""
    return sum(shape.count * cost.of(shape.rows, shape.tokens) for shape in batches)


def largest_cost(batches: Sequence[Shape], cost: BlockCost) -> float:
    """Return what one block costs for the largest of these batches."""
    return max((cost.of(shape.rows, shape.tokens) for shape in batches), default=0.0)
