"""What the loop hands to the checkpoints: snapshots to go on from, and the best weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from torch import Tensor

from trainer_core.models.build import load_tensors
from trainer_core.training.evaluate import Evaluation
from trainer_core.training.events import CheckpointSaved, Event
from trainer_core.training.holding import until_written
from trainer_core.training.session import TrainingSession
from trainer_core.training.snapshot import BestSoFar, Snapshot, SnapshotFacts, StageCounters, random_states

MOST_COPIED = 32 * 2**20
"""How many bytes are copied where the CPU trains."""

Copying = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def take_snapshot(session: TrainingSession, counters: StageCounters, state: Mapping[str, Tensor]) -> Iterator[Event]:
    """Begin to save the present moment; training may go on when this has come to its end.

    Args:
        session: the run.
        counters: how far the stage has come.
        state: the tensors of the stage's optimiser and average.
    """
    facts = SnapshotFacts(
        step=session.step,
        stage=counters,
        precision=session.precision.precision,
        pooling=session.network.pooling,
        changed=tuple(sorted(session.changed)),
        best=session.best,
        rows_at_once=session.row_limit.most,
    )
    weights, state = session.changed_tensors(), {**state, **random_states(session.device)}

    def save(copied: Copying) -> None:
        session.checkpoints.save(Snapshot(facts, copied(weights), copied(state)))

    yield from _hand_over(session, [*weights.values(), *state.values()], save)


def keep_best(
    session: TrainingSession, stage: str, found: Evaluation, place: int, *, averaged: bool = False
) -> Iterator[Event]:
    """Make the present weights the best of the run.

    Args:
        session: the run; a snapshot of its present step was taken, unless it has made no step.
        stage: what made these weights, by name.
        found: how they do on the validation rows.
        place: which stage.
        averaged: whether a moving average stands in for the weights, which the snapshot does not hold in their place.
    """
    calibration = session.task.calibrate(session.validation, found.scores)
    session.best = best = BestSoFar(
        metric=session.plan.training.metric,
        step=session.step,
        stage=stage,
        metrics=found.metrics,
        averaged=averaged,
        facts={name: tuple(values) for name, values in calibration.items()},
    )
    if session.step and not averaged:
        session.checkpoints.mark_best(session.step, place, best.facts)
    else:
        weights = session.changed_tensors()

        def save(copied: Copying) -> None:
            session.checkpoints.save_best(session.step, place, copied(weights), session.checkpoint_facts(), best.facts)

        yield from _hand_over(session, list(weights.values()), save)


def _hand_over(session: TrainingSession, tensors: Sequence[Tensor], save: Callable[[Copying], None]) -> Iterator[Event]:
    """Begin to save tensors, made fit to be written while training goes on.

    They are copied, so that they stay as they are. Only where that would double much memory of the CPU, on which
    training would have to share the cores with the writing anyway, they are written as they lie, and waited for.
    """
    if session.device.type == "cpu" and sum(tensor.nbytes for tensor in tensors) > MOST_COPIED:
        save(_as_they_lie)
        yield from until_written(session.control, session.step, session.checkpoints.wait)
    else:
        save(_copied)


def _as_they_lie(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors as they are; of two that share their memory, as tied ones do, a file needs one of its own."""
    found: dict[int, str] = {}
    return {
        name: tensor if found.setdefault(tensor.data_ptr(), name) == name else tensor.clone()
        for name, tensor in named.items()
    }


def _copied(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.to("cpu", copy=True).contiguous() for name, tensor in named.items()}


def restore_network(session: TrainingSession, snapshot: Snapshot) -> None:
    """Put a run back to where a snapshot was taken; the stage's own part is restored by the stage."""
    facts = snapshot.facts
    load_tensors(session.network, dict(snapshot.weights))
    session.network.pooling = facts.pooling
    session.step, session.best, session.changed = facts.step, facts.best, set(facts.changed)
    session.row_limit.most = facts.rows_at_once


def saved_events(session: TrainingSession, *, wait: bool = False) -> Iterator[Event]:
    """Yield what was saved meanwhile; with ``wait``, all that was begun. What cannot be written holds the run."""
    found = yield from until_written(session.control, session.step, lambda: session.checkpoints.saved(wait=wait))
    for saved in found:
        yield CheckpointSaved(step=saved.step, stage=saved.stage, path=saved.path, bytes=saved.bytes, best=saved.best)
