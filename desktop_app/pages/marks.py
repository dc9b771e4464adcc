"""The part that most presenters share: the mark beside the page's name. Owns no widget."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from desktop_app.pages.base import PageState


class MarkedPresenter(QObject):
    """A presenter that keeps its page's mark and its problems, and tells when one of them changed."""

    state_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = PageState.EMPTY
        self._problems: tuple[str, ...] = ()

    @property
    def state(self) -> PageState:
        """The mark beside the page's name."""
        return self._state

    @property
    def problems(self) -> list[str]:
        """What has to be mended before training, one sentence each."""
        return list(self._problems)

    def _set_state(self, state: PageState, problems: Sequence[str] = ()) -> None:
        if (state, tuple(problems)) != (self._state, self._problems):
            self._state, self._problems = state, tuple(problems)
            self.state_changed.emit()


def state_of(*, opened: bool, known: bool, problems: Sequence[str]) -> PageState:
    """Return the mark of a page that shows what a job finds out about an open project."""
    if not opened:
        return PageState.EMPTY
    if problems:
        return PageState.PROBLEM
    return PageState.OK if known else PageState.BUSY
