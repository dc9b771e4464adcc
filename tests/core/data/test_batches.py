"""Batches that are cut from rows by their lengths."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainer_core.data.batch_size import BatchSize
from trainer_core.data.batches import shuffled_batches, sorted_batches

LENGTHS = arrays(np.int64, st.integers(1, 300), elements=st.integers(1, 50))


@given(lengths=LENGTHS, rows=st.integers(1, 40), seed=st.integers(0, 99))
def test_shuffled_batches_hold_every_row_once(lengths: np.ndarray, rows: int, seed: int) -> None:
    size = BatchSize(rows)
    batches = shuffled_batches(lengths, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // rows) == size.count(len(lengths), 0)
    assert max(map(len, batches)) <= rows
    again = shuffled_batches(lengths, size, np.random.default_rng(seed))
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))


@given(lengths=LENGTHS, tokens=st.integers(50, 400), seed=st.integers(0, 99))
def test_batches_of_tokens_hold_every_row_once_and_are_always_as_many(
    lengths: np.ndarray, tokens: int, seed: int
) -> None:
    size = BatchSize(32, tokens)
    batches = shuffled_batches(lengths, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == size.count(len(lengths), int(lengths.sum()))
    assert min(map(len, batches)) > 0


def test_batches_of_tokens_are_about_as_large_and_hold_little_padding() -> None:
    lengths = np.random.default_rng(0).gamma(3.0, 12.0, size=5_000).astype(np.int64) + 3
    batches = shuffled_batches(lengths, BatchSize(32, 2_000), np.random.default_rng(1))
    sizes = np.array([lengths[batch].sum() for batch in batches])
    assert sizes.max() <= 2_000 + lengths.max()
    assert sizes.min() >= 2_000 - 2 * lengths.max()
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert lengths.sum() > 0.93 * padded
    rows = [len(batch) for batch in batches]
    assert max(rows) > 3 * min(rows)


@given(lengths=LENGTHS, tokens=st.integers(1, 400))
def test_sorted_batches_hold_every_row_once_the_longest_first(lengths: np.ndarray, tokens: int) -> None:
    batches = list(sorted_batches(lengths, tokens))
    order = np.concatenate(batches)
    assert sorted(order) == list(range(len(lengths)))
    assert np.all(np.diff(lengths[order]) <= 0)
    assert all(len(batch) == 1 or len(batch) * lengths[batch].max() <= tokens for batch in batches)
