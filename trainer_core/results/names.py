"""Metric names and which way is better. Imports no torch."""

from __future__ import annotations

import math

LOWER_IS_BETTER = frozenset({"loss", "perplexity", "mae", "mse", "rmse"})


def is_lower_better(metric: str) -> bool:
    """Whether a smaller value of this metric is the better one."""
    return metric in LOWER_IS_BETTER


def better(metric: str, value: float, than: float) -> bool:
    """Whether ``value`` beats ``than``; NaN beats nothing, and everything beats NaN."""
    if math.isnan(value):
        return False
    if math.isnan(than):
        return True
    return value < than if is_lower_better(metric) else value > than
