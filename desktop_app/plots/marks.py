"""What stands in a plot beside its lines, as plain values. No Qt, no pyqtgraph."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """A stretch of the x axis with a name."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Baseline:
    """A value to compare with: a dashed line over the whole width."""

    label: str
    value: float


@dataclass(frozen=True)
class Marks:
    """Points that stand out: the best, and those whose weights are on disk."""

    best: tuple[float, float] | None = None
    saved: tuple[tuple[float, float], ...] = ()


def star_points() -> list[tuple[float, float]]:
    """Return the corners of a five-pointed star around 0, with radius 1."""
    corners = []
    for corner in range(10):
        radius = 1.0 if corner % 2 == 0 else 0.45
        angle = -math.pi / 2 + corner * math.pi / 5
        corners.append((radius * math.cos(angle), radius * math.sin(angle)))
    return corners


def format_value(value: float | None) -> str:
    """Return a number as a legend shows it: four digits that count, and words for what is no number."""
    if value is None:
        return ""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite"
    size = abs(value)
    if size >= 100_000:
        return f"{value / 1000:,.0f} k"
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 0.001 or size == 0:
        return f"{value:.4g}"
    return f"{value:.3g}"
