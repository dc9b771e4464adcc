"""Where something cannot be written the run is held, not lost: the user mends it and says *Try again*."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from trainer_core.disk import refusal_of
from trainer_core.training.control import Control
from trainer_core.training.events import Event, RunContinued, RunHeld

Result = TypeVar("Result")


def until_written(control: Control, step: int, write: Callable[[], Result]) -> Generator[Event, None, Result]:
    """Do what writes to disk; where it cannot be done, wait for the user, and do it again.

    Args:
        control: how the user answers.
        step: optimiser steps done.
        write: can be called again where it raised ``OSError``.

    Raises:
        PutAside: the user answered so; the run can be gone on with from what was written last.
        Discarded: likewise.
    """
    held = False
    while True:
        try:
            result = write()
        except OSError as error:
            held = True
            control.hold()
            yield _held_by(error, step)
            control.wait_for_answer()
        else:
            if held:
                yield RunContinued(step=step)
            return result


def _held_by(error: OSError, step: int) -> RunHeld:
    refusal = refusal_of(error)
    return RunHeld(
        step=step,
        what="The run waits: what it has learnt cannot be written.",
        why=f"{refusal.where}: {refusal.why}" if refusal.where else refusal.why,
        remedy=refusal.remedy,
    )
