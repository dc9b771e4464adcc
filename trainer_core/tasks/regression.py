"""Regression: a number for a text, or for how two texts stand to each other."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import pearsonr, spearmanr
from torch import Tensor
from torch.nn import functional

from trainer_core.data.encoded import Encoded
from trainer_core.data.numbers import read_numbers
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import SECOND_TEXT, TEXT, Content, Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.inference.prediction import NumberPrediction, Prediction
from trainer_core.tasks.base import Facts, FloatArray
from trainer_core.tasks.pairs import PairOptions, PairTask

BANDS = 10
"""Groups of equally many rows, by size of the number, that each keep their share where rows are held out."""
SHOWN_BANDS = 5
NUMBER = Need(Role.LABEL, Content.NUMBERS, "Number", given=False)


class Regression(PairTask[PairOptions]):
    """A linear head, mean squared error; Pearson's and Spearman's correlation and the mean absolute error.

    Numbers are learnt on the scale on which those of the training rows have mean 0 and deviation 1, so that learning
    rates do not depend on units; ``loss`` is the squared error on that scale, ``mae`` is in the user's units.
    """

    name = "regression"
    title = "Rating and similarity"
    summary = "A number for every text, or for every pair of texts"
    needs: ClassVar[tuple[Need, ...]] = (TEXT, dataclasses.replace(SECOND_TEXT, optional=True), NUMBER)
    target = "number"
    options_type = PairOptions
    symmetric = True
    metrics_offered = ("spearman", "pearson", "mae", "loss")

    # --- rows ----------------------------------------------------------------------------------------------------

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Read numbers, float32 [rows]."""
        return read_numbers(table, columns[Role.LABEL], whole)

    def output_count(self, labels: Sequence[str]) -> int:
        """Return one."""
        return 1

    def strata(self, targets: TargetArray) -> IntArray:
        """Return bands of like numbers."""
        edges = np.quantile(targets, np.linspace(0, 1, BANDS + 1)[1:-1])
        bands: IntArray = np.searchsorted(np.unique(edges), targets)
        return bands

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Find that there is nothing to tell apart."""
        if np.ptp(train.targets) > 0:
            return []
        what = f"Every row has the number {train.targets[0]:g}, so there is nothing to learn."
        remedy = "Add other rows, or name another column in data.columns.label."
        return [Finding(Severity.ERROR, str(train.table.path), what, remedy)]

    def count(self, rows: Rows) -> dict[str, int]:
        """Return how many rows have numbers in bands of one width, from the lowest on."""
        if not len(rows):
            return {}
        counts, edges = np.histogram(rows.targets.astype(np.float64), bins=SHOWN_BANDS)
        names = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)]
        return dict(zip(names, map(int, counts), strict=True))

    def describe_baseline(self, train: Rows, validation: Rows) -> str:
        """Return how far off the mean of the training rows would be."""
        if not len(validation):
            return ""
        off = float(np.abs(validation.targets - train.targets.mean()).mean())
        return f"Always answering {train.targets.mean():.3g} would be off by {off:.3g} on average."

    def find_facts(self, targets: TargetArray) -> Facts:
        """Return the mean, the deviation and the range of the numbers."""
        values = targets.astype(np.float64)
        spread = float(values.std()) or 1.0
        return {"scale": [float(values.mean()), spread], "range": [float(values.min()), float(values.max())]}

    # --- learning ------------------------------------------------------------------------------------------------

    @property
    def _scale(self) -> tuple[float, float]:
        center, spread = self.facts.get("scale", (0.0, 1.0))
        return center, spread

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the squared error summed over rows, on the learnt scale, for scores [rows, 1] and numbers [rows]."""
        center, spread = self._scale
        return functional.mse_loss(scores.float()[:, 0], (targets.float() - center) / spread, reduction="sum")

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics; a correlation that is none, as with one row or one number only, is 0."""
        values, wanted = self._values(scores), targets.astype(np.float64)
        loss = self.loss(torch.from_numpy(scores), torch.from_numpy(targets)).item() / len(targets)
        varied = np.isfinite(values).all() and np.ptp(values) > 0 and np.ptp(wanted) > 0
        return {
            "loss": loss,
            "mae": float(np.abs(values - wanted).mean()),
            "pearson": float(pearsonr(values, wanted).statistic) if varied else 0.0,
            "spearman": float(spearmanr(values, wanted).statistic) if varied else 0.0,
        }

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return the error of always answering the mean."""
        return {"mae": float(np.abs(validation - train.mean()).mean())}

    # --- answers -------------------------------------------------------------------------------------------------

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the numbers, in the user's units."""
        values = self._values(scores)
        lowest, highest = self.facts.get("range", (0.0, 1.0))
        return [
            NumberPrediction(fields, bool(cut), float(value), lowest, highest)
            for fields, cut, value in zip(rows, encoded.too_long, values, strict=True)
        ]

    def _values(self, scores: FloatArray) -> npt.NDArray[np.float64]:
        center, spread = self._scale
        return scores[:, 0].astype(np.float64) * spread + center
