"""Single-label classification: one class a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from scipy.special import softmax
from scipy.stats import rankdata
from sklearn.metrics import accuracy_score, f1_score
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional

from trainer_core.data import findings as checks
from trainer_core.data.encoded import Encoded
from trainer_core.data.report import Finding
from trainer_core.data.roles import LABEL, TEXT, Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Targets, read_classes
from trainer_core.inference.prediction import ClassPrediction, Prediction
from trainer_core.tasks.base import Facts, FloatArray, TaskOptions, TextTask, metrics_by_label

MOST_CLASSES_RANKED = 200
"""Of the most frequent classes; to rank the rows by thousands would take longer than the evaluation itself."""
CHANCE = 0.5
LEAST_DOUBT = 1e-7
"""Of a row in the focal loss; a power below 1 has no gradient at 0."""


class ClassWeights(StrEnum):
    """How much a row counts: as every other, or the more, the rarer its class."""

    EQUAL = "equal"
    BALANCED = "balanced"


class ClassificationOptions(TaskOptions):
    """What can be chosen about a classification."""

    class_weights: ClassWeights = Field(
        ClassWeights.EQUAL, title="Class weights", description="Balanced: rows of rare classes count more"
    )
    label_smoothing: float = Field(
        0.0, ge=0.0, le=1.0, title="Label smoothing", description="The share of certainty given to all other classes"
    )
    focal_gamma: float = Field(
        0.0, ge=0.0, le=10.0, title="Focal loss", description="Above 0, rows that are known well already count less"
    )


class Classification(TextTask[ClassificationOptions]):
    """A linear head, softmax cross-entropy, accuracy, macro F1 and area under the curve.

    The loss can be weighted by class, smoothed (Szegedy et al. 2016, arXiv:1512.00567), and focal (Lin et al. 2017,
    arXiv:1708.02002).
    """

    name = "classification"
    title = "Classification"
    summary = "One class for every text"
    needs: ClassVar[tuple[Need, ...]] = (TEXT, LABEL)
    options_type: ClassVar[type[TaskOptions]] = ClassificationOptions
    metrics_offered = ("macro_f1", "accuracy", "auc", "loss")

    # --- rows ----------------------------------------------------------------------------------------------------

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Read class numbers, int64 [rows]."""
        return read_classes(table, columns[Role.LABEL], whole, labels)

    def strata(self, targets: TargetArray) -> IntArray:
        """Return the classes: each keeps its share."""
        return targets

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Find classes that cannot be learnt, and labels that look like one."""
        counts = self.count(train)
        found = [
            checks.find_one_class(train.table, train.labels),
            checks.find_too_many_classes(train, counts),
            checks.find_small_classes(train, counts),
            *checks.find_label_variants(train, counts),
        ]
        return [finding for finding in found if finding]

    def count(self, rows: Rows) -> dict[str, int]:
        """Return how many rows each class has, the most frequent first."""
        counts = np.bincount(rows.targets, minlength=len(rows.labels))
        order = np.argsort(-counts, kind="stable")
        return {rows.labels[number]: int(counts[number]) for number in order}

    def describe_baseline(self, train: Rows, validation: Rows) -> str:
        """Return how often the most frequent class of the training rows would be right."""
        if not len(validation):
            return ""
        most = int(np.bincount(train.targets).argmax())
        share = float(np.mean(validation.targets == most))
        return f"Always answering “{train.labels[most]}” would be right for {share:.1%}."

    def find_facts(self, targets: TargetArray) -> Facts:
        """Return the weights of the classes, where they shall be balanced; those of all rows are 1 on average."""
        if self.options.class_weights is ClassWeights.EQUAL:
            return {}
        weights = compute_class_weight("balanced", classes=np.arange(targets.max() + 1), y=targets)
        return {"class_weights": [float(weight) for weight in weights]}

    # --- learning ------------------------------------------------------------------------------------------------

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy summed over rows, for scores [rows, classes] and class numbers [rows]."""
        scores = scores.float()
        weights = self._class_weights(scores)
        smoothing, gamma = self.options.label_smoothing, self.options.focal_gamma
        if not gamma:
            return functional.cross_entropy(scores, targets, weight=weights, label_smoothing=smoothing, reduction="sum")
        losses = functional.cross_entropy(scores, targets, weight=weights, label_smoothing=smoothing, reduction="none")
        known = functional.softmax(scores, dim=-1).gather(1, targets[:, None])[:, 0]
        total: Tensor = (losses * (1 - known).clamp(min=LEAST_DOUBT) ** gamma).sum()
        return total

    def _class_weights(self, scores: Tensor) -> Tensor | None:
        weights = self.facts.get("class_weights")
        return None if weights is None else torch.tensor(weights, dtype=scores.dtype, device=scores.device)

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics; a class that neither occurs nor is predicted does not count.

        The area under the curve is that of each class against all others, on average over the classes that occur, or
        over so many of them as are ranked in a short time.
        """
        answers = scores.argmax(axis=1)
        loss = self.loss(torch.from_numpy(scores), torch.from_numpy(targets)).item() / len(targets)
        ranked = np.argsort(-np.bincount(targets, minlength=scores.shape[1]), kind="stable")[:MOST_CLASSES_RANKED]
        shares = softmax(scores.astype(np.float64), axis=1)[:, ranked]
        return {
            "loss": loss,
            "accuracy": float(accuracy_score(targets, answers)),
            "macro_f1": float(f1_score(targets, answers, average="macro", zero_division=0)),
            "auc": area_under_curve(shares, targets[:, None] == ranked),
        }

    def measure_each(self, rows: Rows, encoded: Encoded, scores: FloatArray) -> dict[str, dict[str, float]]:
        """Return precision, recall and F1 of each class, and how many rows it has."""
        return metrics_by_label(rows.targets, scores.argmax(axis=1), rows.labels)

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return the scores of always answering the most frequent class of the training rows."""
        answers = np.full_like(validation, np.bincount(train).argmax())
        return {
            "accuracy": float(accuracy_score(validation, answers)),
            "macro_f1": float(f1_score(validation, answers, average="macro", zero_division=0)),
        }

    # --- answers -------------------------------------------------------------------------------------------------

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the classes with their probabilities, the most probable first."""
        predictions: list[Prediction] = []
        answers = zip(rows, encoded.too_long, softmax(scores.astype(np.float64), axis=1), strict=True)
        for fields, cut, shares in answers:
            order = np.argsort(-shares, kind="stable")
            probabilities = {labels[number]: float(shares[number]) for number in order}
            predictions.append(ClassPrediction(fields, bool(cut), labels[order[0]], probabilities))
        return predictions


def area_under_curve(shares: FloatArray, holds: npt.NDArray[np.bool_]) -> float:
    """Return the mean over columns of the area under the ROC curve.

    The area is the chance that a row for which the column holds is ranked above one for which it does not (Hanley and
    McNeil 1982). Columns that hold for all rows or for none are left out; where that leaves nothing, it is chance, 0.5.

    Args:
        shares: float [rows, columns], by which the rows are ranked.
        holds: bool [rows, columns].
    """
    hits = holds.sum(axis=0)
    drawn = (hits > 0) & (hits < len(holds))
    if not drawn.any() or not np.isfinite(shares).all():
        return CHANCE
    ranks = rankdata(shares[:, drawn], axis=0)
    hits, holds = hits[drawn], holds[:, drawn]
    above = (ranks * holds).sum(axis=0) - hits * (hits + 1) / 2
    return float(np.mean(above / (hits * (len(holds) - hits))))
