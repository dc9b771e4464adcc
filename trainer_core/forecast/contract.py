"""What a forecast is made from, and what it says. Imports no torch.

Facts come from four places: the model and the plan (``Work``), the rows (``RowFacts``), the machine (``DeviceFacts``)
and earlier runs on it (``Correction``). They are joined by ``arithmetic.forecast``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.layers.tree import LayerTree
from trainer_core.models.facts import ModelFacts
from trainer_core.project.schema import Pooling, Project, TrainingSection
from trainer_core.stages.plan import StagePlan, project_tree, quantised_modules

RUNS_REMEMBERED = 5
"""How many of the latest runs a correction is the mean of."""


class BlockCost(BaseModel):
    """What one block of the body costs for a batch, in seconds or in bytes.

    Attributes:
        batch: for every batch, however small.
        token: for every token, padding included.
        pair: for every pair of tokens of one row; what attention adds.
    """

    model_config = ConfigDict(frozen=True)

    batch: float = Field(default=0.0, ge=0.0)
    token: float = Field(default=0.0, ge=0.0)
    pair: float = Field(default=0.0, ge=0.0)

    def of(self, rows: int, tokens: int) -> float:
        """Return the cost of a batch of ``rows`` rows, each padded to ``tokens`` tokens."""
        return self.batch + rows * tokens * (self.token + self.pair * tokens)


class DeviceFacts(BaseModel):
    """What a model costs on a device in a number format.

    Attributes:
        device: ``cpu``, ``cuda`` or ``mps``, perhaps with a number.
        precision: the number format that was measured, or that is assumed.
        measured: whether it was; otherwise the figures are a guess.
        forward_seconds: a block's forward pass without gradients.
        train_seconds: a block's forward and backward pass.
        head_seconds: a step of the head alone, forward, backward and update.
        update_seconds: clipping, the optimiser's step and the like, for every step.
        update_value_seconds: the same, for every value that learns.
        load_seconds: reading the model and what else a run begins with.
        kept_bytes: what a block keeps for its backward pass.
        heap: how much more the allocator takes than it is asked for, as a factor.
        run_bytes: what a run needs beside the model, its gradients and its batches.
        lanes: how many batches go through frozen layers at once.
    """

    model_config = ConfigDict(frozen=True)

    device: str
    precision: str
    measured: bool
    forward_seconds: BlockCost
    train_seconds: BlockCost
    head_seconds: float
    update_seconds: float
    update_value_seconds: float
    load_seconds: float
    kept_bytes: BlockCost
    heap: float = 1.0
    run_bytes: int = 0
    lanes: int = 1

    @property
    def kind(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        return self.device.partition(":")[0]


@dataclass(frozen=True)
class RowFacts:
    """How many rows there are and how long they are.

    Attributes:
        train: rows to learn from.
        validation: rows that evaluations predict.
        lengths: tokens of some rows before any is cut, in rising order; never empty.
        counted: whether a tokenizer counted them; otherwise they are guessed from the letters.
    """

    train: int
    validation: int
    lengths: tuple[int, ...]
    counted: bool = False

    def cut(self, max_length: int) -> tuple[int, ...]:
        """Return the lengths of the rows as they are read, in tokens, in rising order."""
        return tuple(min(length, max_length) for length in self.lengths)

    def train_tokens(self, max_length: int) -> int:
        """Return about how many tokens of the training rows are read."""
        lengths = self.cut(max_length)
        return round(self.train * sum(lengths) / len(lengths))


@dataclass(frozen=True)
class Work:
    """What a run has to do.

    Attributes:
        tree: the model's layers, the head included.
        hidden_size: the width of a token's state.
        max_length: the most tokens of a row that are read.
        by_token: whether the head scores each token.
        chooses_pooling: whether the run tries several poolings.
        training: what holds for all stages.
        stages: in their order.
        rows: what is learnt from.
        quantised: the modules whose matrix is kept in four bits.
    """

    tree: LayerTree
    hidden_size: int
    max_length: int
    by_token: bool
    chooses_pooling: bool
    training: TrainingSection
    stages: Sequence[StagePlan]
    rows: RowFacts
    quantised: tuple[str, ...] = ()


def work_of(project: Project, facts: ModelFacts, stages: Sequence[StagePlan], rows: RowFacts) -> Work:
    """Return what a run of a project has to do."""
    return Work(
        tree=project_tree(project, facts.tree, facts.telling),
        hidden_size=facts.hidden_size,
        max_length=project.model.max_length,
        by_token=facts.by_token,
        chooses_pooling=project.model.pooling is Pooling.AUTO,
        training=project.training,
        stages=stages,
        rows=rows,
        quantised=quantised_modules(project, facts.quantisable, stages),
    )


@dataclass(frozen=True)
class StageForecast:
    """What one stage takes, if no rule ends it early.

    Attributes:
        name: the stage's.
        seconds: of the whole stage.
        step_seconds: of one optimiser step, on average.
        evaluation_seconds: of one evaluation.
        other_seconds: of the pass through frozen layers, where this stage needs one of its own.
        peak_bytes: the most memory at once, on the device that computes, above what was in use before the run.
        disk_bytes: what it writes: one checkpoint, and the outputs of frozen layers that are kept for it.
    """

    name: str
    seconds: float
    step_seconds: float
    evaluation_seconds: float
    other_seconds: float
    peak_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Forecast:
    """What a whole run takes.

    Attributes:
        stages: one by one.
        opening_seconds: before the first stage: reading the model, the pass through the frozen body, the head.
        pretraining_seconds: of the stage before the stages, where the model reads texts of the field first.
        seconds: of everything.
        peak_bytes: the most memory at once.
        disk_bytes: what it leaves on disk: the best checkpoint, the model, and the outputs of frozen layers.
        measured: whether the machine's speed was measured; otherwise it is a guess.
        runs: how many earlier runs on this machine corrected it.
    """

    stages: tuple[StageForecast, ...]
    opening_seconds: float
    seconds: float
    peak_bytes: int
    disk_bytes: int
    measured: bool
    runs: int
    pretraining_seconds: float = 0.0

    def behind(self, first: Forecast) -> Forecast:
        """Return the forecast of this run with another one inside it that comes first."""
        return replace(
            self,
            pretraining_seconds=first.seconds,
            seconds=self.seconds + first.seconds,
            peak_bytes=max(self.peak_bytes, first.peak_bytes),
            disk_bytes=self.disk_bytes + first.disk_bytes,
            measured=self.measured and first.measured,
            runs=min(self.runs, first.runs),
        )


class Correction(BaseModel):
    """What earlier runs took, as shares of what was forecast for them; the latest last.

    Attributes:
        steps: seconds of steps and evaluations.
        others: seconds of all else, for runs that found nothing in the cache.
        memory: peak bytes.
    """

    model_config = ConfigDict(frozen=True)

    steps: tuple[float, ...] = ()
    others: tuple[float, ...] = ()
    memory: tuple[float, ...] = ()

    def with_run(self, *, steps: float | None, others: float | None, memory: float | None) -> Correction:
        """Return what is known after one more run; None where it tells nothing."""
        return Correction(
            steps=_latest(self.steps, steps), others=_latest(self.others, others), memory=_latest(self.memory, memory)
        )


@dataclass(frozen=True)
class MachineFacts:
    """Everything about rows and machine that a forecast needs and that no edit of the plan changes.

    Attributes:
        device: the model's costs there.
        rows: as far as they are known.
        correction: what earlier runs on it taught.
        free_bytes: the memory that a run could take there now.
        first: the same of the run in which the model reads texts before its stages, where the project wishes one.
    """

    device: DeviceFacts
    rows: RowFacts
    free_bytes: int
    correction: Correction = field(default_factory=Correction)
    first: FirstFacts | None = None


@dataclass(frozen=True)
class FirstFacts:
    """What is known of the run before the stages.

    Attributes:
        column: of the texts, where they are those of the training rows.
        facts: of the model with the head of a language model.
        machine: with the texts for rows.
    """

    column: str
    facts: ModelFacts
    machine: MachineFacts


def mean_factor(ratios: Sequence[float], most: float) -> float:
    """Return the geometric mean of ratios, kept between ``1 / most`` and ``most``; 1 where there are none.

    The geometric mean, because twice as much and half as much are equally wrong.
    """
    useful = [min(max(ratio, 1 / most), most) for ratio in ratios if math.isfinite(ratio) and ratio > 0]
    return math.exp(sum(map(math.log, useful)) / len(useful)) if useful else 1.0


def _latest(before: tuple[float, ...], ratio: float | None) -> tuple[float, ...]:
    return before if ratio is None else (*before, ratio)[-RUNS_REMEMBERED:]
