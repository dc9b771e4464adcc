"""Multi-label classification: for every text, all labels that hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.special import expit
from sklearn.metrics import average_precision_score, f1_score
from torch import Tensor
from torch.nn import functional

from trainer_core.data import findings as checks
from trainer_core.data.columns import listed
from trainer_core.data.encoded import Encoded
from trainer_core.data.label_sets import read_label_sets
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import LABEL, TEXT, Need, Role
from trainer_core.data.rows import Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.inference.prediction import LabelsPrediction, Prediction
from trainer_core.tasks.base import Facts, FloatArray, TaskOptions, TextTask, metrics_by_label

USUAL_THRESHOLD = 0.5
LEAST_HITS = 2
"""With fewer rows for which a label holds, its threshold stays the usual one: it could only be guessed."""


class MultilabelOptions(TaskOptions):
    """What can be chosen about a multi-label classification."""

    separator: str | None = Field(
        None,
        max_length=5,
        title="Between labels",
        description="Stands between two labels of a cell; found out if empty",
    )
    tune_thresholds: bool = Field(
        True, title="Tune thresholds", description="For every label, find the probability from which on it holds"
    )


class Multilabel(TextTask[MultilabelOptions]):
    """A linear head, a sigmoid and binary cross-entropy for every label; F1, mean average precision, exact match.

    A label's threshold is the one of best F1 on the validation rows. So that the metrics do not praise thresholds on
    the rows on which they were found, each half of the rows is judged with the thresholds of the other half.
    """

    name = "multilabel"
    title = "Several labels"
    summary = "All labels that hold, for every text"
    needs: ClassVar[tuple[Need, ...]] = (TEXT, dataclasses.replace(LABEL, title="Labels", nested=True))
    options_type = MultilabelOptions
    metrics_offered = ("macro_f1", "micro_f1", "map", "exact_match", "loss")

    # --- rows ----------------------------------------------------------------------------------------------------

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Read which labels hold, uint8 [rows, labels]."""
        return read_label_sets(table, columns[Role.LABEL], whole, labels, self.options.separator or None)

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Find labels that cannot be learnt, and labels that look like one."""
        path = str(train.table.path)
        if not train.labels:
            remedy = "Name another column in data.columns.label."
            return [Finding(Severity.ERROR, path, "No row has a label, so there is nothing to learn.", remedy)]
        counts = self.count(train)
        found = [
            checks.find_too_many_classes(train, counts),
            checks.find_small_classes(train, counts),
            _find_constant_labels(train),
            *checks.find_label_variants(train, counts),
        ]
        if train.targets.sum(axis=1).max(initial=0) <= 1:
            what = "No row has more than one label."
            remedy = "Choose the task classification, or say what stands between labels in options.separator."
            found.append(Finding(Severity.WARNING, path, what, remedy))
        return [finding for finding in found if finding]

    def count(self, rows: Rows) -> dict[str, int]:
        """Return for how many rows each label holds, the most frequent first."""
        counts = rows.targets.sum(axis=0, dtype=np.int64)
        order = np.argsort(-counts, kind="stable")
        return {rows.labels[number]: int(counts[number]) for number in order}

    # --- learning ------------------------------------------------------------------------------------------------

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the binary cross-entropy, averaged over labels, summed over rows; for [rows, labels] of both."""
        losses = functional.binary_cross_entropy_with_logits(scores.float(), targets.float(), reduction="none")
        return losses.mean(dim=1).sum()

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics; a label that neither holds nor is predicted does not count."""
        shares = expit(scores.astype(np.float64))
        holds = targets.astype(np.bool_)
        answers = self._judged(shares, holds)
        loss = self.loss(torch.from_numpy(scores), torch.from_numpy(targets)).item() / len(targets)
        counted = holds.any(axis=0) | answers.any(axis=0)
        each = f1_score(holds[:, counted], answers[:, counted], average=None, zero_division=0) if counted.any() else [0]
        return {
            "loss": loss,
            "macro_f1": float(np.mean(each)),
            "micro_f1": float(f1_score(holds, answers, average="micro", zero_division=0)),
            "map": _mean_average_precision(shares, holds),
            "exact_match": float((holds == answers).all(axis=1).mean()),
        }

    def _judged(self, shares: FloatArray, holds: BoolArray) -> BoolArray:
        """Return the labels answered, bool [rows, labels], each half of the rows by the thresholds of the other."""
        if "thresholds" in self.facts:  # of a finished model, found on other rows
            calibrated: BoolArray = shares >= np.array(self.facts["thresholds"])
            return calibrated
        answers = np.zeros_like(holds)
        halves = np.arange(len(shares)) % 2 == 0
        for half in (halves, ~halves):
            answers[half] = shares[half] >= self._thresholds(shares[~half], holds[~half])
        return answers

    def _thresholds(self, shares: FloatArray, holds: BoolArray) -> FloatArray:
        """Return for every label the probability from which on answering it gives the best F1."""
        usual = np.full(shares.shape[1], USUAL_THRESHOLD)
        if not self.options.tune_thresholds or not len(shares) or not np.isfinite(shares).all():
            return usual
        enough = (holds.sum(axis=0) >= LEAST_HITS) & ~holds.all(axis=0)
        return np.where(enough, best_thresholds(shares, holds), usual)

    def measure_each(self, rows: Rows, encoded: Encoded, scores: FloatArray) -> dict[str, dict[str, float]]:
        """Return precision, recall and F1 of each label, and for how many rows it holds."""
        shares, holds = expit(scores.astype(np.float64)), rows.targets.astype(np.bool_)
        return metrics_by_label(holds, self._judged(shares, holds), rows.labels)

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return the score of always answering the most frequent set of labels of the training rows."""
        sets, counts = np.unique(train, axis=0, return_counts=True)
        answers = np.broadcast_to(sets[counts.argmax()], validation.shape)
        return {
            "micro_f1": float(f1_score(validation, answers, average="micro", zero_division=0)),
            "exact_match": float((validation == answers).all(axis=1).mean()),
        }

    # --- answers -------------------------------------------------------------------------------------------------

    def calibrate(self, encoded: Encoded, scores: FloatArray) -> Facts:
        """Return the thresholds that go with the weights, from all validation rows."""
        shares = expit(scores.astype(np.float64))
        return {"thresholds": self._thresholds(shares, encoded.targets.astype(np.bool_)).tolist()}

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the labels that hold, and the probabilities of all, the most probable first."""
        thresholds = dict(zip(labels, self.facts.get("thresholds", [USUAL_THRESHOLD] * len(labels)), strict=True))
        predictions: list[Prediction] = []
        for fields, cut, shares in zip(rows, encoded.too_long, expit(scores.astype(np.float64)), strict=True):
            order = np.argsort(-shares, kind="stable")
            probabilities = {labels[number]: float(shares[number]) for number in order}
            held = tuple(name for name, share in probabilities.items() if share >= thresholds[name])
            predictions.append(LabelsPrediction(fields, bool(cut), held, probabilities, thresholds))
        return predictions


def _find_constant_labels(train: Rows) -> Finding | None:
    """Find labels that hold for every row: there is nothing to learn of them."""
    always = [train.labels[number] for number in np.flatnonzero(train.targets.all(axis=0))]
    if not always:
        return None
    if len(always) == len(train.labels):
        what, severity = "Every row has the same labels, so there is nothing to learn.", Severity.ERROR
    else:
        what, severity = f"Every row has: {listed(always)}. There is nothing to learn of that.", Severity.WARNING
    remedy = "Add rows without these labels, or name another column in data.columns.label."
    return Finding(severity, str(train.table.path), what, remedy)


def best_thresholds(shares: FloatArray, holds: BoolArray) -> FloatArray:
    """Return for every label the threshold of best F1: the middle between the last probability taken in and the next.

    Args:
        shares: float [rows, labels], probabilities.
        holds: bool [rows, labels].
    """
    order = np.argsort(-shares, axis=0, kind="stable")
    falling = np.take_along_axis(shares, order, axis=0)
    hits = np.cumsum(np.take_along_axis(holds, order, axis=0), axis=0)
    taken = np.arange(1, len(shares) + 1)[:, None]
    f1 = 2 * hits / (taken + holds.sum(axis=0))
    below = np.vstack([falling[1:], np.zeros_like(falling[:1])])
    f1[falling == below] = -1.0  # rows of one probability are taken in together
    best = f1.argmax(axis=0)[None]
    middles: FloatArray = (np.take_along_axis(falling + below, best, axis=0)[0]) / 2
    return middles


def _mean_average_precision(shares: FloatArray, holds: BoolArray) -> float:
    """Return the mean over labels that hold at all of the average precision."""
    held = holds.any(axis=0)
    if not held.any() or not np.isfinite(shares).all():
        return 0.0
    return float(average_precision_score(holds[:, held], shares[:, held], average="macro"))
