"""The training loop: a generator of events. It reads top to bottom; whoever runs it saves and shows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.rows import IntArray
from trainer_core.errors import RunStopped
from trainer_core.project.schema import Pooling, StartFrom
from trainer_core.results.names import better
from trainer_core.stages.exits import ExitRule
from trainer_core.stages.plan import StagePlan
from trainer_core.training.averaging import AveragedWeights
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import (
    BestRestored,
    CheckpointSaved,
    EvaluationFinished,
    Event,
    ProbeFinished,
    RunStarted,
    RunWarning,
    StageEnd,
    StageFinished,
    StageOutline,
    StageStarted,
)
from trainer_core.training.freezing import apply_freeze
from trainer_core.training.frozen.entry import find_stack, stage_inputs
from trainer_core.training.inputs import Inputs
from trainer_core.training.memory import NO_CHECKPOINTING, checkpoint_activations, free_memory, is_out_of_memory
from trainer_core.training.meter import StepMeter
from trainer_core.training.optimiser import build_optimizer, set_learning_rates
from trainer_core.training.probe import prepare_head
from trainer_core.training.quick import Gradients, quicken
from trainer_core.training.schedule import rate_at
from trainer_core.training.session import BestSoFar, TrainingSession


def run_training(session: TrainingSession) -> Iterator[Event]:
    """Train a session's network through all stages of its plan.

    Yields:
        Everything that happens, from ``run_started`` to the last ``stage_finished``. The session's ``best`` names
        the best evaluation; its weights were handed to ``session.checkpoints``.

    Raises:
        RunStopped: the user asked for the end before there was anything to keep.
    """
    plan = session.plan
    torch.manual_seed(plan.seed)
    yield _run_started(session)
    if session.device.type == "cpu":
        quicken(session.network)
    if plan.training.checkpoint_activations and not checkpoint_activations(session.network):
        yield RunWarning(message=NO_CHECKPOINTING)
    apply_freeze(session.network, set())
    session.stack = find_stack(session)
    # A new head differs from the pretrained model, which has none, whether a stage trains it or not.
    session.changed |= {name for name, _ in session.network.named_layers() if name.startswith("head.")}
    if plan.training.probe or plan.model.pooling is Pooling.AUTO:
        for event in prepare_head(session):
            yield event
            if isinstance(event, ProbeFinished):
                yield _keep_best(session, "probe", event.metrics)
    else:
        session.network.pooling = plan.model.pooling
    for place, stage in enumerate(plan.stages):
        reason: StageEnd
        try:
            reason = yield from _run_stage(session, place, stage)
        except RunStopped:
            if session.best is None:
                raise
            reason = "stopped"
        yield StageFinished(stage=place, name=stage.name, step=session.step, reason=reason)
        if reason == "stopped":
            return


def _run_started(session: TrainingSession) -> RunStarted:
    plan = session.plan
    outlines = [
        StageOutline(
            name=stage.name,
            epochs=stage.epochs,
            steps=stage.steps,
            trained_parameters=stage.trained_parameters,
            total_parameters=plan.total_parameters,
        )
        for stage in plan.stages
    ]
    return RunStarted(
        task=plan.task,
        device=str(session.device),
        precision=session.precision.precision.value,
        seed=plan.seed,
        train_rows=len(session.train),
        validation_rows=len(session.validation),
        labels=list(plan.data.labels),
        stages=outlines,
        metric=plan.training.metric,
        baselines=session.task.baselines(session.train.targets, session.validation.targets),
    )


def _run_stage(session: TrainingSession, place: int, stage: StagePlan) -> Generator[Event, None, StageEnd]:
    """Train one stage; return why it ended."""
    settings = session.plan.training
    if stage.start_from is StartFrom.BEST and session.best is not None and session.best.step != session.step:
        session.restore_best()
        yield BestRestored(step=session.best.step, stage=place)
    learning = apply_freeze(session.network, stage.trainable)
    session.changed |= set(stage.trainable)
    yield StageStarted(
        stage=place,
        name=stage.name,
        step=session.step,
        trained_parameters=stage.trained_parameters,
        total_parameters=session.plan.total_parameters,
        learning_rate=stage.learning_rate,
        start_from=stage.start_from.value,
    )
    train, validation = yield from stage_inputs(session, place)
    optimizer = session.precision.prepare_optimizer(
        build_optimizer(session.network, session.tree, stage, settings.weight_decay)
    )
    gradients = Gradients(learning, session.network)
    averaged = AveragedWeights(learning, stage.average_epochs * stage.steps_per_epoch)
    rule = ExitRule(stage.until)
    evaluate_at = _evaluation_steps(stage.steps_per_epoch, settings.evaluations_per_epoch)
    meter = StepMeter(session.device)
    done = 0
    for epoch in range(stage.epochs):
        generator = np.random.default_rng([session.plan.seed, place, epoch])
        batches = train.shuffled(settings.batch_size, generator)
        for in_epoch in range(1, stage.steps_per_epoch + 1):
            group = list(itertools.islice(batches, settings.accumulation))
            set_learning_rates(optimizer, rate_at(settings.schedule, done, stage.steps, settings.warmup_share))
            loss, tokens = yield from _compute_gradients(session, train, group, gradients)
            norm = session.precision.clip(learning, settings.max_gradient_norm)
            optimizer.step()
            gradients.clear()
            averaged.update()
            done += 1
            session.step += 1
            position = epoch + in_epoch / stage.steps_per_epoch
            yield from meter.note(
                loss,
                norm,
                step=session.step,
                stage=place,
                epoch=position,
                learning_rate=max(group["lr"] for group in optimizer.param_groups),
                rows=sum(map(len, group)),
                tokens=tokens,
            )
            stopped = session.control.finish_wished
            if in_epoch in evaluate_at or stopped:
                yield from meter.flush()
                metrics = yield from _evaluate(session, place, averaged, validation, position)
                meter.start()
                reason: StageEnd | None = "stopped" if stopped else rule.check(metrics)
                if reason:
                    return reason
    return "epochs"


def _compute_gradients(
    session: TrainingSession, inputs: Inputs, group: Sequence[IntArray], gradients: Gradients
) -> Generator[Event, None, tuple[Tensor, int]]:
    """Add up the gradients of a step; where memory ends, begin the step anew with fewer rows at once.

    Returns:
        The mean loss over all rows of the group, on the device, and the number of their tokens.
    """
    while True:
        tried = max(min(len(rows), session.row_limit.most or len(rows)) for rows in group)
        try:
            return _add_up_gradients(session, inputs, group)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        gradients.clear()
        session.row_limit.halve(tried)
        free_memory()
        yield RunWarning(
            message=f"The memory is too small for {tried} rows at once, so {session.row_limit.most} go through the "
            "network at a time and their gradients are added up; the result is the same."
        )


def _add_up_gradients(session: TrainingSession, inputs: Inputs, group: Sequence[IntArray]) -> tuple[Tensor, int]:
    total, tokens = torch.zeros((), device=session.device), 0
    rows = sum(map(len, group))
    for batch in (inputs.batch(part) for chosen in group for part in session.row_limit.parts(chosen)):
        with session.precision.autocast():
            scores = inputs.scores(session.network, batch)
        loss = session.task.loss(scores, batch.targets) / rows
        session.precision.backward(loss)
        total += loss.detach()
        tokens += batch.tokens
    return total, tokens


def _evaluate(
    session: TrainingSession, place: int, averaged: AveragedWeights, validation: Inputs, epoch: float
) -> Generator[Event, None, dict[str, float]]:
    """Judge the last weights and, where there is one, their average; the better of the two stands for the step."""
    started = time.monotonic()
    metrics, by_average = evaluate(session, validation), False
    if averaged.exists:
        metric = session.plan.training.metric
        with averaged.in_place():
            of_average = evaluate(session, validation)
        by_average = not better(metric, metrics[metric], of_average[metric])
        metrics = of_average if by_average else metrics
    is_best = session.is_better(metrics)
    evaluated = EvaluationFinished(
        step=session.step,
        stage=place,
        epoch=epoch,
        metrics=metrics,
        seconds=time.monotonic() - started,
        is_best=is_best,
        averaged=by_average,
    )
    saved: CheckpointSaved | None = None
    if is_best:
        with averaged.in_place() if by_average else nullcontext():
            saved = _keep_best(session, session.plan.stages[place].name, metrics, place)
    yield evaluated
    if saved:
        yield saved
    return metrics


def _keep_best(session: TrainingSession, stage: str, metrics: dict[str, float], place: int = 0) -> CheckpointSaved:
    session.best = BestSoFar(session.plan.training.metric, session.step, stage, metrics)
    saved = session.checkpoints.save_best(session.step, session.changed_tensors(), session.checkpoint_facts())
    return CheckpointSaved(step=session.step, stage=place, path=saved.path, bytes=saved.bytes, best=True)


def _evaluation_steps(steps_per_epoch: int, evaluations: int) -> set[int]:
    """Return after which steps of an epoch to evaluate, evenly spread, the last one included."""
    return {max(1, round(steps_per_epoch * part / evaluations)) for part in range(1, evaluations + 1)}
