"""What an engine is: it runs a project and yields the run's events. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trainer_core.project.schema import Project
from trainer_core.runs.folder import RunFolder
from trainer_core.training.control import Control
from trainer_core.training.events import Event


@dataclass(frozen=True)
class GoOn:
    """How to go on with a run.

    Attributes:
        anyway: even where the project, the data or the model is no longer what it was.
        epochs: so many more than planned.
        rate_factor: by which the learning rates of what is left are multiplied.
    """

    anyway: bool = False
    epochs: int = 0
    rate_factor: float = 1.0


PLAINLY = GoOn()


class Engine(Protocol):
    """Where the loop runs. Each event was written to the journal before it is yielded."""

    @property
    def folder(self) -> RunFolder | None:
        """The run's folder, once it was made; it is there before the first event."""
        ...

    def run(self, project: Project, project_file: Path, runs: Path | None, control: Control) -> Iterator[Event]:
        """Check the input, make a run folder, train, and yield every event of the run.

        Args:
            project: what the user wants.
            project_file: where it was read from; its paths are relative to it.
            runs: the folder below which the run folder is made; None for ``runs`` beside the project file.
            control: the user's wishes while it runs.

        Raises:
            InputError: the input is at fault; raised before anything is written.
            Exception: anything else that ends the run; ``run_failed`` was yielded before.
        """
        ...

    def resume(self, run: Path, control: Control, how: GoOn = PLAINLY) -> Iterator[Event]:
        """Go on with a run from the last moment that was saved, and yield the events from there.

        Args:
            run: its folder.
            control: the user's wishes while it runs.
            how: what else is wished; a run that came to its end needs some epochs more.

        Raises:
            RunChanged: something is no longer what it was, and ``anyway`` was not said; nothing was written then.
            InputError: the run cannot be gone on with; likewise.
            Exception: anything else that ends the run; ``run_failed`` was yielded before.
        """
        ...
