"""What one can do with a run that stands: go on with it, try again to write, or train it for longer. Imports no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.training.events import RunHeld


class OfferKind(StrEnum):
    """What the button of an offer does."""

    CONTINUE = "continue"
    ANYWAY = "continue anyway"
    LONGER = "train longer"
    SLOWER = "continue with a lower learning rate"
    TRY_AGAIN = "try again"


@dataclass(frozen=True)
class Standing:
    """How a run lies on disk.

    Attributes:
        last_step: the step that it can be gone on with from; None where nothing was saved.
        held: whether another process is working on it.
        read: whether something is kept of reading texts of the field, before the first stage.
    """

    last_step: int | None
    held: bool
    read: bool = False


@dataclass(frozen=True)
class Offer:
    """A button, and why one might press it."""

    kind: OfferKind
    title: str
    text: str
    button: str


def held_offer(held: RunHeld) -> Offer:
    """Return what can be done with a run under way that waits because something cannot be written."""
    text = " ".join(part for part in (held.what, held.why, held.remedy, _HELD) if part)
    return Offer(OfferKind.TRY_AGAIN, "Waiting for you", text, "Try again")


def offer_of(history: RunHistory, standing: Standing, *, changed: bool) -> Offer | None:
    """Return what can be done with a run that is not under way here.

    Args:
        history: of the run.
        standing: how it lies on disk.
        changed: whether going on was just refused because something is no longer what it was.
    """
    if standing.held:
        return None
    if changed:
        return Offer(OfferKind.ANYWAY, "Continue anyway", _ANYWAY, "Continue anyway")
    if history.status is RunStatus.FINISHED:
        return None if standing.last_step is None else Offer(OfferKind.LONGER, "Train longer", _LONGER, "Train longer")
    if standing.last_step:
        button = f"Continue from step {standing.last_step:,}"
    else:
        button = "Continue" if standing.last_step == 0 or standing.read else "Start it again"
    if history.failure is not None and history.failure.diverged:
        return Offer(OfferKind.SLOWER, "The loss was no number", _SLOWER, f"{button}, half as fast")
    title, text = _words(history, standing)
    return Offer(OfferKind.CONTINUE, title, text, button)


def _words(history: RunHistory, standing: Standing) -> tuple[str, str]:
    if history.status is RunStatus.PUT_ASIDE:
        return "Put aside", "It gave its memory back and goes on from exactly where it stood."
    if history.status is RunStatus.STOPPED:
        return "Finished early", "The stages that were left can still be trained, as if it had not been stopped."
    if standing.last_step is None and standing.read:
        return "Broken off", "It was reading texts of the field, and goes on as if nothing had happened."
    if standing.last_step is None:
        return (
            "Broken off",
            "It was broken off before anything was saved, so it begins anew, with the same rows and seed.",
        )
    lost = history.step - standing.last_step
    again = f" {lost:,} steps that came after are done again." if lost > 0 else ""
    cause = "failed" if history.status is RunStatus.FAILED else "was broken off"
    return "Broken off", f"It {cause} at step {history.step:,} and goes on as if nothing had happened.{again}"


SLOWER = 0.5
_HELD = "Nothing is lost meanwhile."
_SLOWER = (
    "It goes back to the last checkpoint, and the learning rates from there on are half of what was planned. Look "
    "at the rows that are named first: a damaged one will do it again."
)
_ANYWAY = (
    "What it learnt so far stays, and the rest is learnt from the files as they are now. Its journal tells that it was "
    "wished."
)
_LONGER = (
    "A stage like the last one is added, from the best weights on. What is best now stays until something is better."
)
