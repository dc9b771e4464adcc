"""Rows in batches of like length, so that little is padding."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from trainer_core.data.batch_size import BUCKET_BATCHES, BatchSize
from trainer_core.data.rows import IntArray


def shuffled_batches(lengths: IntArray, size: BatchSize, generator: np.random.Generator) -> list[IntArray]:
    """Cut all rows into batches of like length, in random order.

    Rows are shuffled, sorted by length within stretches of some 50 batches, cut, and the batches shuffled: little
    padding, and yet every epoch sees other batches. Their number is always ``size.count``.

    Args:
        lengths: int64 [rows], in tokens.
        size: of a batch; the last one may be smaller.
        generator: where the randomness comes from.
    """
    order = generator.permutation(len(lengths))
    batches = _by_rows(lengths, order, size.rows) if size.tokens is None else _by_tokens(lengths, order, size)
    return [batches[place] for place in generator.permutation(len(batches))]


def sorted_batches(lengths: IntArray, tokens: int) -> Iterator[IntArray]:
    """Yield all rows in batches of like length, the longest first, so that too little memory shows at once.

    Args:
        lengths: int64 [rows], in tokens.
        tokens: the most in a batch with its padding; a row that is longer comes alone.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, tokens // int(lengths[order[start]]))
        yield order[start : start + rows]
        start += rows


def _by_rows(lengths: IntArray, order: IntArray, rows: int) -> list[IntArray]:
    batches: list[IntArray] = []
    for part in _sorted_stretches(lengths, order, rows * BUCKET_BATCHES):
        batches += [part[cut : cut + rows] for cut in range(0, len(part), rows)]
    return batches


def _by_tokens(lengths: IntArray, order: IntArray, size: BatchSize) -> list[IntArray]:
    """Cut rows where their tokens, added up, fill another share of the whole."""
    total = int(lengths.sum())
    count = size.count(len(order), total)
    stretches = _sorted_stretches(lengths, order, math.ceil(len(order) / count) * BUCKET_BATCHES)
    # Every second stretch falls, so that a batch on the border of two holds no short rows beside long ones.
    laid = np.concatenate([part[::-1] if place % 2 else part for place, part in enumerate(stretches)])
    middles = np.cumsum(lengths[laid]) - lengths[laid] / 2
    shares = np.minimum((middles * count / total).astype(np.int64), count - 1)
    cuts = np.searchsorted(shares, np.arange(1, count))
    batches = np.split(laid, cuts)
    # Where rows are about as long as a batch, a share can come out empty.
    return batches if all(map(len, batches)) else np.array_split(laid, count)


def _sorted_stretches(lengths: IntArray, order: IntArray, rows: int) -> Iterator[IntArray]:
    for start in range(0, len(order), rows):
        part = order[start : start + rows]
        yield part[np.argsort(lengths[part], kind="stable")]
