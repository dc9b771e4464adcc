"""What a task is. One file a task; it is found through the entry points ``thaw.tasks``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import precision_recall_fscore_support
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encoded, Encodings, encode_fields
from trainer_core.data.report import Finding
from trainer_core.data.roles import Fields, Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.targets import RowReader
from trainer_core.inference.prediction import Prediction
from trainer_core.models.network import Head, LinearHead

FloatArray = npt.NDArray[np.float32]
Facts = Mapping[str, Sequence[float]]
"""What a task found in the training rows and keeps: the weights of classes, the scale of numbers, thresholds."""
Judge: TypeAlias = Callable[[FloatArray], dict[str, float]]
"""Returns the metrics of scores, float32 [units, outputs], of rows that it knows."""
Options = TypeVar("Options", bound=BaseModel)


class TaskOptions(BaseModel):
    """``[options]`` of a project: what can be chosen about a task. Its fields are shown in the window as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Task(RowReader, Protocol):
    """What a model is taught: which columns, the head, the loss, the metrics, and how scores are read.

    Attributes:
        name: as a project file writes it.
        title: as the window writes it.
        summary: what it does, in a sentence.
        options_type: what can be chosen about it.
        options: what was chosen.
        facts: what it found in the training rows; empty before.
        by_token: whether each token is scored, not the row.
        language: whether the model's own head learns to tell tokens; else a new head is built.
        writes: whether it takes a model that writes.
    """

    name: str
    title: str
    summary: str
    options_type: type[TaskOptions]
    options: TaskOptions
    facts: Facts
    by_token: bool
    language: bool
    writes: bool

    @property
    def reading(self) -> str:
        """In a word, what ``encode`` depends on; tasks that read texts alike have the same."""
        ...

    @property
    def metrics_offered(self) -> tuple[str, ...]:
        """The names of the metrics that ``measure`` returns, the usual choice for the best first."""
        ...

    def find_facts(self, targets: TargetArray) -> Facts:
        """Return what is kept of the training rows' targets."""
        ...

    def asked(self, columns: Mapping[Role, str]) -> dict[Role, str]:
        """Return those of the columns in use that a prediction needs, by role."""
        ...

    def build_head(self, width: int, outputs: int, texts: int) -> Head:
        """Return a new head for states of this width, and rows of so many texts."""
        ...

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
        """Return rows of texts as token numbers, of at most so many tokens a sequence."""
        ...

    def align(self, encoded: Encoded, targets: TargetArray) -> TargetArray:
        """Return what is to be learnt of each unit, [units, ...], for what is to be learnt of each row."""
        ...

    def inspect(self, rows: Rows, encoded: Encoded) -> list[Finding]:
        """Return what is worth knowing of rows once they are token numbers."""
        ...

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over units of the loss, a scalar, for scores [units, outputs] and targets [units, ...]."""
        ...

    def tally(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return what is kept of the scores of a batch to measure them, float [units, ...]; usually all."""
        ...

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics of what was kept of scores, [units, ...], against targets [units, ...]."""
        ...

    def judge(self, rows: Rows, encoded: Encoded) -> Judge:
        """Return what measures the scores of these rows."""
        ...

    def measure_each(self, rows: Rows, encoded: Encoded, scores: FloatArray) -> dict[str, dict[str, float]]:
        """Return the metrics of each label, by its name; nothing where there are no labels."""
        ...

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return what can be scored on the validation targets without learning, by metric name."""
        ...

    def calibrate(self, encoded: Encoded, scores: FloatArray) -> Facts:
        """Return what has to be known to read the scores of weights, found on the validation rows, as thresholds."""
        ...

    def prompt(self, tokenizer: PreTrainedTokenizerBase, fields: Fields) -> str:
        """Return the text that a model which writes is to go on with, for the texts of a row."""
        ...

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the answers that scores [units, outputs] mean.

        Args:
            rows: their texts by role.
            encoded: the same rows as token numbers.
            scores: of their units.
            labels: the names of classes.
        """
        ...


class TextTask(Generic[Options]):
    """What most tasks share that learn one thing of a whole row: a linear head on its vector, and no options."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]]
    target: ClassVar[str] = "label"
    undivided: ClassVar[tuple[Role, ...]] = ()
    options_type: ClassVar[type[TaskOptions]] = TaskOptions
    by_token: ClassVar[bool] = False
    language: ClassVar[bool] = False
    writes: ClassVar[bool] = False
    symmetric: ClassVar[bool] = False
    """Whether it makes no difference which of two texts that are read apart is the first."""

    def __init__(self, options: TaskOptions | None = None, facts: Facts | None = None) -> None:
        self.options: Any = options or self.options_type()
        self.facts: Facts = facts or {}

    def find_facts(self, targets: TargetArray) -> Facts:
        """Keep nothing."""
        return {}

    def asked(self, columns: Mapping[Role, str]) -> dict[Role, str]:
        """Return the columns of the texts that a model reads, in their order."""
        return {need.role: columns[need.role] for need in self.needs if need.given and need.role in columns}

    def inspect(self, rows: Rows, encoded: Encoded) -> list[Finding]:
        """Find nothing."""
        return []

    def output_count(self, labels: Sequence[str]) -> int:
        """Return one score a label."""
        return len(labels)

    @property
    def apart(self) -> bool:
        """Whether each text of a row is read by itself."""
        return False

    @property
    def reading(self) -> str:
        """Texts are read whole."""
        return "apart" if self.apart else "together"

    def build_head(self, width: int, outputs: int, texts: int) -> Head:
        """Return a linear head."""
        parts = texts if self.apart else 1
        return LinearHead(width, outputs, parts=parts, by_token=self.by_token, symmetric=self.symmetric)

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
        """Read each text by itself, or all of a row as one sequence."""
        return encode_fields(tokenizer, rows, max_length, apart=self.apart)

    def align(self, encoded: Encoded, targets: TargetArray) -> TargetArray:
        """Return the targets as they are: a unit is a row."""
        return targets

    def prompt(self, tokenizer: PreTrainedTokenizerBase, fields: Fields) -> str:
        """Refuse: the task's model does not write."""
        raise NotImplementedError

    def tally(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Keep the scores as they are."""
        return scores

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics."""
        raise NotImplementedError

    def judge(self, rows: Rows, encoded: Encoded) -> Judge:
        """Measure against what is to be learnt of each unit."""
        return lambda scores: self.measure(scores, encoded.targets)

    def measure_each(self, rows: Rows, encoded: Encoded, scores: FloatArray) -> dict[str, dict[str, float]]:
        """There are no labels."""
        return {}

    def calibrate(self, encoded: Encoded, scores: FloatArray) -> Facts:
        """Add nothing."""
        return {}

    def strata(self, targets: TargetArray) -> IntArray:
        """Return one group of all rows."""
        return np.zeros(len(targets), dtype=np.int64)

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Find nothing."""
        return []

    def count(self, rows: Rows) -> dict[str, int]:
        """Count nothing."""
        return {}

    def describe_baseline(self, train: Rows, validation: Rows) -> str:
        """Say nothing."""
        return ""


def metrics_by_label(right: TargetArray, answers: TargetArray, labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return precision, recall and F1 of each label, and for how many rows it holds; the most frequent first.

    Args:
        right: int [rows], class numbers; or bool [rows, labels], what holds.
        answers: likewise, what was answered.
        labels: their names.
    """
    numbers = np.arange(len(labels))
    scores = precision_recall_fscore_support(right, answers, labels=numbers, average=None, zero_division=0)
    names = ("precision", "recall", "f1", "count")
    return {
        labels[place]: {name: float(values[place]) for name, values in zip(names, scores, strict=True)}
        for place in np.argsort(-scores[-1], kind="stable")
    }
