"""A plot that follows a run: curves that grow, bands, baselines, marks, a legend with the newest values.

Imports pyqtgraph, so pages import it only after the window's first paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app.plots.canvas import dress_canvas, make_canvas, make_curve
from desktop_app.plots.legend import Legend, Sample
from desktop_app.plots.marks import Band, Baseline, Marks, format_value
from desktop_app.plots.overlays import BASELINE_COLOR, BEST_COLOR, SAVED_COLOR, Bands, Baselines, MarkPoints, to_axis
from desktop_app.plots.series import FloatArray, GrowingSeries, value_range
from desktop_app.theme import Theme
from desktop_app.widgets.kit import icon_button, strong

FAINT = 70
"""The opacity, of 255, of the raw values behind their smoothed line."""


@dataclass
class _Line:
    """A series with its curves; ``smooth`` is the one on top of the raw values."""

    series: GrowingSeries
    color: str
    smoothable: bool
    raw: Any
    smooth: Any
    drawn: int = -1


class LivePlot(QWidget):
    """One plot. Data is handed in by reference; ``redraw_if_needed`` draws what changed.

    Dragging zooms, a double click follows the newest point again.

    Args:
        title: what is plotted.
        theme: the colours.
        small: leave the names on the x axis out and show fewer lines on the y axis.
    """

    following_changed = Signal(bool)
    """Whether the newest point stays in view changed."""

    def __init__(self, title: str, theme: Theme, *, small: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._theme = theme
        self._lines: dict[str, _Line] = {}
        self._weight = 0.0
        self._log = False
        self._ignore_outliers = False
        self._following = True
        self._dirty = True
        self._end = 1.0
        self._bands: tuple[Band, ...] = ()
        self._marks = Marks()
        self._widget = make_canvas(title, small=small)
        self._plot = self._widget.getPlotItem()
        self._band_items = Bands(self._plot, theme)
        self._baseline_items = Baselines(self._plot, theme)
        self._mark_items = MarkPoints(self._plot, theme)
        self._legend = Legend(theme)
        self._lay_out()
        self._dress()
        self._connect()

    # --- what is plotted ---------------------------------------------------------------------------------------

    def add_line(
        self, key: str, label: str, series: GrowingSeries, color: str, *, dots: bool = False, smoothable: bool = False
    ) -> None:
        """Add a line once; nothing happens where ``key`` is there already.

        Args:
            key: a name of your own.
            label: what the legend calls it.
            series: its points; watched from now on.
            color: the name of a colour of the theme.
            dots: draw every point as well; for lines of few points.
            smoothable: whether the smoothing applies.
        """
        if key in self._lines:
            return
        raw, smooth = make_curve(self._plot, dots=dots), make_curve(self._plot, dots=False)
        self._legend.put(key, label, Sample.DOTTED_LINE if dots else Sample.SOLID, color)
        self._lines[key] = _Line(series, color, smoothable, raw, smooth)
        self._dress_line(self._lines[key])
        self._dirty = True

    def set_end(self, end: float) -> None:
        """Let the x axis reach at least this far, so that plots of one run share their axis."""
        self._dirty = self._dirty or end != self._end
        self._end = end

    def show_bands(self, bands: Sequence[Band]) -> None:
        """Show these stretches behind the lines."""
        self._dirty = self._dirty or tuple(bands) != self._bands
        self._bands = tuple(bands)

    def show_baselines(self, baselines: Sequence[Baseline]) -> None:
        """Show these values as dashed lines, and in the legend."""
        if tuple(baselines) == self._baseline_items.shown:
            return
        for old in self._baseline_items.shown:
            self._legend.take_away(f"baseline {old.label}")
        for new in baselines:
            value = format_value(new.value)
            self._legend.put(f"baseline {new.label}", new.label, Sample.DASHED, BASELINE_COLOR, value, rank=1)
        self._baseline_items.show(baselines, log=self._log)
        self._dirty = True

    def show_marks(self, marks: Marks) -> None:
        """Mark these points."""
        self._dirty = self._dirty or marks != self._marks
        self._marks = marks
        self._legend.take_away("mark best")
        self._legend.take_away("mark saved")
        if marks.best is not None:
            self._legend.put("mark best", "best", Sample.STAR, BEST_COLOR, rank=2)
        if marks.saved:
            self._legend.put("mark saved", "saved", Sample.SQUARE, SAVED_COLOR, rank=2)

    # --- how it is plotted -------------------------------------------------------------------------------------

    def set_smoothing(self, weight: float) -> None:
        """Smooth the lines that may be smoothed, from 0 (not at all) to below 1."""
        self._weight, self._dirty = weight, True

    def set_log(self, log: bool) -> None:
        """Draw the y axis in powers of ten, or not."""
        self._log, self._dirty = log, True
        self._plot.setLogMode(x=False, y=log)
        self._baseline_items.show(self._baseline_items.shown, log=log)

    def set_ignore_outliers(self, ignore: bool) -> None:
        """Let the y axis leave rare extremes out, or not."""
        self._ignore_outliers, self._dirty = ignore, True

    @property
    def following(self) -> bool:
        """Whether the newest point stays in view."""
        return self._following

    def follow(self) -> None:
        """Show everything and keep the newest point in view."""
        self._set_following(True)
        self._dirty = True
        self.redraw_if_needed()

    # --- drawing -----------------------------------------------------------------------------------------------

    @property
    def needs_redraw(self) -> bool:
        """Whether something changed since it was drawn."""
        return self._dirty or any(line.drawn != line.series.version for line in self._lines.values())

    def redraw_if_needed(self) -> bool:
        """Draw when it is visible and something changed; return whether it did."""
        if not self.isVisible() or self.window().isMinimized() or not self.needs_redraw:
            return False
        for key, line in self._lines.items():
            if self._dirty or line.drawn != line.series.version:
                self._draw_line(line)
                self._legend.set_value(key, format_value(line.series.last), shown=len(line.series) > 0)
        self._dirty = False
        if self._following:
            self._show_all()
        self._band_items.show(self._bands)
        self._mark_items.show(self._marks, log=self._log)
        return True

    def _draw_line(self, line: _Line) -> None:
        series = line.series
        smoothed = line.smoothable and self._weight > 0
        line.raw.setData(series.x, series.y)
        line.smooth.setData(series.x, series.smoothed(self._weight)) if smoothed else line.smooth.clear()
        line.raw.setPen(self._pen(line, faint=smoothed))
        line.drawn = series.version

    def _show_all(self) -> None:
        """Set both ranges ourselves; the plot's own auto-range would defeat the clipping."""
        last = max((float(line.series.x[-1]) for line in self._lines.values() if len(line.series)), default=1.0)
        end = max(last, self._end, 1.0)
        self._plot.setXRange(-0.015 * end, 1.03 * end, padding=0)
        span = value_range([self._placed(line) for line in self._lines.values()], ignore_outliers=self._ignore_outliers)
        if span is None:
            return
        low, high = self._with_baselines(*span)
        margin = (high - low) * 0.08 or max(abs(high) * 0.1, 1e-6)
        self._plot.setYRange(low - margin, high + 1.8 * margin, padding=0)

    def _placed(self, line: _Line) -> FloatArray:
        """Return the values that have to be in view, as they lie on the axis."""
        values = line.series.y
        if line.smoothable and self._weight > 0 and self._ignore_outliers:
            values = line.series.smoothed(self._weight)
        if not self._log:
            return values
        return np.log10(values[values > 0])

    def _with_baselines(self, low: float, high: float) -> tuple[float, float]:
        """Widen a range to the baselines near it; a far one would squeeze the lines, and the legend tells its value."""
        reach = (high - low) or max(abs(high) * 0.1, 1e-6)
        near = [to_axis(baseline.value, log=self._log) for baseline in self._baseline_items.shown]
        near = [value for value in near if low - reach <= value <= high + reach]
        return min([low, *near]), max([high, *near])

    def _pen(self, line: _Line, *, faint: bool = False) -> Any:
        color = QColor(self._theme.color(line.color))
        if faint:
            color.setAlpha(FAINT)
        return pg.mkPen(color, width=1)

    # --- events ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while it was hidden."""
        super().showEvent(event)
        self.redraw_if_needed()

    def _on_theme_changed(self) -> None:
        self._dress()
        self._dirty = True
        self.redraw_if_needed()

    def _on_range_dragged(self, *_: object) -> None:
        self._set_following(False)

    def _on_range_changed(self, *_: object) -> None:
        self._band_items.place()

    def _on_plot_clicked(self, click: Any) -> None:
        if click.double():
            self.follow()

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self._follow_button.setVisible(not following)
            self.following_changed.emit(following)

    # --- making ------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        box = self._plot.vb
        box.sigRangeChangedManually.connect(self._on_range_dragged)
        box.sigRangeChanged.connect(self._on_range_changed)
        box.sigResized.connect(self._on_range_changed)
        self._widget.scene().sigMouseClicked.connect(self._on_plot_clicked)
        self._theme.changed.connect(self._on_theme_changed)

    def _lay_out(self) -> None:
        self._follow_button = icon_button(
            "mdi6.fit-to-page-outline",
            f"Show all of {self._title.lower()}",
            "Show everything and follow the run again (double-click on the plot)",
        )
        self._follow_button.clicked.connect(self.follow)
        self._follow_button.hide()
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(strong(self._title), 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._legend, 1)
        head.addWidget(self._follow_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._widget, 1)

    def _dress(self) -> None:
        dress_canvas(self._widget, self._theme)
        for line in self._lines.values():
            self._dress_line(line)
        for item in (self._band_items, self._baseline_items, self._mark_items, self._legend):
            item.dress()

    def _dress_line(self, line: _Line) -> None:
        color = self._theme.color(line.color)
        line.raw.setPen(self._pen(line))
        line.raw.setSymbolBrush(color)
        line.raw.setSymbolPen(pg.mkPen(color))
        line.smooth.setPen(self._pen(line))
