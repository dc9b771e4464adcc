"""What a task is. One file a task; it is found through the entry points ``thaw.tasks``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from trainer_core.data.report import Finding
from trainer_core.data.roles import Need
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.targets import RowReader
from trainer_core.inference.prediction import Prediction
from trainer_core.models.network import Head

FloatArray = npt.NDArray[np.float32]
Facts = Mapping[str, Sequence[float]]
"""What a task found in the training rows and keeps: the weights of classes, the scale of numbers, thresholds."""
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
    """

    name: str
    title: str
    summary: str
    options_type: type[TaskOptions]
    options: TaskOptions
    facts: Facts

    @property
    def metrics_offered(self) -> tuple[str, ...]:
        """The names of the metrics that ``measure`` returns, the usual choice for the best first."""
        ...

    def find_facts(self, targets: TargetArray) -> Facts:
        """Return what is kept of the training rows' targets."""
        ...

    def build_head(self, width: int, outputs: int) -> Head:
        """Return a new head for states of this width."""
        ...

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over rows of the loss, a scalar, for scores [rows, outputs] and targets [rows, ...]."""
        ...

    def measure(self, scores: FloatArray, targets: TargetArray) -> dict[str, float]:
        """Return the metrics of scores [rows, outputs] against targets [rows, ...], ``loss`` for a row among them."""
        ...

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return what can be scored on the validation targets without learning, by metric name."""
        ...

    def calibrate(self, scores: FloatArray, targets: TargetArray) -> Facts:
        """Return what has to be known to read the scores of weights, found on the validation rows, as thresholds."""
        ...

    def read(self, rows: Sequence[dict[str, str]], scores: FloatArray, labels: Sequence[str]) -> list[Prediction]:
        """Return the answers that scores [rows, outputs] mean, for rows of texts by their roles."""
        ...


class TextTask(Generic[Options]):
    """What most tasks share that learn one thing of a whole row: a linear head on its vector, and no options."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]]
    target: ClassVar[str] = "label"
    options_type: ClassVar[type[TaskOptions]] = TaskOptions

    def __init__(self, options: TaskOptions | None = None, facts: Facts | None = None) -> None:
        self.options: Any = options or self.options_type()
        self.facts: Facts = facts or {}

    def find_facts(self, targets: TargetArray) -> Facts:
        """Keep nothing."""
        return {}

    def output_count(self, labels: Sequence[str]) -> int:
        """Return one score a label."""
        return len(labels)

    def build_head(self, width: int, outputs: int) -> Head:
        """Return a linear head."""
        return Head(width, outputs)

    def calibrate(self, scores: FloatArray, targets: TargetArray) -> Facts:
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
