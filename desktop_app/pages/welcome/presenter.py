"""The logic of the welcome page: each door is one of the window's project actions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject

from desktop_app.pages.marks import MarkedPresenter

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance

    from trainer_core.resources import StarterProject


class WelcomeScreen(Protocol):
    """What the presenter needs of its view."""

    example_wished: SignalInstance
    new_wished: SignalInstance
    open_wished: SignalInstance
    recent_wished: SignalInstance

    def set_examples(self, examples: Sequence[tuple[str, str]]) -> None:
        """Offer the examples behind the first one: title and what it shows."""
        ...

    def set_recent(self, projects: Sequence[tuple[str, str]]) -> None:
        """Show recent projects: name and folder."""
        ...


class Doors(Protocol):
    """The actions behind the doors."""

    recent_changed: SignalInstance

    def examples(self) -> Sequence[StarterProject]:
        """Return the projects that Thaw ships with."""
        ...

    def open_example(self, place: int) -> None:
        """Open one of the projects that Thaw ships with."""
        ...

    def new(self) -> None:
        """Begin a project on a data file."""
        ...

    def open(self) -> None:
        """Open a project file."""
        ...

    def open_path(self, path: Path) -> None:
        """Open this file."""
        ...

    def recent(self) -> Sequence[Path]:
        """Return the recent projects."""
        ...


class WelcomePresenter(MarkedPresenter):
    """Connects the doors; has no problem and no state of its own."""

    def __init__(self, view: WelcomeScreen, doors: Doors, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._doors = doors
        self._recent: tuple[Path, ...] = ()
        view.example_wished.connect(doors.open_example)
        view.new_wished.connect(doors.new)
        view.open_wished.connect(doors.open)
        view.recent_wished.connect(self._on_recent_wished)
        doors.recent_changed.connect(self.show_recent)
        view.set_examples([(example.title, example.text) for example in doors.examples()[1:]])
        self.show_recent()

    def show_recent(self) -> None:
        """Show the recent projects that are still there."""
        self._recent = tuple(self._doors.recent())
        self._view.set_recent([(path.stem.replace("_", " "), str(path.parent)) for path in self._recent])

    def _on_recent_wished(self, place: int) -> None:
        self._doors.open_path(self._recent[place])
