"""What the model answers to the rows that the user has pinned, each time it is measured."""

from __future__ import annotations

import time
from collections.abc import Iterator

from trainer_core.training.events import Event, PinnedAnswer, PinnedAnswered
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.session import TrainingSession


def pinned_events(session: TrainingSession) -> Iterator[Event]:
    """Let the network answer as it is; training modes are put back.

    Yields:
        What it answered, where something is pinned.

    Raises:
        PutAside, Discarded: the user wishes it, and does not wait for a long answer.
    """
    started = time.monotonic()
    try:
        predictions = session.answer_pinned()
    finally:
        set_training_modes(session.network)
    if predictions:
        answers = [PinnedAnswer(fields=one.fields, answer=one.answer, values=one.values()) for one in predictions]
        yield PinnedAnswered(step=session.step, answers=answers, seconds=time.monotonic() - started)
