"""What the tasks share whose answer is text: the model's own head tells tokens, and its loss is theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainer_core.data.encoded import Encoded
from trainer_core.data.findings import count_rows, named_rows
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Role
from trainer_core.data.rows import Rows, TargetArray
from trainer_core.inference.prediction import Prediction
from trainer_core.tasks.base import FloatArray, TaskOptions, TextTask

Options = TypeVar("Options", bound=TaskOptions)
LARGEST_LOSS = 80.0
"""Above it a perplexity says nothing more, and soon is no number."""


class LanguageTask(TextTask[Options]):
    """Cross-entropy of tokens, measured as loss, perplexity, and the share of tokens told right."""

    target = "text that can be learnt"
    metrics_offered = ("perplexity", "loss", "token_accuracy")
    by_token: ClassVar[bool] = True
    language: ClassVar[bool] = True

    def output_count(self, labels: Sequence[str]) -> int:
        """Return none of its own: there is a score for every token that the model knows."""
        return 0

    def align(self, encoded: Encoded, targets: TargetArray) -> TargetArray:
        """Return the token that each scored one is to tell, int64 [scored tokens]."""
        assert encoded.goals is not None
        return encoded.goals.astype(np.int64)

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy summed over tokens, for scores [tokens, vocabulary] and targets [tokens]."""
        return functional.cross_entropy(scores.float(), targets, reduction="sum")

    def tally(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each token, and whether it was told right, float32 [tokens, 2]."""
        losses = functional.cross_entropy(scores.float(), targets, reduction="none")
        return torch.stack([losses, (scores.argmax(dim=-1) == targets).float()], dim=-1)

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics of what ``tally`` kept."""
        if not len(scores):
            return {"perplexity": math.nan, "loss": math.nan, "token_accuracy": math.nan}
        loss, right = scores.astype(np.float64).mean(axis=0).tolist()
        return {"perplexity": math.exp(min(loss, LARGEST_LOSS)), "loss": loss, "token_accuracy": right}

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return nothing: the model as it came is measured before the first step."""
        return {}

    def inspect(self, rows: Rows, encoded: Encoded) -> list[Finding]:
        """Find the rows of which nothing is learnt, since all of it was cut away."""
        lost = np.flatnonzero(encoded.learnt == 0)
        if encoded.owners is not None or not len(lost):
            return []
        numbers, first = named_rows(rows.table, rows.positions[lost])
        longest = int(encoded.lengths.max())
        what = f"{count_rows(len(lost))} whose answer is cut away entirely at {longest:,} tokens: row {first}."
        remedy = "Nothing is learnt from them. Raise model.max_length, or shorten what stands before the answer."
        return [Finding(Severity.WARNING, str(rows.table.path), what, remedy, numbers)]

    def asked(self, columns: Mapping[Role, str]) -> dict[Role, str]:
        """Return the columns from which a model is asked to write."""
        return {role: name for role, name in columns.items() if role is not Role.ANSWERS}

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Scores of single tokens are no answers: the model writes."""
        raise NotImplementedError
