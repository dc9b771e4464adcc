"""What a task is. One file a task; it is found through the entry points ``thaw.tasks``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from trainer_core.inference.prediction import Prediction
from trainer_core.models.network import Head

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class Task(Protocol):
    """What a model is taught: the head, the loss, the metrics, and how scores are read."""

    name: str

    @property
    def metrics_offered(self) -> tuple[str, ...]:
        """The names of the metrics that ``measure`` returns, the usual choice for the best first."""
        ...

    def build_head(self, width: int, label_count: int) -> Head:
        """Return a new head for states of this width."""
        ...

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over rows of the loss, a scalar, for scores [rows, outputs] and targets [rows]."""
        ...

    def measure(self, scores: FloatArray, targets: IntArray) -> dict[str, float]:
        """Return the metrics of scores [rows, outputs] against targets [rows]."""
        ...

    def baselines(self, train: IntArray, validation: IntArray) -> dict[str, float]:
        """Return what can be scored on the validation targets without learning, by metric name."""
        ...

    def read(self, texts: Sequence[str], scores: FloatArray, labels: Sequence[str]) -> list[Prediction]:
        """Return the answers that scores [rows, outputs] mean."""
        ...
