"""One stage of a run: steps, evaluations and snapshots, from its first step or from a snapshot on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.batch_size import BatchSize
from trainer_core.data.rows import IntArray
from trainer_core.results.names import better
from trainer_core.stages.exits import ExitRule
from trainer_core.stages.plan import StagePlan
from trainer_core.training.changing import due_changes, plan_changes
from trainer_core.training.control import Wish, heed
from trainer_core.training.diverged import DivergenceWatch
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import EvaluationFinished, Event, RunWarning, StageChanged, StageEnd
from trainer_core.training.freezing import apply_freeze
from trainer_core.training.frozen.entry import stage_inputs
from trainer_core.training.inputs import Batch
from trainer_core.training.learner import Learner
from trainer_core.training.memory import free_memory, is_out_of_memory
from trainer_core.training.meter import StepMeter
from trainer_core.training.optimiser import set_learning_rates
from trainer_core.training.pinned import pinned_events
from trainer_core.training.prefetch import Prefetch
from trainer_core.training.saving import keep_best, saved_events, take_snapshot
from trainer_core.training.schedule import rate_at
from trainer_core.training.scoring import loss_of
from trainer_core.training.session import TrainingSession
from trainer_core.training.snapshot import Snapshot, StageCounters, restore_random

SECONDS_A_MINUTE = 60


class StageTraining:
    """What one stage trains with. It is entered, and restored where a snapshot was taken in it; then it runs.

    Args:
        session: the run.
        place: which stage of its plan.
        stage: as it is now: as it was planned, or after changes.
    """

    def __init__(self, session: TrainingSession, place: int, stage: StagePlan) -> None:
        self._session = session
        self._place = place
        self._stage = stage
        self._settings = settings = session.plan.training
        self._size = BatchSize(settings.batch_size, settings.batch_tokens)
        self._rule = ExitRule(stage.until)
        self._evaluate_at = evaluation_steps(stage.steps_per_epoch, settings.evaluations_per_epoch)
        self._meter = StepMeter(session.device)
        self._watch = DivergenceWatch(scaled=bool(session.precision.scaler_state()))
        self._steps = self._changes = 0
        self._snapshot_due = self._next_snapshot()

    def enter(self) -> Iterator[Event]:
        """Let the stage's layers learn, and find where the rows enter the network."""
        session, stage = self._session, self._stage
        learning = apply_freeze(session.network, stage.trainable)
        session.changed |= set(stage.trainable)
        later = session.plan.stages[self._place + 1 :]
        self._train, self._validation = yield from stage_inputs(session, [stage, *later])
        self._learner = Learner(session, stage, learning)

    # --- going on from a snapshot ------------------------------------------------------------------------------

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this stage, whose weights are in the network already."""
        counters = snapshot.facts.stage
        self._learner.restore(snapshot.state, counters.averaged_steps, counters.average_updates)
        self._rule.restore(counters.best, counters.since_best)
        self._session.precision.restore_scaler(counters.scaler)
        self._steps, self._changes = counters.steps, counters.changes
        restore_random(snapshot.state, self._session.device)

    def _take_snapshot(self) -> Iterator[Event]:
        averaged = self._learner.averaged
        counters = StageCounters(
            place=self._place,
            steps=self._steps,
            best=self._rule.best,
            since_best=self._rule.since_best,
            averaged_steps=averaged.steps,
            average_updates=averaged.updates,
            changes=self._changes,
            scaler=self._session.precision.scaler_state(),
        )
        yield from take_snapshot(self._session, counters, self._learner.state())
        self._snapshot_due = self._next_snapshot()

    def _next_snapshot(self) -> float:
        return time.monotonic() + self._settings.checkpoint_minutes * SECONDS_A_MINUTE

    # --- steps -------------------------------------------------------------------------------------------------

    def run(self) -> Generator[Event, None, StageEnd]:
        """Train; return why the stage ended."""
        reason: StageEnd | None
        if self._steps:  # a snapshot is taken before its evaluation
            reason = yield from self._between_steps(restored=True)
            if reason:
                return reason
        while self._steps < self._stage.steps:
            yield from self._change()
            with Prefetch(self._train, self._groups(), self._session.device) as groups:
                for rows, batches in groups:
                    yield from self._step(rows, batches)
                    reason = yield from self._between_steps()
                    if reason:
                        return reason
                    if due_changes(self._session, self._place, self._changes):
                        break
        return "epochs"

    def _change(self) -> Iterator[Event]:
        """Make the changes that the user has wished; what stays among those that learn goes on as it was."""
        for change in due_changes(self._session, self._place, self._changes):
            yield from self._watch.checked(self._meter.flush())
            before, learner = self._stage, self._learner
            self._stage = before.changed(change)
            self._changes += 1
            if before.trainable == change.trainable:  # only the rate: rows enter where they did
                self._learner = Learner(self._session, self._stage, learner.parameters)
            else:
                yield from self.enter()
            self._learner.restore(learner.state(), learner.averaged.steps, learner.averaged.updates)
            yield StageChanged(
                stage=self._place,
                step=self._session.step,
                rules=change.rules,
                trained_parameters=change.trained_parameters,
                learning_rate=change.learning_rate,
            )
            self._meter.start()

    def _groups(self) -> Iterator[list[IntArray]]:
        """Yield the rows of every step that is left, in batches; seed, stage and epoch decide them."""
        in_epoch = self._stage.steps_per_epoch
        first, passed = divmod(self._steps, in_epoch)
        for epoch in range(first, self._stage.epochs):
            generator = np.random.default_rng([self._session.plan.seed, self._place, epoch])
            batches = self._train.shuffled(self._size, generator)
            groups = (list(itertools.islice(batches, self._settings.accumulation)) for _ in range(in_epoch))
            yield from itertools.islice(groups, passed, None)
            passed = 0

    def _step(self, group: Sequence[IntArray], ready: Sequence[Batch] | None) -> Iterator[Event]:
        session, settings = self._session, self._settings
        factor = rate_at(settings.schedule, self._steps, self._stage.steps, settings.warmup_share)
        set_learning_rates(self._learner.optimizer, factor)
        loss, tokens = yield from self._compute_gradients(group, ready)
        norm = session.precision.clip(self._learner.parameters, settings.max_gradient_norm)
        self._learner.step()
        self._steps += 1
        session.step += 1
        self._watch.note(session.step, group)
        told = self._meter.note(
            loss,
            norm,
            step=session.step,
            stage=self._place,
            epoch=self._epoch,
            learning_rate=self._learner.learning_rate,
            rows=sum(map(len, group)),
            tokens=tokens,
        )
        yield from self._watch.checked(told)

    def _compute_gradients(
        self, group: Sequence[IntArray], ready: Sequence[Batch] | None
    ) -> Generator[Event, None, tuple[Tensor, int]]:
        """Add up the gradients of a step; where memory ends, begin the step anew with fewer rows at once.

        Returns:
            The mean loss over all that is to be learnt in the group, on the device, and the number of their tokens.
        """
        limit = self._session.row_limit
        while True:
            tried = max(min(len(rows), limit.most or len(rows)) for rows in group)
            try:
                return self._add_up_gradients(group, ready if limit.most is None else None)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            self._learner.gradients.clear()
            limit.halve(tried)
            free_memory()
            yield RunWarning(
                message=f"The memory is too small for {tried} rows at once, so {limit.most} go through the network "
                "at a time and their gradients are added up; the result is the same."
            )

    def _add_up_gradients(self, group: Sequence[IntArray], ready: Sequence[Batch] | None) -> tuple[Tensor, int]:
        session = self._session
        total, tokens = torch.zeros((), device=session.device), 0
        learnt = max(1, sum(map(self._train.learnt, group)))
        parts = (part for chosen in group for part in session.row_limit.parts(chosen))
        for batch in ready or map(self._train.batch, parts):
            with session.precision.autocast():
                features = self._train.features(session.network, batch)
                loss = loss_of(session.network, session.task, features, batch.targets) / learnt
            session.precision.backward(loss)
            total += loss.detach()
            tokens += batch.token_count
        return total, tokens

    # --- between two steps -------------------------------------------------------------------------------------

    @property
    def _epoch(self) -> float:
        """How many epochs of the stage are done; a fraction within one."""
        done, in_epoch = divmod(self._steps, self._stage.steps_per_epoch)
        return done + in_epoch / self._stage.steps_per_epoch

    def _between_steps(self, *, restored: bool = False) -> Generator[Event, None, StageEnd | None]:
        """Evaluate and take a snapshot where it is time; return why the stage ends now, or None."""
        session = self._session
        if self._steps < self._stage.steps:
            yield from plan_changes(session, self._place, self._stage)
        saved = restored or (yield from self._heed())
        in_epoch = (self._steps - 1) % self._stage.steps_per_epoch + 1
        stopped = session.control.wish is Wish.FINISH
        evaluates = in_epoch in self._evaluate_at or stopped
        if (evaluates or time.monotonic() >= self._snapshot_due) and not saved:
            yield from self._watch.checked(self._meter.flush())
            yield from self._take_snapshot()
            self._meter.start()
        yield from saved_events(session)
        if not evaluates:
            return None
        metrics = yield from self._evaluate()
        self._meter.start()
        return "stopped" if stopped else self._rule.check(metrics)

    def _heed(self) -> Generator[Event, None, bool]:
        """Do what the user wishes; return whether a snapshot was taken for it."""
        session = self._session
        waits = session.control.wish in (Wish.PAUSE, Wish.PUT_ASIDE)
        if waits:
            yield from self._watch.checked(self._meter.flush())
            yield from self._take_snapshot()
            yield from saved_events(session, wait=True)
        yield from heed(session.control, session.step)
        if waits:
            self._meter.start()
        return waits

    def _evaluate(self) -> Generator[Event, None, dict[str, float]]:
        """Judge the last weights and, where there is one, their average; the better of the two stands for the step."""
        session, averaged = self._session, self._learner.averaged
        started = time.monotonic()
        found, by_average = evaluate(session, self._validation), False
        if averaged.exists:
            metric = session.plan.training.metric
            with averaged.in_place():
                of_average = evaluate(session, self._validation)
            by_average = not better(metric, found.metrics[metric], of_average.metrics[metric])
            found = of_average if by_average else found
        is_best = session.is_better(found.metrics)
        seconds = time.monotonic() - started
        with averaged.in_place() if by_average else nullcontext():
            if is_best:
                yield from keep_best(session, self._stage.name, found, self._place, averaged=by_average)
            yield EvaluationFinished(
                step=session.step,
                stage=self._place,
                epoch=self._epoch,
                metrics=found.metrics,
                seconds=seconds,
                is_best=is_best,
                averaged=by_average,
            )
            yield from pinned_events(session)
        yield from saved_events(session)
        return found.metrics


def evaluation_steps(steps_per_epoch: int, evaluations: int) -> set[int]:
    """Return after which steps of an epoch to evaluate, evenly spread, the last one included."""
    return {max(1, round(steps_per_epoch * part / evaluations)) for part in range(1, evaluations + 1)}
