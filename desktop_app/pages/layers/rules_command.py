"""A change of what a stage thaws, which can be taken back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

Rules = tuple[str, ...]


class RulesCommand(QUndoCommand):
    """One change of one stage's rules.

    Args:
        what: the change, in words.
        place: which stage, from 0.
        before: its rules until now.
        after: its rules from now on.
        write: gives a stage its rules.
    """

    def __init__(self, what: str, place: int, before: Rules, after: Rules, write: Callable[[int, Rules], None]) -> None:
        super().__init__(what)
        self._place = place
        self._before = before
        self._after = after
        self._write = write

    def redo(self) -> None:
        """Make the change."""
        self._write(self._place, self._after)

    def undo(self) -> None:
        """Take it back."""
        self._write(self._place, self._before)
