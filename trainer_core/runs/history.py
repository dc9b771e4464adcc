"""A run's history: a fold over its events. Everything on screen about a run is read from here. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import singledispatchmethod

from trainer_core.training.events import (
    PRETRAINED,
    Best,
    BestRestored,
    CheckpointSaved,
    EvaluationFinished,
    Event,
    EventBase,
    PinnedAnswered,
    PoolingChosen,
    PretrainedMeasured,
    PretrainingFinished,
    ProbeFinished,
    RunContinued,
    RunDiscarded,
    RunFailed,
    RunFinished,
    RunHeld,
    RunPaused,
    RunPutAside,
    RunResumed,
    RunStarted,
    RunWarning,
    StageChanged,
    StageFinished,
    StageStarted,
    StepFinished,
    WorkProgress,
)


class RunStatus(StrEnum):
    """Where a run stands."""

    PREPARING = "preparing"
    TRAINING = "training"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    PAUSED = "paused"
    HELD = "held"
    PUT_ASIDE = "put aside"
    DISCARDED = "discarded"


BROKEN_OFF = (RunStatus.PREPARING, RunStatus.TRAINING, RunStatus.PAUSED, RunStatus.HELD)
"""What the journal says of a run under way, or of one whose process ended before it could say more."""


@dataclass
class Series:
    """A growing line of a plot: steps and values."""

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Append points."""
        self.steps.extend(steps)
        self.values.extend(values)


@dataclass
class StageBand:
    """The stretch of steps that a stage covers; ``end`` grows while it runs."""

    name: str
    start: int
    end: int
    trained_parameters: int
    total_parameters: int
    reason: str = ""


@dataclass
class RunHistory:
    """What is known of a run after the events applied so far; a journal with damaged lines folds as well.

    Attributes:
        curves: by name: ``loss`` of training steps, ``learning_rate``, ``gradient_norm``, ``tokens_per_second``.
        metrics: by name: what evaluations measured on the validation rows, the probe at the step it was made.
        best: the best evaluation so far.
        pinned: what the model answered to the pinned texts, each time it was measured.
        held: what cannot be written, while the run waits for that.
        work: what is being done while no step runs: its name, how much is done, and how much there is.
    """

    status: RunStatus = RunStatus.PREPARING
    started: RunStarted | None = None
    curves: dict[str, Series] = field(default_factory=dict)
    metrics: dict[str, Series] = field(default_factory=dict)
    bands: list[StageBand] = field(default_factory=list)
    best: Best | None = None
    probe: ProbeFinished | None = None
    pretrained: PretrainedMeasured | None = None
    pretraining: PretrainingFinished | None = None
    pooling: str = ""
    last_step: StepFinished | None = None
    work: WorkProgress | None = None
    warnings: list[str] = field(default_factory=list)
    saves: list[int] = field(default_factory=list)
    pinned: list[PinnedAnswered] = field(default_factory=list)
    held: RunHeld | None = None
    finished: RunFinished | None = None
    failure: RunFailed | None = None
    first_step_time: float | None = None
    first_work: WorkProgress | None = None

    @property
    def step(self) -> int:
        """The number of optimiser steps done."""
        return self.last_step.step if self.last_step else 0

    @property
    def total_steps(self) -> int:
        """The most steps the stages that are left can bring the run to, given where finished ones ended."""
        if self.started is None:
            return 0
        done = [band.end - band.start for band in self.bands if band.reason]
        return sum(done) + sum(stage.steps for stage in self.started.stages[len(done) :])

    @property
    def in_last_stage(self) -> bool:
        """Whether no stage comes after the present one."""
        return self.started is not None and len(self.bands) >= len(self.started.stages)

    @property
    def stage_seconds_left(self) -> float | None:
        """The time that the steps left of the present stage will take at its speed so far; None where unknown.

        Stages differ in what they train, so the speed of this one tells nothing of later ones.
        """
        if self.started is None or self.last_step is None or self.first_step_time is None or not self.bands:
            return None
        stage, begin = len(self.bands) - 1, self.bands[-1].start
        done = self.last_step.step - begin
        if done < 2 or stage >= len(self.started.stages):
            return None
        left = self.started.stages[stage].steps - done
        speed = (self.last_step.time - self.first_step_time) / (done - 1)
        return speed * left if left > 0 else None

    @property
    def work_seconds_left(self) -> float | None:
        """The time that the rest of the work at hand will take at its speed so far; None where unknown."""
        if self.work is None or self.first_work is None or self.work.done <= self.first_work.done:
            return None
        speed = (self.work.time - self.first_work.time) / (self.work.done - self.first_work.done)
        return speed * (self.work.total - self.work.done)

    def apply_all(self, events: Iterable[Event]) -> RunHistory:
        """Apply events in order; return self."""
        for event in events:
            self.apply(event)
        return self

    def add_steps(
        self,
        step: Sequence[int],
        loss: Sequence[float],
        learning_rate: Sequence[float],
        gradient_norm: Sequence[float],
        tokens: Sequence[int],
        seconds: Sequence[float],
    ) -> None:
        """Add steps to the curves, each value under its name in ``StepFinished``; where they stand is told apart."""
        speeds = [count / max(time, 1e-9) for count, time in zip(tokens, seconds, strict=True)]
        named = {"loss": loss, "learning_rate": learning_rate, "gradient_norm": gradient_norm}
        for name, values in {**named, "tokens_per_second": speeds}.items():
            self.curves.setdefault(name, Series()).extend(step, values)

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        self._apply(event)

    @singledispatchmethod
    def _apply(self, event: EventBase) -> None:
        """Ignore an event that leaves no trace here."""

    @_apply.register
    def _(self, event: RunStarted) -> None:
        self.started = event

    @_apply.register
    def _(self, event: RunResumed) -> None:
        self.status = RunStatus.TRAINING
        self.first_step_time = None
        self.finished = self.failure = self.held = None
        if self.started is not None and event.stages:
            self.started = self.started.model_copy(update={"stages": event.stages})
        self.warnings.append(f"Went on from step {event.step:,}, where it had been saved.")

    @_apply.register
    def _(self, event: RunPaused) -> None:
        self.status = RunStatus.PAUSED
        self.first_step_time = self.first_work = None

    @_apply.register
    def _(self, event: RunHeld) -> None:
        self.status, self.held = RunStatus.HELD, event
        self.first_step_time = self.first_work = None

    @_apply.register
    def _(self, event: RunContinued) -> None:
        self.held = None
        self.status = RunStatus.TRAINING if self.bands else RunStatus.PREPARING

    @_apply.register
    def _(self, event: RunPutAside) -> None:
        self.status = RunStatus.PUT_ASIDE
        self.work = None

    @_apply.register
    def _(self, event: RunDiscarded) -> None:
        self.status = RunStatus.DISCARDED
        self.work = None

    @_apply.register
    def _(self, event: WorkProgress) -> None:
        if self.first_work is None or self.first_work.work != event.work or event.done < self.first_work.done:
            self.first_work = event
        self.work = event if event.done < event.total else None

    @_apply.register
    def _(self, event: PoolingChosen) -> None:
        self.pooling = event.pooling

    @_apply.register
    def _(self, event: ProbeFinished) -> None:
        self.probe = event
        self._add_metrics(0, event.metrics)
        self._set_best(0, "probe", event.metrics)

    @_apply.register
    def _(self, event: PretrainingFinished) -> None:
        self.pretraining = event

    @_apply.register
    def _(self, event: PretrainedMeasured) -> None:
        self.pretrained = event
        self._add_metrics(0, event.metrics)
        self._set_best(0, PRETRAINED, event.metrics)

    @_apply.register
    def _(self, event: StageStarted) -> None:
        self.status = RunStatus.TRAINING
        self.first_step_time = None
        self.bands.append(
            StageBand(event.name, event.step, event.step, event.trained_parameters, event.total_parameters)
        )

    @_apply.register
    def _(self, event: StageChanged) -> None:
        share = f"{event.trained_parameters:,} values learn ({', '.join(event.rules)})"
        self.warnings.append(f"After step {event.step:,}: {share}, at a learning rate of {event.learning_rate:g}.")
        if self.bands:
            self.bands[-1].trained_parameters = event.trained_parameters

    @_apply.register
    def _(self, event: StepFinished) -> None:
        self.last_step = event
        self.first_step_time = self.first_step_time or event.time
        if self.bands:
            self.bands[-1].end = event.step
        self.add_steps(
            [event.step], [event.loss], [event.learning_rate], [event.gradient_norm], [event.tokens], [event.seconds]
        )

    @_apply.register
    def _(self, event: EvaluationFinished) -> None:
        self._add_metrics(event.step, event.metrics)
        if event.is_best:
            self._set_best(event.step, self.bands[-1].name if self.bands else "", event.metrics)

    @_apply.register
    def _(self, event: PinnedAnswered) -> None:
        self.pinned.append(event)

    @_apply.register
    def _(self, event: CheckpointSaved) -> None:
        if event.best:
            self.saves.append(event.step)

    @_apply.register
    def _(self, event: BestRestored) -> None:
        self.warnings.append(f"Went back to the best weights, those of step {event.step}.")

    @_apply.register
    def _(self, event: StageFinished) -> None:
        if self.bands and self.bands[-1].name == event.name:
            self.bands[-1].reason = event.reason

    @_apply.register
    def _(self, event: RunWarning) -> None:
        self.warnings.append(event.message)

    @_apply.register
    def _(self, event: RunFinished) -> None:
        self.finished = event
        self.best = event.best
        self.status = RunStatus.STOPPED if event.stopped else RunStatus.FINISHED
        self.work = None

    @_apply.register
    def _(self, event: RunFailed) -> None:
        self.failure = event
        self.status = RunStatus.FAILED
        self.work = None

    def _add_metrics(self, step: int, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            self.metrics.setdefault(name, Series()).extend([step], [value])

    def _set_best(self, step: int, stage: str, metrics: dict[str, float]) -> None:
        metric = self.started.metric if self.started else ""
        if metric in metrics:
            self.best = Best(metric=metric, value=metrics[metric], step=step, stage=stage)
