"""What the window expects of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget


class PageState(StrEnum):
    """The mark beside a page's name: nothing to see yet, at work, all well, or something to mend."""

    EMPTY = "empty"
    BUSY = "busy"
    OK = "ok"
    PROBLEM = "problem"


class PagePresenter(Protocol):
    """The logic of a page. Owns no widget; ``state_changed`` tells that ``state`` or ``problems`` changed."""

    state_changed: SignalInstance

    @property
    def state(self) -> PageState:
        """The mark beside the page's name."""
        ...

    @property
    def problems(self) -> list[str]:
        """What has to be mended before training, one sentence each."""
        ...


class NoticeView(Protocol):
    """A view that can show what came of the user's last doing."""

    def show_error(self, error: Exception) -> None:
        """Show why what the user did was refused."""
        ...

    def show_warning(self, text: str) -> None:
        """Show something the user has to know about what they did."""
        ...

    def clear_notice(self) -> None:
        """Show no error and no warning."""
        ...


class WaitingPageView(Protocol):
    """A view that can show its content only once the model is known, as ``page_views.WaitingPage`` has it."""

    look_again_wished: SignalInstance

    def show_waiting(self, title: str, text: str) -> None:
        """Show that there is no content yet, and why."""
        ...

    def show_error(self, error: Exception) -> None:
        """Show why there is no content."""
        ...

    def show_content(self) -> None:
        """Show the content."""
        ...

    def set_problem(self, text: str) -> None:
        """Show what forbids training; nothing when empty."""
        ...


@dataclass(frozen=True)
class Page:
    """One entry of the navigation.

    Attributes:
        key: a stable name, e.g. ``layers``.
        title: what the navigation shows.
        icon: a qtawesome icon name.
        view: the widget.
        presenter: its logic.
        shown: called when the page comes to the front.
        leads: signals with which this page sends the user to another one, by that page's key; a signal may carry
            the run that shall be shown there.
    """

    key: str
    title: str
    icon: str
    view: QWidget
    presenter: PagePresenter
    shown: Callable[[], None] = lambda: None
    leads: Mapping[str, SignalInstance] = field(default_factory=dict)


@dataclass(frozen=True)
class PageEntry:
    """A page that is made when it is needed: what the navigation shows, and how it is made."""

    key: str
    title: str
    icon: str
    build: Callable[[], Page]
