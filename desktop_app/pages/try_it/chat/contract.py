"""What the presenter of the chat needs of its view, and of the page around it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.verdict_words import Standing
from desktop_app.pages.try_it.chat.words import Reply
from desktop_app.pages.try_it.predicting import LoadedRun
from trainer_core.data.roles import Fields
from trainer_core.inference.written import WritingSettings
from trainer_core.results.verdicts import Verdict
from trainer_core.runs.folder import RunFolder


class Kind(StrEnum):
    """What one does with the model: no writing at all, a conversation, or texts that it goes on with."""

    NONE = "none"
    CHAT = "chat"
    TEXT = "text"


class Pen(StrEnum):
    """Whether a model writes at the moment, or was asked to end."""

    RESTING = "resting"
    WRITING = "writing"
    STOPPING = "stopping"


class ChatViewLike(Protocol):
    """The widgets, as the presenter sees them."""

    sent: SignalInstance
    """A message."""
    stop_wished: SignalInstance
    again_wished: SignalInstance
    """Another answer of a ``Voice`` is wished in place of its last one."""
    new_wished: SignalInstance
    comparison_wished: SignalInstance
    """Answers of the model as it was are wished too, or no longer."""

    def settings(self) -> WritingSettings:
        """Return how answers are to be written."""
        ...

    def system_prompt(self) -> str:
        """Return what is to stand before every conversation."""
        ...

    def show_kind(self, kind: Kind) -> None:
        """Take the place of the text fields, or leave it to them."""

    def show_first_messages(self, texts: Sequence[str]) -> None:
        """Offer messages to begin with."""

    def clear_draft(self, sent: str) -> None:
        """Forget what stands in the input box, if that was sent."""

    def add_turn(self, question: str) -> None:
        """Show what the user said, at the end."""

    def show_reply(self, place: int, voice: Voice, reply: Reply) -> None:
        """Show an answer of a turn."""

    def grow_reply(self, place: int, voice: Voice, piece: str) -> None:
        """Show what was written on of an answer."""

    def clear_turns(self) -> None:
        """Show no conversation."""

    def show_pen(self, pen: Pen) -> None:
        """Offer to send, or to stop."""

    def show_comparison(self, *, on: bool, loading: bool) -> None:
        """Show the answers of the model as it was beside the others, or not; ``loading`` while it is being read."""

    def show_comparison_error(self, error: Exception | None) -> None:
        """Show why there is nothing to compare with, or nothing."""


class JudgingViewLike(Protocol):
    """The widgets of verdicts, as their logic sees them."""

    verdict_clicked: SignalInstance
    """The place of a turn, and the ``Verdict`` on its answers, also the one that stands already."""
    all_back_wished: SignalInstance
    keeping_wished: SignalInstance
    """What could not be kept is to be tried again."""

    def show_verdict(self, place: int, *, offered: bool, verdict: Verdict | None) -> None:
        """Offer to judge the answers of a turn, or not, and show the verdict on them."""

    def show_standing(self, standing: Standing | None) -> None:
        """Show how all verdicts stand, or nothing."""

    def show_keeping_error(self, error: Exception | None) -> None:
        """Show why verdicts could not be kept or read, or nothing."""


class JudgingQuestions(Protocol):
    """Asks the user before verdicts are lost."""

    def may_forget_verdicts(self, count: int) -> bool:
        """Ask whether all verdicts may be taken back."""
        ...


class ChatHost(Protocol):
    """The page around the chat, which knows the run and loads its model."""

    run_changed: SignalInstance
    """Another run answers from now on."""
    model_loaded: SignalInstance
    """Its model is ready: a ``LoadedRun``."""
    model_missing: SignalInstance
    """Its model could not be loaded; the page says why."""

    @property
    def run(self) -> RunFolder | None:
        """Whose model answers."""
        ...

    def model(self) -> LoadedRun | None:
        """Return the best model of the run; None while it has to be loaded, which begins then."""
        ...

    def show_error(self, error: Exception | None) -> None:
        """Show what went wrong, or that nothing did."""

    def show_asked(self, fields: Fields) -> None:
        """Show the command that asks the same without the window."""

    def set_busy(self, busy: bool) -> None:
        """Mark the page as at work, or not."""
