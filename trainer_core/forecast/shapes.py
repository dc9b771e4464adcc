"""Which batches the rows make: batches are of like length, so short rows carry little padding. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_core.forecast.contract import BlockCost

BUCKET_BATCHES = 50
"""Batches that are sorted together, as in ``data/encoded.py``."""
EVALUATION_BATCH = 64
"""Rows at once where nothing is learnt, as in ``training/inputs.py``."""


@dataclass(frozen=True)
class Shape:
    """``count`` batches of ``rows`` rows, each padded to ``tokens`` tokens; the count may be a fraction."""

    count: float
    rows: int
    tokens: int


def shapes(lengths: Sequence[int], rows: int, batch_size: int, sorted_together: int | None = None) -> list[Shape]:
    """Return the batches that rows of these lengths make.

    Args:
        lengths: tokens of some of the rows, in rising order.
        rows: how many rows there are in all.
        batch_size: rows at once.
        sorted_together: how many batches are cut from rows sorted by length; None for all of them.
    """
    batches = math.ceil(rows / batch_size)
    bins = max(1, min(batches, sorted_together or batches, max(1, len(lengths))))
    size = min(batch_size, max(1, rows))
    # The longest row of a batch is the one at the upper edge of its part of the sorted rows.
    edges = [lengths[math.ceil((part + 1) * len(lengths) / bins) - 1] for part in range(bins)]
    # The last batch may be smaller: counted as a part of one.
    share = rows / (bins * size)
    return [Shape(share, size, edge) for edge in edges]


def total_cost(batches: Sequence[Shape], cost: BlockCost) -> float:
    """Return what one block costs for all these batches."""
    return sum(shape.count * cost.of(shape.rows, shape.tokens) for shape in batches)


def largest_cost(batches: Sequence[Shape], cost: BlockCost) -> float:
    """Return what one block costs for the largest of these batches."""
    return max((cost.of(shape.rows, shape.tokens) for shape in batches), default=0.0)
