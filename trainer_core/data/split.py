"""Holding rows out for validation."""

from __future__ import annotations

import numpy as np

from trainer_core.data.rows import IntArray


def stratified_split(classes: IntArray, share: float, seed: int) -> tuple[IntArray, IntArray]:
    """Split rows so that every class keeps its share in both parts.

    A class of two rows or more has at least one row in each part; a class of one row is trained on.

    Args:
        classes: int64 [rows], the class number of each row.
        share: the share of rows that is held out, between 0 and 1.
        seed: the same seed gives the same split.

    Returns:
        The places of the training rows and of the held-out rows, both rising.
    """
    generator = np.random.default_rng(seed)
    held: list[IntArray] = []
    # One sort for all classes: there may be thousands of them.
    ends = np.cumsum(np.bincount(classes))
    for places in filter(len, np.split(np.argsort(classes, kind="stable"), ends[:-1])):
        count = min(len(places) - 1, max(1, round(share * len(places))))
        held.append(generator.permutation(places)[:count])
    validation = np.sort(np.concatenate(held))
    inside = np.ones(len(classes), dtype=bool)
    inside[validation] = False
    return np.flatnonzero(inside), validation


def grouped_split(classes: IntArray, groups: IntArray, share: float, seed: int) -> tuple[IntArray, IntArray]:
    """Split rows so that those of a group stay together; a group counts as of the class of its first row.

    Args:
        classes: int64 [rows], the class number of each row.
        groups: int64 [rows], any number of its group.
        share: the share of groups that is held out, between 0 and 1.
        seed: the same seed gives the same split, whatever the numbers of the groups are.

    Returns:
        As ``stratified_split``.
    """
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    by_appearance = np.argsort(np.argsort(first))
    _, held = stratified_split(classes[np.sort(first)], share, seed)
    is_held = np.zeros(len(first), dtype=bool)
    is_held[held] = True
    validation = is_held[by_appearance[numbers]]
    return np.flatnonzero(~validation), np.flatnonzero(validation)
