"""The events of a run that goes well, the same each time. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.support.scripted_answers import answered
from tests.support.small import METRIC, small_plan
from trainer_core.stages.plan import RunPlan, StagePlan
from trainer_core.training.events import (
    Best,
    BestRestored,
    CheckpointSaved,
    EvaluationFinished,
    Event,
    PoolingChosen,
    ProbeFinished,
    RunFinished,
    RunStarted,
    StageFinished,
    StageOutline,
    StageStarted,
    StepFinished,
    WorkProgress,
)

START_TIME = 1_780_000_000.0
"""When scripted runs begin, in seconds since the epoch."""


def scripted_events(plan: RunPlan | None = None, folder: str = "", *, scale: float = 1.0) -> Iterator[Event]:
    """Yield the events of a run that goes well: falling loss, rising score, three stages. Nothing is random.

    Args:
        plan: whose stages run; the default one's otherwise.
        folder: what the last event names as run folder.
        scale: factor on the scores, so that two runs differ.
    """
    plan = plan or small_plan()
    yield from _opening(plan, scale)
    step, total, best = 0, plan.steps, Best(metric=METRIC, value=0.81 * scale, step=0, stage="probe")
    pinned = plan.training.pinned
    if pinned:
        yield answered(pinned, step, total, _time(step))
    for number, stage in enumerate(plan.stages):
        if number and stage.start_from == "best":
            yield BestRestored(step=best.step, stage=number, time=_time(step))
        yield _stage_started(number, stage, step, plan)
        for epoch in range(stage.epochs):
            for i in range(stage.steps_per_epoch):
                step += 1
                yield _step(step, number, epoch + (i + 1) / stage.steps_per_epoch, stage, total)
            metrics = metrics_of(0.81 + 0.15 * (1 - math.exp(-2.5 * step / total)), scale)
            value, seconds = metrics[METRIC], 0.4
            is_best = value > best.value
            if is_best:
                best = Best(metric=METRIC, value=value, step=step, stage=stage.name)
            yield EvaluationFinished(
                step=step,
                stage=number,
                epoch=epoch + 1,
                metrics=metrics,
                seconds=seconds,
                is_best=is_best,
                time=_time(step),
            )
            if pinned:
                yield answered(pinned, step, total, _time(step))
            path = f"checkpoints/step-{step:08d}"
            yield CheckpointSaved(step=step, stage=number, path=path, bytes=2_400_000, best=is_best, time=_time(step))
        yield StageFinished(stage=number, name=stage.name, step=step, reason="epochs", time=_time(step))
    yield RunFinished(
        folder=folder,
        seconds=_time(step) - START_TIME,
        best=best,
        metrics=metrics_of(best.value, 1.0),
        time=_time(step),
    )


def outlines(plan: RunPlan) -> list[StageOutline]:
    """Return what a run tells of its stages when it begins."""
    return [
        StageOutline(
            name=stage.name,
            epochs=stage.epochs,
            steps=stage.steps,
            trained_parameters=stage.trained_parameters,
            total_parameters=plan.total_parameters,
        )
        for stage in plan.stages
    ]


def _opening(plan: RunPlan, scale: float) -> Iterator[Event]:
    yield RunStarted(
        task=plan.task,
        device="cpu",
        precision="float32",
        seed=plan.seed,
        train_rows=plan.data.train_rows,
        validation_rows=plan.data.validation_rows,
        labels=list(plan.data.labels),
        stages=outlines(plan),
        metric=plan.training.metric,
        baselines={"accuracy": 0.219, METRIC: 0.06},
        time=START_TIME,
    )
    for done in (0, 288, 576):
        yield WorkProgress(work="Reading the texts once through the frozen body", done=done, total=576, time=START_TIME)
    yield PoolingChosen(pooling="mean", scores={"mean": 0.81, "cls": 0.74}, time=START_TIME)
    probe = metrics_of(0.81, scale)
    yield ProbeFinished(metrics=probe, seconds=0.3, inverse_regularisation=1.0, time=START_TIME)


def _stage_started(number: int, stage: StagePlan, step: int, plan: RunPlan) -> StageStarted:
    return StageStarted(
        stage=number,
        name=stage.name,
        step=step,
        trained_parameters=stage.trained_parameters,
        total_parameters=plan.total_parameters,
        learning_rate=stage.learning_rate,
        start_from=stage.start_from,
        time=_time(step),
    )


def _step(step: int, number: int, epoch: float, stage: StagePlan, total: int) -> StepFinished:
    wave = 0.06 * math.sin(1.7 * step) + 0.04 * math.sin(0.61 * step)
    return StepFinished(
        step=step,
        stage=number,
        epoch=epoch,
        loss=0.12 + 1.5 * math.exp(-3.2 * step / total) * (1 + wave) + 0.02 * abs(wave),
        learning_rate=stage.learning_rate * (1 - 0.9 * epoch / stage.epochs),
        gradient_norm=0.5 + abs(wave) * 4,
        rows=32,
        tokens=960,
        seconds=0.25,
        time=_time(step),
    )


def metrics_of(value: float, scale: float) -> dict[str, float]:
    """Return everything that is measured where this is the score."""
    score = value * scale
    return {METRIC: score, "accuracy": min(1.0, score + 0.012), "loss": 1.4 * (1 - score) + 0.08}


def _time(step: int) -> float:
    return START_TIME + 2 + 0.25 * step
