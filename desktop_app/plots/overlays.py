"""Bands, baselines and marks of a live plot, as pyqtgraph items that are made again only when they changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF

from desktop_app.plots.marks import Band, Baseline, Marks
from desktop_app.theme import Theme

BASELINE_COLOR = "muted"
BEST_COLOR = "warm"
SAVED_COLOR = "muted"
LABEL_MARGIN = 6
"""Free pixels at both sides of a band's name."""


class Bands:
    """Stretches behind the curves, every second one shaded, with their names at the top."""

    def __init__(self, plot: Any, theme: Theme) -> None:
        self._plot = plot
        self._theme = theme
        self._bands: tuple[Band, ...] = ()
        self._regions: list[Any] = []
        self._names: list[Any] = []

    def show(self, bands: Sequence[Band]) -> None:
        """Show these bands; one that only grew is moved, not made again."""
        self._bands = tuple(bands)
        while len(self._regions) > len(bands):
            self._plot.removeItem(self._regions.pop())
            self._plot.removeItem(self._names.pop())
        while len(self._regions) < len(bands):
            self._add()
        for region, band in zip(self._regions, bands, strict=True):
            region.setRegion((band.start, band.end))
        self.place()

    def dress(self) -> None:
        """Take the colours of the theme."""
        shade = self._theme.color("muted")
        for number, region in enumerate(self._regions):
            shade.setAlpha(24 if number % 2 else 8)
            region.setBrush(shade)
            for line in region.lines:
                line.setPen(pg.mkPen(None))
        for name in self._names:
            name.setColor(self._theme.color("muted"))

    def place(self) -> None:
        """Put the names to the top of what is in view, shortened where a band is narrow."""
        (left, right), (_, top) = self._plot.vb.viewRange()
        scale = self._plot.vb.width() / max(right - left, 1e-12)
        for name, band in zip(self._names, self._bands, strict=True):
            start, end = max(band.start, left), min(band.end, right)
            metrics = QFontMetricsF(name.textItem.font())
            room = (end - start) * scale - 2 * LABEL_MARGIN
            text = metrics.elidedText(band.name, Qt.TextElideMode.ElideRight, room)
            name.setVisible(room > metrics.horizontalAdvance("m") and len(text) > 1)
            name.setText(text, self._theme.color("muted"))
            name.setPos(start + LABEL_MARGIN / scale / 2, top)

    def _add(self) -> None:
        region = pg.LinearRegionItem((0, 0), movable=False)
        region.setZValue(-20)
        name = pg.TextItem("", anchor=(0, 0))
        name.setZValue(5)
        self._plot.addItem(region, ignoreBounds=True)
        self._plot.addItem(name, ignoreBounds=True)
        self._regions.append(region)
        self._names.append(name)
        self.dress()


class Baselines:
    """Dashed lines over the whole width, each with its label above it."""

    def __init__(self, plot: Any, theme: Theme) -> None:
        self._plot = plot
        self._theme = theme
        self._baselines: tuple[Baseline, ...] = ()
        self._lines: list[Any] = []
        self._log = False

    @property
    def shown(self) -> tuple[Baseline, ...]:
        """The baselines."""
        return self._baselines

    def show(self, baselines: Sequence[Baseline], *, log: bool) -> None:
        """Show these lines."""
        if tuple(baselines) == self._baselines and log == self._log:
            return
        for line in self._lines:
            self._plot.removeItem(line)
        self._baselines, self._log = tuple(baselines), log
        self._lines = [self._line(baseline) for baseline in baselines]
        self.dress()

    def dress(self) -> None:
        """Take the colours of the theme."""
        color = self._theme.color(BASELINE_COLOR)
        for line in self._lines:
            line.setPen(pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine))
            line.label.setColor(color)

    def _line(self, baseline: Baseline) -> Any:
        options = {"position": 0.99, "anchors": [(1, 1), (1, 1)], "movable": False}
        place = to_axis(baseline.value, log=self._log)
        line = pg.InfiniteLine(place, angle=0, movable=False, label=baseline.label, labelOpts=options)
        line.setZValue(-5)
        line.setVisible(math.isfinite(place))
        self._plot.addItem(line, ignoreBounds=True)
        return line


class MarkPoints:
    """A star at the best point and squares around those whose weights are on disk."""

    def __init__(self, plot: Any, theme: Theme) -> None:
        self._theme = theme
        self._saved = pg.ScatterPlotItem(symbol="s", size=11, pxMode=True)
        self._best = pg.ScatterPlotItem(symbol="star", size=17, pxMode=True)
        self._saved.setZValue(8)
        self._best.setZValue(9)
        plot.addItem(self._saved, ignoreBounds=True)
        plot.addItem(self._best, ignoreBounds=True)
        self._drawn: tuple[Marks, bool] | None = None
        self.dress()

    def show(self, marks: Marks, *, log: bool) -> None:
        """Show these marks; nothing is done where they are the same."""
        if (marks, log) == self._drawn:
            return
        self._drawn = (marks, log)
        self._best.setData(**_points([marks.best] if marks.best else [], log))
        self._saved.setData(**_points(marks.saved, log))

    def dress(self) -> None:
        """Take the colours of the theme."""
        self._saved.setPen(pg.mkPen(self._theme.color(SAVED_COLOR), width=1))
        self._saved.setBrush(pg.mkBrush(None))
        self._best.setPen(pg.mkPen(self._theme.color("panel"), width=1))
        self._best.setBrush(pg.mkBrush(self._theme.color(BEST_COLOR)))


def to_axis(value: float, *, log: bool) -> float:
    """Return where a value lies on its axis; NaN where it has no place there."""
    if not log:
        return value
    return math.log10(value) if value > 0 else math.nan


def _points(points: Sequence[tuple[float, float]], log: bool) -> dict[str, list[float]]:
    placed = [(x, to_axis(y, log=log)) for x, y in points]
    kept = [(x, y) for x, y in placed if math.isfinite(y)]
    return {"x": [x for x, _ in kept], "y": [y for _, y in kept]}
