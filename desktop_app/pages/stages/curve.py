"""The learning rate over the steps of the plan, with a band a stage. Imports pyqtgraph: import it late."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.adapters.layer_words import format_rate
from desktop_app.pages.stages.words import Band, RateCurve
from desktop_app.theme import Theme

FloatArray = npt.NDArray[np.float64]
BAND_ALPHA = 26
DECADES_BELOW = 1.5
"""How many powers of ten the plot goes below the smallest peak: a rate that falls to zero has no end on a log axis."""
ROOM_FOR_TICKS = 90
"""From this height of a power of ten on, in pixels, ticks stand between."""
HEADROOM = 0.18
"""The part of the height above the highest rate that is left for the names of the stages."""


class RatePlot(QWidget):
    """Draws a ``RateCurve``; it cannot be dragged, because it always shows everything."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._curve: RateCurve | None = None
        self._stale = False
        self._bands: list[pg.LinearRegionItem] = []
        self._names: list[pg.TextItem] = []
        self._axis = _RateAxis(orientation="left")
        self.plot = pg.PlotWidget(axisItems={"left": self._axis})
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setLabel("bottom", "step")
        self.line = self.plot.plot(connect="finite")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_curve(self, curve: RateCurve) -> None:
        """Draw another plan, or remember it until the plot can be seen."""
        if curve != self._curve:
            self._curve = curve
            self._draw_if_seen()

    def set_log(self, log: bool) -> None:
        """Count the rate in powers of ten, or plainly."""
        self._axis.log = log
        self._draw_if_seen()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while the plot was hidden."""
        super().showEvent(event)
        if self._stale:
            self._draw()

    def _draw_if_seen(self) -> None:
        self._stale = True
        if self.isVisible():
            self._draw()

    def _draw(self) -> None:
        curve = self._curve
        if curve is None or not curve.bands:
            return
        self._stale = False
        steps = np.array(curve.steps, dtype=np.float64)
        heights = self._heights(np.array(curve.rates, dtype=np.float64))
        self.line.setData(steps, heights)
        top = float(np.nanmax(heights))
        low = self._floor(steps, heights, curve.bands)
        top += HEADROOM * (top - low)
        self.plot.setXRange(0, curve.bands[-1].end, padding=0)
        self.plot.setYRange(low, top, padding=0)
        self._draw_bands(curve.bands, top)
        self.setAccessibleName(_spoken(curve))

    def _heights(self, rates: FloatArray) -> FloatArray:
        if not self._axis.log:
            return rates
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(rates > 0, np.log10(rates), np.nan)

    def _floor(self, steps: FloatArray, heights: FloatArray, bands: tuple[Band, ...]) -> float:
        if not self._axis.log:
            return 0.0
        peaks = [float(np.nanmax(heights[(steps >= band.first) & (steps < band.end)])) for band in bands]
        return min(peaks) - DECADES_BELOW

    def _draw_bands(self, bands: tuple[Band, ...], top: float) -> None:
        for item in (*self._bands, *self._names):
            self.plot.removeItem(item)
        self._bands, self._names = [], []
        for place, band in enumerate(bands):
            color = self._theme.color("warm" if place % 2 else "accent")
            color.setAlpha(BAND_ALPHA)
            region = pg.LinearRegionItem((band.first, band.end), movable=False, brush=color, pen=pg.mkPen(None))
            region.setZValue(-10)
            name = pg.TextItem(color=self._theme.color("muted"), anchor=(0.5, 0))
            name.setPos((band.first + band.end) / 2, top)
            self._bands.append(region)
            self._names.append(name)
            self.plot.addItem(region, ignoreBounds=True)
            self.plot.addItem(name, ignoreBounds=True)
        self._fit_names()

    def _fit_names(self) -> None:
        """Write into each band its name, or its number where that is too long, or nothing."""
        if self._curve is None or not self._names:
            return
        whole = max(1, self._curve.bands[-1].end)
        width = self.plot.getViewBox().width()
        for place, (band, label) in enumerate(zip(self._curve.bands, self._names, strict=True)):
            for text in (band.name, str(place + 1), ""):
                label.setText(text)
                if label.boundingRect().width() <= (band.end - band.first) / whole * width:
                    break

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the names that have room now."""
        super().resizeEvent(event)
        self._fit_names()

    def _on_theme_changed(self) -> None:
        self.plot.setBackground(self._theme.color("panel"))
        self.line.setPen(pg.mkPen(self._theme.color("accent"), width=1))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(self._theme.color("line_strong")))
            axis.setTextPen(pg.mkPen(self._theme.color("muted")))
        self._draw_if_seen()


class _RateAxis(pg.AxisItem):  # type: ignore[misc]
    """Shows rates as people write them. With ``log`` it counts in powers of ten, so that bands stay simple."""

    log = True

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Return a tick at every power of ten, and between them at 2 and 5 where there is room."""
        if not self.log:
            return list(super().tickValues(low, high, size))
        decades = [float(power) for power in range(math.floor(low), math.ceil(high) + 1)]
        between = [power + math.log10(digit) for power in decades for digit in (2, 5)]
        levels = [(1.0, [value for value in decades if low <= value <= high])]
        if size / max(1e-9, high - low) > ROOM_FOR_TICKS:
            levels.append((0.3, [value for value in between if low <= value <= high]))
        return levels

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the rates that ticks stand for."""
        rates = [10**value if self.log else value for value in values]
        return [format_rate(float(f"{rate:.3g}")) if rate > 0 else "0" for rate in rates]


def _spoken(curve: RateCurve) -> str:
    names = ", ".join(band.name for band in curve.bands)
    return f"Learning rate over {curve.bands[-1].end} steps; stages {names}"
