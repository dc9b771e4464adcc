"""A loss that is no number any more: the step is found, and the rows that were in it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from trainer_core.data.rows import IntArray
from trainer_core.training.events import StepFinished
from trainer_core.training.meter import STEPS_AT_ONCE


class Diverged(Exception):
    """The loss or the gradient of a step is infinite or no number.

    Attributes:
        step: of the run.
        rows: the places of the step's rows in the training split.
    """

    def __init__(self, step: int, rows: IntArray) -> None:
        super().__init__(step)
        self.step = step
        self.rows = rows


class DivergenceWatch:
    """Looks at what the meter tells, which on a GPU is some steps after they were made.

    Args:
        scaled: whether losses are scaled, as float16 needs it: then a step whose gradients overflowed is left out by
            the scaling itself.
    """

    def __init__(self, *, scaled: bool) -> None:
        self._scaled = scaled
        self._recent: deque[tuple[int, Sequence[IntArray]]] = deque(maxlen=STEPS_AT_ONCE)

    def note(self, step: int, group: Sequence[IntArray]) -> None:
        """Remember which rows a step had."""
        self._recent.append((step, group))

    def checked(self, steps: Iterable[StepFinished]) -> Iterator[StepFinished]:
        """Yield steps as long as their numbers are finite.

        Raises:
            Diverged: those of one are not.
        """
        for event in steps:
            if not math.isfinite(event.loss) or not (self._scaled or math.isfinite(event.gradient_norm)):
                rows = next((group for step, group in self._recent if step == event.step), [])
                raise Diverged(event.step, np.concatenate(rows) if rows else np.empty(0, dtype=np.int64))
            yield event
