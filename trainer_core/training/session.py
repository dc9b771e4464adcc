"""Everything the loop works on, made by the engine and handed in."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from trainer_core.data.encoded import Encoded
from trainer_core.layers.tree import LayerTree
from trainer_core.models.blocks import BlockStack
from trainer_core.models.build import load_tensors
from trainer_core.models.network import Network
from trainer_core.project.schema import Pooling
from trainer_core.results.names import better
from trainer_core.stages.plan import RunPlan
from trainer_core.tasks.base import Judge, Task
from trainer_core.training.control import Control
from trainer_core.training.memory import RowLimit
from trainer_core.training.ports import AnswerPinned, ArrayCache, Checkpoints, Originals, PlanKeeper
from trainer_core.training.precision import MixedPrecision
from trainer_core.training.snapshot import BestSoFar, Snapshot


@dataclass
class TrainingSession:
    """The live objects of one run.

    Attributes:
        judge: measures the scores of the validation rows.
        answer_pinned: lets the network answer the rows that the user has pinned.
        resumed: the moment to go on from; None at the beginning, and once its stage has taken it up.
        step: optimiser steps done.
        best: the best evaluation so far.
        changed: the names of all layers that training or the probe has changed so far.
        stack: the body's blocks, where it can be entered between two of them.
        row_limit: how many rows the memory has had room for at once.
        kept: outputs of frozen layers that this run has read or computed, by key.
    """

    plan: RunPlan
    task: Task
    judge: Judge
    network: Network
    tree: LayerTree
    train: Encoded
    validation: Encoded
    precision: MixedPrecision
    checkpoints: Checkpoints
    originals: Originals
    cache: ArrayCache
    control: Control
    keep_plan: PlanKeeper
    answer_pinned: AnswerPinned = tuple
    resumed: Snapshot | None = None
    step: int = 0
    best: BestSoFar | None = None
    changed: set[str] = field(default_factory=set)
    stack: BlockStack | None = None
    row_limit: RowLimit = field(default_factory=RowLimit)
    kept: dict[str, dict[str, Tensor]] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.precision.device

    def is_better(self, metrics: dict[str, float]) -> bool:
        """Whether an evaluation beats the best so far."""
        metric = self.plan.training.metric
        return self.best is None or better(metric, metrics[metric], self.best.value)

    @property
    def stands_at_best(self) -> bool:
        """Whether the network holds the best weights as it is."""
        return self.best is not None and self.best.step == self.step and not self.best.averaged

    def changed_tensors(self) -> dict[str, Tensor]:
        """Return all tensors that differ from the pretrained model, as the network holds them."""
        return {name: parameter.detach() for name, parameter in self.network.named_layers() if name in self.changed}

    def restore_best(self) -> None:
        """Go back to the best weights; layers that were still as pretrained then become so again."""
        tensors = self.checkpoints.load_best()
        load_tensors(self.network, tensors | self.originals(self.changed - set(tensors)))

    def checkpoint_facts(self) -> dict[str, str]:
        """Return what a predictor has to know beside the tensors."""
        pooling: Pooling = self.network.pooling
        return {"pooling": pooling.value, "step": str(self.step)}
