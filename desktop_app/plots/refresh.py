"""The one timer that redraws: curves ten times a second, texts once. It stands still while nothing can change."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

CURVES_MILLISECONDS = 100
TEXT_EVERY = 10
"""Texts are due at every tenth tick."""


class Drawable(Protocol):
    """What can be redrawn."""

    def redraw_if_needed(self) -> bool:
        """Draw when it is visible and its data changed; return whether it did."""
        ...


class Refresher(QObject):
    """Ticks for all plots of the window."""

    text_due = Signal()
    """Texts that change with a run should be written now; at most once a second."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._plots: list[Drawable] = []
        self._ticks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(CURVES_MILLISECONDS)
        self._timer.timeout.connect(self.tick)

    @property
    def running(self) -> bool:
        """Whether it ticks."""
        return self._timer.isActive()

    def add(self, plot: Drawable) -> None:
        """Redraw this plot from now on."""
        self._plots.append(plot)

    def start(self) -> None:
        """Tick from now on."""
        if not self.running:
            self._timer.start()

    def stop(self) -> None:
        """Redraw once more and stand still."""
        self._timer.stop()
        self.refresh()

    def refresh(self) -> None:
        """Redraw now what changed, texts included."""
        for plot in self._plots:
            plot.redraw_if_needed()
        self.text_due.emit()

    def tick(self) -> None:
        """Redraw the curves that changed; every tenth time the texts are due as well."""
        for plot in self._plots:
            plot.redraw_if_needed()
        self._ticks += 1
        if self._ticks % TEXT_EVERY == 0:
            self.text_due.emit()
