"""The training loop: a generator of events. It reads top to bottom; whoever runs it saves and shows."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

import torch

from trainer_core.errors import RunStopped
from trainer_core.models.network import HEAD
from trainer_core.project.schema import Pooling, StartFrom
from trainer_core.stages.plan import RunPlan, StagePlan
from trainer_core.training.changing import left_over
from trainer_core.training.compiling import compile_blocks
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import (
    PRETRAINED,
    BestRestored,
    Event,
    PretrainedMeasured,
    RunResumed,
    RunStarted,
    RunWarning,
    StageEnd,
    StageFinished,
    StageOutline,
    StageStarted,
)
from trainer_core.training.freezing import apply_freeze
from trainer_core.training.frozen.entry import find_stack
from trainer_core.training.inputs import TokenInputs
from trainer_core.training.memory import NO_CHECKPOINTING, checkpoint_activations
from trainer_core.training.packing import check_packing
from trainer_core.training.pinned import pinned_events
from trainer_core.training.probe import prepare_head
from trainer_core.training.probe_tokens import solve_token_head
from trainer_core.training.quick import quicken
from trainer_core.training.saving import keep_best, restore_network, saved_events
from trainer_core.training.session import TrainingSession
from trainer_core.training.stage import StageTraining

NO_LANGUAGE_HEAD = (
    "This model came without a head that tells tokens, so it gets a new one, which begins by guessing. A model made "
    "for whole sentences can lose some of what it knows of them meanwhile: if another task is to stand on it, compare "
    "with one that stands on the model as it came."
)


def run_training(session: TrainingSession) -> Iterator[Event]:
    """Train a session's network through all stages of its plan.

    Yields:
        Everything that happens, from ``run_started`` (``run_resumed`` where the session goes on from a snapshot) to
        the last ``stage_finished``. The session's ``best`` names the best evaluation; its weights were handed to
        ``session.checkpoints``.

    Raises:
        RunStopped: the user asked for the end before there was anything to keep.
    """
    plan = session.plan
    torch.manual_seed(plan.seed)
    if session.resumed is None:
        yield _run_started(session)
    else:
        yield RunResumed(step=session.resumed.facts.step, stages=_outlines(plan))
    if session.device.type == "cpu":
        quicken(session.network)
    if plan.training.checkpoint_activations and not checkpoint_activations(session.network):
        yield RunWarning(message=NO_CHECKPOINTING)
    apply_freeze(session.network, set())
    yield from check_packing(session)
    session.stack = find_stack(session)
    if plan.training.compile:
        yield from compile_blocks(session)
    first = 0
    if session.resumed is None:
        yield from _prepare(session)
    else:
        restore_network(session, session.resumed)
        first = session.resumed.facts.stage.place
    for place, stage in list(enumerate(plan.stages))[first:]:
        reason: StageEnd
        try:
            reason = yield from _run_stage(session, place, stage)
            yield from left_over(session)
        except RunStopped:
            if session.best is None:
                raise
            reason = "stopped"
        yield StageFinished(stage=place, name=stage.name, step=session.step, reason=reason)
        if reason == "stopped":
            break
    yield from saved_events(session, wait=True)


def _run_started(session: TrainingSession) -> RunStarted:
    plan = session.plan
    return RunStarted(
        task=plan.task,
        device=str(session.device),
        precision=session.precision.precision.value,
        seed=plan.seed,
        train_rows=len(session.train),
        validation_rows=len(session.validation),
        labels=list(plan.data.labels),
        stages=_outlines(plan),
        metric=plan.training.metric,
        baselines=session.task.baselines(session.train.targets, session.validation.targets),
    )


def _outlines(plan: RunPlan) -> list[StageOutline]:
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


def _prepare(session: TrainingSession) -> Iterator[Event]:
    """Do what comes before the first stage."""
    plan = session.plan
    # A new head differs from the pretrained model, which has none, whether a stage trains it or not.
    new = session.network.new_layers()
    session.changed |= new
    if session.network.head.pretrained:
        if any(name.startswith(HEAD) for name in new):
            yield RunWarning(message=NO_LANGUAGE_HEAD)
        yield from _measure_pretrained(session)
        return
    by_token = session.network.head.by_token
    if by_token and not plan.training.probe:
        return  # no vectors of rows are made, and so no pooling is to be chosen
    if not by_token and not plan.training.probe and plan.model.pooling is not Pooling.AUTO:
        session.network.pooling = plan.model.pooling
        return
    found = yield from solve_token_head(session) if by_token else prepare_head(session)
    if found is not None:
        yield from keep_best(session, "probe", found, 0)
        yield from pinned_events(session)
        yield from saved_events(session)


def _measure_pretrained(session: TrainingSession) -> Iterator[Event]:
    """Measure a model whose head came with it, before it learns; it is the best so far."""
    started = time.monotonic()
    found = evaluate(session, TokenInputs(session.validation, session.device))
    yield PretrainedMeasured(metrics=found.metrics, seconds=time.monotonic() - started)
    yield from keep_best(session, PRETRAINED, found, 0)
    yield from pinned_events(session)
    yield from saved_events(session)


def _run_stage(session: TrainingSession, place: int, stage: StagePlan) -> Generator[Event, None, StageEnd]:
    """Train one stage, or what a snapshot leaves of it; return why it ended."""
    resumed, session.resumed = session.resumed, None
    best = session.best
    if resumed is None and stage.start_from is StartFrom.BEST and best is not None and not session.stands_at_best:
        yield from saved_events(session, wait=True)
        session.restore_best()
        yield BestRestored(step=best.step, stage=place)
    if resumed is not None:
        stage = session.plan.stage_after(place, resumed.facts.stage.changes)
    if resumed is None:
        yield StageStarted(
            stage=place,
            name=stage.name,
            step=session.step,
            trained_parameters=stage.trained_parameters,
            total_parameters=session.plan.total_parameters,
            learning_rate=stage.learning_rate,
            start_from=stage.start_from.value,
        )
    training = StageTraining(session, place, stage)
    yield from training.enter()
    if resumed is not None:
        training.restore(resumed)
    return (yield from training.run())
