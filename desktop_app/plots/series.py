"""Growing lines of a plot and their smoothing. Numpy only: no Qt, no training core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FIRST_CAPACITY = 256
BLOCK = 1024
"""How many points a row of the smoothing's block has."""


class GrowingArray:
    """Numbers that are appended to; the memory behind them doubles, so that appending is cheap at any length."""

    def __init__(self) -> None:
        self._memory: FloatArray = np.empty(FIRST_CAPACITY)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def values(self) -> FloatArray:
        """The numbers: a view that is valid until the next change."""
        return self._memory[: self._length]

    def extend(self, values: Sequence[float] | FloatArray) -> None:
        """Append numbers."""
        added = len(values)
        self._make_room(self._length + added)
        self._memory[self._length : self._length + added] = values
        self._length += added

    def clear(self) -> None:
        """Forget all numbers; the memory is kept."""
        self._length = 0

    def _make_room(self, length: int) -> None:
        capacity = len(self._memory)
        if length <= capacity:
            return
        while capacity < length:
            capacity *= 2
        memory = np.empty(capacity)
        memory[: self._length] = self.values
        self._memory = memory


class Smoother:
    """A debiased exponential average that goes on where it stopped.

    The average after point i is sum(b**(i-j) * x[j]) / sum(b**(i-j)) over the finite points j <= i, so it starts at the
    first point instead of at 0 (the bias correction of Adam, Kingma and Ba 2014, arXiv:1412.6980). A constant stays
    exactly that constant. At a point that is not finite the result is NaN and the average is not touched by its value.

    Args:
        weight: b, from 0 (no smoothing) to below 1.
    """

    def __init__(self, weight: float) -> None:
        if not 0.0 <= weight < 1.0:
            raise ValueError(f"the weight of smoothing is from 0 to below 1, not {weight}")
        self.weight = weight
        self._shift: float | None = None
        self._sum = 0.0
        self._mass = 0.0

    def extend(self, values: FloatArray) -> FloatArray:
        """Return the averages at further points."""
        finite = np.isfinite(values)
        if self._shift is None:
            if not finite.any():
                return np.full(len(values), np.nan)
            self._shift = float(values[finite][0])
        # Averages are taken of the difference to the first point: a constant is then a row of exact zeros.
        shifted = np.where(finite, values, self._shift) - self._shift
        sums = _scan(shifted, self.weight, self._sum)
        masses = _scan(finite.astype(np.float64), self.weight, self._mass)
        if len(values):
            self._sum, self._mass = float(sums[-1]), float(masses[-1])
        result: FloatArray = np.full(len(values), np.nan)
        np.divide(sums, masses, out=result, where=finite)
        return result + self._shift


def smooth(values: Sequence[float] | FloatArray, weight: float) -> FloatArray:
    """Return the debiased exponential average at every point; see ``Smoother``."""
    return Smoother(weight).extend(np.asarray(values, dtype=np.float64))


def _scan(values: FloatArray, weight: float, start: float) -> FloatArray:
    """Return s with s[i] = weight * s[i - 1] + values[i] and s[-1] = ``start``; a block at a time, not a point."""
    rows = -(-len(values) // BLOCK)
    flat = np.zeros(rows * BLOCK)
    flat[: len(values)] = values
    block = flat.reshape(rows, BLOCK)
    for column in range(1, BLOCK if rows > 1 else len(values)):
        block[:, column] += weight * block[:, column - 1]
    powers = weight ** np.arange(1, BLOCK + 1)
    for row in range(rows):
        block[row] += powers * start
        start = block[row, -1]
    return flat[: len(values)]


class GrowingSeries:
    """A line of a plot that grows at its end: positions, values and their smoothed form.

    Attributes:
        version: counts the changes, so that who draws it knows whether it has to.
    """

    def __init__(self) -> None:
        self.version = 0
        self._x = GrowingArray()
        self._y = GrowingArray()
        self._smooth = GrowingArray()
        self._smoother: Smoother | None = None

    def __len__(self) -> int:
        return len(self._x)

    @property
    def x(self) -> FloatArray:
        """The positions: a view that is valid until the next change."""
        return self._x.values

    @property
    def y(self) -> FloatArray:
        """The values: a view that is valid until the next change."""
        return self._y.values

    @property
    def last(self) -> float | None:
        """The newest value."""
        return float(self._y.values[-1]) if len(self._y) else None

    def extend(self, x: Sequence[float] | FloatArray, y: Sequence[float] | FloatArray) -> None:
        """Append points."""
        if len(x) != len(y):
            raise ValueError(f"{len(x)} positions but {len(y)} values")
        if len(x):
            self._x.extend(x)
            self._y.extend(y)
            self.version += 1

    def follow(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Become equal to two lists that only grew since the last call; lists that are shorter start anew."""
        if len(x) < len(self):
            self.clear()
        self.extend(x[len(self) :], y[len(self) :])

    def clear(self) -> None:
        """Forget all points."""
        for array in (self._x, self._y, self._smooth):
            array.clear()
        self._smoother = None
        self.version += 1

    def smoothed(self, weight: float) -> FloatArray:
        """Return the smoothed values, one a point; only points that came since the last call are computed."""
        if weight == 0.0:
            return self.y
        if self._smoother is None or self._smoother.weight != weight:
            self._smoother = Smoother(weight)
            self._smooth.clear()
        self._smooth.extend(self._smoother.extend(self.y[len(self._smooth) :]))
        return self._smooth.values


def value_range(parts: Sequence[FloatArray], *, ignore_outliers: bool) -> tuple[float, float] | None:
    """Return the lowest and the highest of some values, or None where nothing is finite.

    Args:
        parts: the values, in several arrays.
        ignore_outliers: leave the lowest 2 % and the highest 2 % of each array out, unless it has few points.
    """
    lows, highs = [], []
    for part in parts:
        finite = part[np.isfinite(part)]
        if not len(finite):
            continue
        if ignore_outliers and len(finite) >= 20:
            thinned = finite[:: max(1, len(finite) // 20_000)]
            low, high = np.percentile(thinned, (2, 98))
        else:
            low, high = finite.min(), finite.max()
        lows.append(float(low))
        highs.append(float(high))
    return (min(lows), max(highs)) if lows else None
