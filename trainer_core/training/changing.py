"""What the user changes in a running stage: which layers learn, and how fast.

A change becomes part of the run's plan before it is made, under the step after which it is made. So whoever goes on
with the run from before that step makes it again, at the same place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from trainer_core.errors import InputError
from trainer_core.stages.changes import resolve_change
from trainer_core.stages.plan import StageChange, StagePlan
from trainer_core.training.events import Event, RunWarning
from trainer_core.training.holding import until_written
from trainer_core.training.session import TrainingSession


def plan_changes(session: TrainingSession, place: int, stage: StagePlan) -> Iterator[Event]:
    """Put what the user wishes into the plan, to be made after the present step.

    Args:
        session: the run.
        place: which stage.
        stage: as it is now.
    """
    for wish in session.control.take_changes():
        try:
            quantised = session.plan.quantised
            change = resolve_change(wish, stage, session.tree, place=place, step=session.step, quantised=quantised)
        except InputError as error:
            yield RunWarning(message=f"The stage was not changed. {error}")
            continue
        plan = session.plan.with_change(change)
        yield from until_written(session.control, session.step, partial(session.keep_plan, plan))
        session.plan, stage = plan, stage.changed(change)


def due_changes(session: TrainingSession, place: int, made: int) -> tuple[StageChange, ...]:
    """Return the changes of a stage that are to be made before its next step.

    Args:
        session: the run.
        place: which stage.
        made: how many of the stage's changes were made already.
    """
    return tuple(change for change in session.plan.changes_of(place)[made:] if change.step <= session.step)


def left_over(session: TrainingSession) -> Iterator[Event]:
    """Tell of wishes that came too late for the stage that has just ended."""
    for _ in session.control.take_changes():
        yield RunWarning(message="The stage ended before its change could be made.")
