"""What is offered for a run that is not under way, in words."""

from __future__ import annotations

import pytest

from desktop_app.pages.train.offer import OfferKind, Standing, offer_of
from tests.support.runs import history_of
from trainer_core.runs.history import RunHistory
from trainer_core.training.events import Best, Event, RunFailed, RunFinished, RunPaused, RunPutAside

SAVED = Standing(54, held=False)


def after(*events: Event) -> RunHistory:
    """Return the history of a run that came to step 60, and then to this."""
    return history_of(60).apply_all(events)


FINISHED = RunFinished(
    folder="", seconds=1.0, best=Best(metric="macro_f1", value=0.9, step=54, stage="top"), metrics={}
)


@pytest.mark.parametrize(
    ("history", "kind", "title", "button"),
    [
        (after(), OfferKind.CONTINUE, "Broken off", "Continue from step 54"),
        (after(RunPaused(step=60)), OfferKind.CONTINUE, "Broken off", "Continue from step 54"),
        (after(RunFailed(what="The disk is full.")), OfferKind.CONTINUE, "Broken off", "Continue from step 54"),
        (after(RunPutAside(folder="", step=60)), OfferKind.CONTINUE, "Put aside", "Continue from step 54"),
        (
            after(FINISHED.model_copy(update={"stopped": True})),
            OfferKind.CONTINUE,
            "Finished early",
            "Continue from step 54",
        ),
        (after(FINISHED), OfferKind.LONGER, "Train longer", "Train longer"),
        (
            after(RunFailed(what="The loss is no longer a number.", diverged=True)),
            OfferKind.SLOWER,
            "The loss was no number",
            "Continue from step 54, half as fast",
        ),
    ],
)
def test_every_end_has_its_offer(history: RunHistory, kind: OfferKind, title: str, button: str) -> None:
    offer = offer_of(history, SAVED, changed=False)
    assert offer is not None
    assert (offer.kind, offer.title, offer.button) == (kind, title, button)
    assert offer.text.endswith(".")


def test_what_has_changed_comes_before_everything_else() -> None:
    offer = offer_of(after(RunFailed(what="tickets.tsv has changed.")), SAVED, changed=True)
    assert offer is not None
    assert offer.kind is OfferKind.ANYWAY


def test_nothing_is_offered_for_a_run_that_somebody_works_on_or_that_kept_nothing_to_go_on_from() -> None:
    assert offer_of(after(), Standing(54, held=True), changed=False) is None
    assert offer_of(after(FINISHED), Standing(None, held=False), changed=False) is None


def test_a_failure_before_anything_was_saved_is_started_again() -> None:
    offer = offer_of(after(RunFailed(what="x")), Standing(None, held=False), changed=False)
    assert offer is not None
    assert offer.button == "Start it again"


@pytest.mark.parametrize(
    ("history", "title"),
    [(RunHistory().apply_all([RunPutAside(folder="", step=0)]), "Put aside"), (RunHistory(), "Broken off")],
)
def test_a_run_that_was_reading_goes_on_and_does_not_begin_anew(history: RunHistory, title: str) -> None:
    offer = offer_of(history, Standing(None, held=False, read=True), changed=False)
    assert offer is not None
    assert (offer.title, offer.button) == (title, "Continue")
    assert "anew" not in offer.text
