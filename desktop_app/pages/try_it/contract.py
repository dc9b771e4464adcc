"""What the presenter of the Try it page needs of its view, and of whoever asks the user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.pages.try_it.words import Answer
from trainer_core.data.roles import Fields
from trainer_core.inference.prediction import EvaluationReport


class TryItViewLike(Protocol):
    """The widgets, as the presenter sees them."""

    fields_changed: SignalInstance
    run_picked: SignalInstance
    file_wished: SignalInstance
    evaluation_wished: SignalInstance
    cancel_wished: SignalInstance

    def is_seen(self) -> bool:
        """Return whether the page is in front."""
        ...

    def show_empty(self, text: str) -> None:
        """Show that there is no run to try."""

    def show_runs(self, titles: Sequence[str], chosen: int) -> None:
        """Show the page with these runs to choose from."""

    def show_fields(self, titles: Sequence[str]) -> None:
        """Show a field for each text that the model reads."""

    def show_examples(self, rows: Sequence[Fields]) -> None:
        """Offer rows of texts to click."""

    def show_busy(self, text: str) -> None:
        """Say what one is waiting for; nothing when empty."""

    def show_answer(self, answer: Answer | None) -> None:
        """Show what the model answered, or that there is nothing to answer."""

    def show_error(self, error: Exception | None) -> None:
        """Show what went wrong, or that nothing did."""

    def show_command(self, command: str) -> None:
        """Show the command that does the same."""

    def show_file_progress(self, done: int, total: int) -> None:
        """Show how far a file is; ``total`` is 0 where nobody knows yet."""

    def show_file_end(self, text: str) -> None:
        """Say how a file ended; nothing when empty."""

    def show_report(self, name: str, report: EvaluationReport) -> None:
        """Show how the model does on a file of this name."""


class FileQuestions(Protocol):
    """Asks the user for files, and before something is lost."""

    def choose_texts(self, folder: Path) -> Path | None:
        """Ask for a file with texts; None when the user changed their mind."""
        ...

    def choose_answers(self, folder: Path) -> Path | None:
        """Ask for a file with texts and the right answers."""
        ...

    def choose_target(self, suggestion: Path) -> Path | None:
        """Ask where the predictions go."""
        ...

    def may_replace(self, path: Path) -> bool:
        """Ask whether a file that is there may be replaced."""
        ...

    def may_forget_verdicts(self, count: int) -> bool:
        """Ask whether all verdicts on answers may be taken back."""
        ...
