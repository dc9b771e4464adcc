"""What travels the other way: wishes of the user that the loop asks for between two steps. Imports no torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from enum import StrEnum

from trainer_core.stages.changes import ChangeWish
from trainer_core.training.events import Event, RunContinued, RunPaused


class Wish(StrEnum):
    """What shall become of the run after the step at hand."""

    GO_ON = "go on"
    PAUSE = "pause"
    FINISH = "finish"
    PUT_ASIDE = "put aside"
    DISCARD = "discard"


ENDING = (Wish.FINISH, Wish.PUT_ASIDE, Wish.DISCARD)
"""Wishes after which the run is no longer under way."""

_FORCE = {Wish.GO_ON: 0, Wish.PAUSE: 0, Wish.FINISH: 1, Wish.PUT_ASIDE: 1, Wish.DISCARD: 2}
"""A wish gives way to those of the same or more force: an end that was asked for is not taken back by a pause."""


class PutAside(Exception):
    """The run gives its memory back here, to go on later as if nothing had happened."""


class Discarded(Exception):
    """The run ends here, and nothing of it is kept."""


class Interrupted(Exception):
    """Long work was broken off because something is wished; what of it is lost is done again afterwards."""


class Control:
    """A wish box shared by the thread that runs the loop and the one that shows it. No call ever waits for a step."""

    def __init__(self) -> None:
        self._wish = Wish.GO_ON
        self._answer: Wish | None = Wish.GO_ON
        self._changes: deque[ChangeWish] = deque()
        self._changed = threading.Condition()

    @property
    def wish(self) -> Wish:
        """What is wished now."""
        return self._wish

    def go_on(self) -> None:
        """Take a pause back; or try again to write what could not be written."""
        self._ask(Wish.GO_ON)

    def pause(self) -> None:
        """Ask the loop to wait after the step at hand, with the model in memory."""
        self._ask(Wish.PAUSE)

    def finish_now(self) -> None:
        """Ask the loop to end after the step at hand; what was best so far is kept."""
        self._ask(Wish.FINISH)

    def put_aside(self) -> None:
        """Ask the loop to save where it stands and give its memory back; the run can be gone on with later."""
        self._ask(Wish.PUT_ASIDE)

    def discard(self) -> None:
        """Ask the loop to end, and nothing of the run to be kept."""
        self._ask(Wish.DISCARD)

    def change(self, wish: ChangeWish) -> None:
        """Ask for another set of learning layers, or another learning rate, in the stage that is running."""
        self._changes.append(wish)

    def take_changes(self) -> Iterator[ChangeWish]:
        """Yield what was asked for since the last call, in order."""
        while self._changes:
            yield self._changes.popleft()

    def hold(self) -> None:
        """Begin to wait for an answer: what was wished before is none."""
        with self._changed:
            self._answer = None

    def wait_for_answer(self) -> None:
        """Block until the user has answered since ``hold``; a pause is no answer.

        Raises:
            PutAside: the run shall end here, without what could not be written.
            Discarded: nothing is kept.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._answer not in (None, Wish.PAUSE))
            answer = self._answer
        if answer in (Wish.PUT_ASIDE, Wish.DISCARD):
            self.check()

    def wait_out_pause(self) -> None:
        """Block while a pause is wished."""
        with self._changed:
            self._changed.wait_for(lambda: self._wish is not Wish.PAUSE)

    def check(self) -> None:
        """End here where the run shall be put aside or discarded; for the middle of long work.

        Raises:
            PutAside: what was done since the last checkpoint is done again later.
            Discarded: nothing is kept.
        """
        if self._wish is Wish.PUT_ASIDE:
            raise PutAside
        if self._wish is Wish.DISCARD:
            raise Discarded

    def break_off(self) -> None:
        """Break long work off where something is wished that cannot wait for its end.

        Raises:
            Interrupted: ``heed`` tells what to do about it.
        """
        if self._wish in (Wish.PAUSE, Wish.PUT_ASIDE, Wish.DISCARD):
            raise Interrupted

    def _ask(self, wish: Wish) -> None:
        with self._changed:
            self._answer = wish
            if _FORCE[wish] >= _FORCE[self._wish]:
                self._wish = wish
            self._changed.notify_all()


def heed(control: Control, step: int) -> Iterator[Event]:
    """Wait as long as a pause is wished, then end or go on as is wished.

    Raises:
        PutAside: see ``Control.check``.
        Discarded: likewise.
    """
    if control.wish is Wish.PAUSE:
        yield RunPaused(step=step)
        control.wait_out_pause()
        if control.wish in (Wish.GO_ON, Wish.FINISH):
            yield RunContinued(step=step)
    control.check()
