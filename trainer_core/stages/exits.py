"""Exit rules: when a stage ends before its epochs are over. Imports no torch."""

from __future__ import annotations

from typing import Literal

from trainer_core.project.schema import UntilSection
from trainer_core.results.names import better, is_lower_better

ExitReason = Literal["at_least", "patience"]


class ExitRule:
    """The counters of one stage's ``until``; fed with every evaluation of that stage.

    Attributes:
        best: the best value of the rule's metric so far.
        since_best: evaluations since then.
    """

    def __init__(self, until: UntilSection | None) -> None:
        self._until = until
        self.restore(None, 0)

    def restore(self, best: float | None, since_best: int) -> None:
        """Go on from these counters."""
        self.best = best
        self.since_best = since_best

    def check(self, metrics: dict[str, float]) -> ExitReason | None:
        """Return why the stage should end after an evaluation, or None.

        ``at_least`` is reached from below for scores and from above for losses and errors. ``patience`` counts
        evaluations in a row without a new best of this stage.
        """
        if self._until is None or self._until.metric not in metrics:
            return None
        value = metrics[self._until.metric]
        if self._reached(value):
            return "at_least"
        if self.best is None or better(self._until.metric, value, self.best):
            self.best, self.since_best = value, 0
        else:
            self.since_best += 1
        patience = self._until.patience
        return "patience" if patience is not None and self.since_best >= patience else None

    def _reached(self, value: float) -> bool:
        if self._until is None or self._until.at_least is None:
            return False
        if is_lower_better(self._until.metric):
            return value <= self._until.at_least
        return value >= self._until.at_least
