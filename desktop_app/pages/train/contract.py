"""What the presenter of the Train page needs of its view."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.pages.train.feed import RunFeed
from desktop_app.pages.train.offer import Offer
from desktop_app.pages.train.pinned_words import Moment, PinForm
from desktop_app.pages.train.words import Fact, Progress, Summary
from trainer_core.layers.tree import LayerTree
from trainer_core.stages.plan import StagePlan


class PinnedViewLike(Protocol):
    """What the presenter of the pinned texts needs of its part of the view."""

    moment_chosen: SignalInstance
    pins_wished: SignalInstance
    pins_given: SignalInstance

    def show_moment(self, moment: Moment | None) -> None:
        """Show what was answered at a moment; None where nothing was."""

    def show_note(self, text: str) -> None:
        """Say what has to be known of what is pinned; nothing when empty."""

    def ask_pins(self, form: PinForm) -> None:
        """Let the user write what shall be pinned."""

    def refuse_pins(self, error: Exception) -> None:
        """Show why what was written is not taken."""

    def close_pins(self) -> None:
        """Ask no longer: what was written is pinned."""


class TrainViewLike(Protocol):
    """What the presenter needs of the view."""

    folder_wished: SignalInstance
    try_wished: SignalInstance
    live_wished: SignalInstance
    offer_taken: SignalInstance
    change_wished: SignalInstance
    change_made: SignalInstance
    text_due: SignalInstance

    @property
    def pinned(self) -> PinnedViewLike:
        """What is shown of the pinned texts."""
        ...

    def show_empty(self, text: str, *, pinnable: bool) -> None:
        """Show that there is no run, and whether texts can be pinned for the first one."""

    def show_run(self, feed: RunFeed, *, live: bool) -> None:
        """Draw what the feed holds; it grows while ``live``."""

    def make_plots(self) -> None:
        """Make the plots: their libraries are there now."""

    def show_headline(self, text: str) -> None:
        """Show how the run stands."""

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """List what is known of the run."""

    def show_progress(self, work: Progress | None, run: Progress | None) -> None:
        """Show the bars."""

    def show_failure(self, error: Exception | None) -> None:
        """Show why the run failed, or that it did not."""

    def show_warnings(self, warnings: Sequence[str]) -> None:
        """Show what the run warned of."""

    def show_summary(self, summary: Summary | None) -> None:
        """Show how the run came out, or nothing."""

    def show_offer(self, offer: Offer | None, *, enabled: bool) -> None:
        """Show what can be done with a run that stands, or nothing."""

    def show_changeable(self, changeable: bool) -> None:
        """Offer to change the stage that is running, or not."""

    def ask_change(self, tree: LayerTree, stage: StagePlan) -> None:
        """Show a running stage as it is, and let the user change it."""

    def show_other_run(self, text: str) -> None:
        """Say that another run is under way, or nothing when empty."""

    def open_folder(self, folder: Path) -> None:
        """Show a folder in the system's file manager."""
