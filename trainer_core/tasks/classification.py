"""Single-label classification: one class a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch import Tensor
from torch.nn import functional

from trainer_core.inference.prediction import Prediction
from trainer_core.models.network import Head
from trainer_core.tasks.base import FloatArray, IntArray


class Classification:
    """A linear head, softmax cross-entropy, accuracy and macro F1."""

    name = "classification"
    metrics_offered = ("macro_f1", "accuracy", "loss")

    def build_head(self, width: int, label_count: int) -> Head:
        """Return a linear head with one score a class."""
        return Head(width, label_count)

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy summed over rows, for scores [rows, classes] and class numbers [rows]."""
        return functional.cross_entropy(scores.float(), targets, reduction="sum")

    def measure(self, scores: FloatArray, targets: IntArray) -> dict[str, float]:
        """Return loss, accuracy and macro F1; a class that neither occurs nor is predicted does not count."""
        answers = scores.argmax(axis=1)
        loss = self.loss(torch.from_numpy(scores), torch.from_numpy(targets)).item() / len(targets)
        return {
            "loss": loss,
            "accuracy": float(accuracy_score(targets, answers)),
            "macro_f1": float(f1_score(targets, answers, average="macro", zero_division=0)),
        }

    def baselines(self, train: IntArray, validation: IntArray) -> dict[str, float]:
        """Return the scores of always answering the most frequent class of the training rows."""
        answers = np.full_like(validation, np.bincount(train).argmax())
        return {
            "accuracy": float(accuracy_score(validation, answers)),
            "macro_f1": float(f1_score(validation, answers, average="macro", zero_division=0)),
        }

    def read(self, texts: Sequence[str], scores: FloatArray, labels: Sequence[str]) -> list[Prediction]:
        """Return the classes with their probabilities, the most probable first."""
        exponents = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
        shares = exponents / exponents.sum(axis=1, keepdims=True)
        predictions = []
        for text, row in zip(texts, shares, strict=True):
            order = np.argsort(-row, kind="stable")
            probabilities = {labels[number]: float(row[number]) for number in order}
            predictions.append(Prediction(text, labels[order[0]], probabilities))
        return predictions
