"""Every event of a run is in its journal before anybody hears of it; errors too, in their three layers."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Generator, Iterator, Sequence
from functools import partial

from trainer_core.disk import refused_in_words
from trainer_core.errors import RunDiverged, ThawError
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.journal import Journal
from trainer_core.training.control import Control, Discarded, PutAside, Wish
from trainer_core.training.events import Event, RunFailed, RunHeld, RunPutAside, StepFinished
from trainer_core.training.holding import until_written


def journalled(
    folder: RunFolder, control: Control, events: Generator[Event, None, None], *, first: Sequence[Event] = ()
) -> Iterator[Event]:
    """Write every event to the run's journal before it is yielded.

    Where the journal cannot be written the run is held, as everywhere.

    Args:
        folder: the run's.
        control: how the user answers.
        events: of the run.
        first: what is told before them.

    Raises:
        InputError: the journal cannot even be opened.
    """
    step = 0
    with refused_in_words(folder.path, "The run cannot be written."):
        opened = Journal(folder.journal_file)
    with opened as journal, contextlib.closing(events):
        try:
            for event in _chained(first, events):
                step = event.step if isinstance(event, StepFinished) else step
                yield from _append(journal, event, control, step)
                yield event
        except Discarded:
            raise
        except PutAside:
            events.close()
            aside = RunPutAside(folder=str(folder.path), step=folder.last_step or 0)
            with contextlib.suppress(OSError):
                journal.append(aside)
            yield aside
        except Exception as error:
            failed = _failure(error)
            with contextlib.suppress(OSError):
                journal.append(failed)
            yield failed
            raise


def _chained(first: Sequence[Event], events: Iterator[Event]) -> Iterator[Event]:
    yield from first
    yield from events


def _append(journal: Journal, event: Event, control: Control, step: int) -> Iterator[Event]:
    if isinstance(event, RunHeld) or control.wish in (Wish.PUT_ASIDE, Wish.DISCARD):
        with contextlib.suppress(OSError):  # the run waits already, or ends here; what stands in the journal is true
            journal.append(event)
        return
    yield from until_written(control, step, partial(journal.append, event))


def _failure(error: Exception) -> RunFailed:
    if isinstance(error, ThawError):
        diverged = isinstance(error, RunDiverged)
        return RunFailed(what=error.what, why=error.why, remedy=error.remedy, diverged=diverged)
    return RunFailed(
        what=f"Training ended with an error: {error}" if str(error) else "Training ended with an error.",
        why=type(error).__name__,
        remedy="What was best before is kept in the run's folder.",
        traceback="".join(traceback.format_exception(error)),
    )
