"""The pyqtgraph widget behind a live plot: made without menus and buttons, and dressed in the theme's colours."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtWidgets import QSizePolicy

from desktop_app.theme import Theme

AXIS_WIDTH = 56
"""Pixels for the numbers of the y axis; the same everywhere, so that plots below each other share their x axis."""
HINT = "Drag to enlarge a part; double-click to see everything and follow the run again"


def make_canvas(title: str, *, small: bool) -> Any:
    """Return an empty plot whose ranges are set by us alone: its own auto-range would defeat the clipping."""
    widget = pg.PlotWidget()
    plot = widget.getPlotItem()
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.vb.disableAutoRange()
    plot.vb.setMouseMode(plot.vb.RectMode)
    plot.vb.setDefaultPadding(0)
    plot.vb.setMouseEnabled(x=False, y=False)  # the wheel scrolls the page; dragging a rectangle is not concerned
    plot.showGrid(x=False, y=True, alpha=0.12)
    left = plot.getAxis("left")
    left.setWidth(AXIS_WIDTH)
    left.enableAutoSIPrefix(False)
    plot.getAxis("bottom").enableAutoSIPrefix(False)
    if small:
        left.setStyle(maxTickLevel=0)
        plot.getAxis("bottom").setStyle(maxTickLevel=0)
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    widget.setMinimumSize(120, 72 if small else 96)
    widget.setAccessibleName(f"Plot of {title.lower()}")
    widget.setToolTip(HINT)
    return widget


def dress_canvas(widget: Any, theme: Theme) -> None:
    """Give a plot the colours of the theme."""
    widget.setBackground(theme.color("panel"))
    for side in ("left", "bottom"):
        axis = widget.getPlotItem().getAxis(side)
        axis.setPen(pg.mkPen(theme.color("line_strong")))
        axis.setTextPen(pg.mkPen(theme.color("muted")))


def make_curve(plot: Any, *, dots: bool) -> Any:
    """Return a new curve of a plot, thinned to what can be seen; a curve of few points shows each of them."""
    curve = plot.plot(symbol="o", symbolSize=6) if dots else plot.plot()
    curve.setClipToView(True)
    if not dots:
        # Peak mode alone turns nothing on: auto has to be asked for as well.
        curve.setDownsampling(auto=True, method="peak")
    return curve
