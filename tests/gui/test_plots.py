"""Growing series, their smoothing, the live plot on a real widget, and the timer that redraws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.plots.live_plot import LivePlot
from desktop_app.plots.marks import Band, Baseline, Marks, format_value
from desktop_app.plots.refresh import TEXT_EVERY, Refresher
from desktop_app.plots.series import GrowingArray, GrowingSeries, Smoother, smooth, value_range
from desktop_app.theme import Theme, ThemeChoice

VALUES = st.floats(-1e6, 1e6)
WEIGHTS = st.floats(0.0, 0.99)


# --- series


@given(st.lists(st.lists(VALUES, max_size=400), max_size=8))
def test_a_growing_array_holds_what_was_appended(parts: list[list[float]]) -> None:
    array = GrowingArray()
    for part in parts:
        array.extend(part)
    assert array.values.tolist() == [value for part in parts for value in part]


def _slow_average(values: list[float], weight: float) -> list[float]:
    total = mass = 0.0
    result = []
    for value in values:
        finite = math.isfinite(value)
        total = weight * total + (value if finite else 0.0)
        mass = weight * mass + finite
        result.append(total / mass if finite else math.nan)
    return result


@given(st.lists(VALUES | st.sampled_from([math.nan, math.inf]), max_size=60), WEIGHTS)
def test_smoothing_is_the_debiased_exponential_average(values: list[float], weight: float) -> None:
    np.testing.assert_allclose(smooth(values, weight), _slow_average(values, weight), rtol=1e-9, atol=1e-4)


def test_smoothing_is_the_same_over_many_blocks() -> None:
    values = np.random.default_rng(7).normal(size=5_000)
    np.testing.assert_allclose(smooth(values, 0.97), _slow_average(values.tolist(), 0.97), rtol=1e-9)


@given(VALUES, st.integers(1, 3_000), WEIGHTS)
def test_a_constant_stays_exactly_constant(value: float, count: int, weight: float) -> None:
    assert (smooth([value] * count, weight) == value).all()


@given(st.lists(VALUES, min_size=1, max_size=60), WEIGHTS)
def test_smoothing_stays_between_the_extremes(values: list[float], weight: float) -> None:
    smoothed = smooth(values, weight)
    slack = 1e-9 * (1 + max(map(abs, values)))
    assert smoothed.min() >= min(values) - slack
    assert smoothed.max() <= max(values) + slack


@given(st.lists(st.lists(VALUES | st.just(math.nan), max_size=30), max_size=6), WEIGHTS)
def test_smoothing_goes_on_where_it_stopped(parts: list[list[float]], weight: float) -> None:
    smoother = Smoother(weight)
    pieces = [smoother.extend(np.array(part, dtype=float)) for part in parts]
    whole = smooth([value for part in parts for value in part], weight)
    np.testing.assert_allclose(np.concatenate([np.empty(0), *pieces]), whole, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="weight of smoothing"):
        Smoother(weight)


def test_a_series_follows_lists_that_grow_and_starts_anew_with_shorter_ones() -> None:
    series = GrowingSeries()
    series.follow([1, 2], [0.5, 0.4])
    series.follow([1, 2, 3], [0.5, 0.4, 0.3])
    assert series.x.tolist() == [1, 2, 3]
    version = series.version
    series.follow([1, 2, 3], [0.5, 0.4, 0.3])
    assert series.version == version
    series.follow([1], [9.0])
    assert series.y.tolist() == [9.0]
    assert series.version > version


def test_a_series_computes_another_smoothing_from_all_points() -> None:
    series = GrowingSeries()
    series.extend([1, 2], [0.0, 1.0])
    series.smoothed(0.5)
    series.extend([3], [2.0])
    np.testing.assert_allclose(series.smoothed(0.5), smooth([0.0, 1.0, 2.0], 0.5))
    np.testing.assert_allclose(series.smoothed(0.9), smooth([0.0, 1.0, 2.0], 0.9))
    assert series.smoothed(0.0).tolist() == [0.0, 1.0, 2.0]
    series.clear()
    assert len(series.smoothed(0.9)) == 0


def test_positions_and_values_have_to_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 positions but 1 values"):
        GrowingSeries().extend([1, 2], [1.0])


def test_the_range_leaves_outliers_and_what_is_no_number_out() -> None:
    values = np.append(np.linspace(0, 1, 100), [1e9, math.nan, math.inf])
    assert value_range([values], ignore_outliers=False) == (0.0, 1e9)
    span = value_range([values], ignore_outliers=True)
    assert span is not None
    assert span[1] <= 1.0
    assert value_range([np.array([math.nan])], ignore_outliers=False) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (math.nan, "not a number"), (math.inf, "infinite"), (0.0, "0"), (12345.6, "12,346"), (5e-5, "5e-05")],
)
def test_a_value_in_words(value: float | None, text: str) -> None:
    assert format_value(value) == text


# --- plot


class Recorder:
    """Counts the calls of a curve's ``setData`` and keeps the last data."""

    def __init__(self, curve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        original: Callable[..., object] = curve.setData

        def record(*data: Any) -> None:
            self.calls += 1
            original(*data)

        monkeypatch.setattr(curve, "setData", record)


@pytest.fixture
def theme() -> Theme:
    return Theme(ThemeChoice.LIGHT)


@pytest.fixture
def plot(qtbot: QtBot, theme: Theme) -> LivePlot:
    plot = LivePlot("Loss", theme)
    qtbot.addWidget(plot)
    plot.resize(640, 320)
    return plot


@pytest.fixture
def series(plot: LivePlot) -> GrowingSeries:
    series = GrowingSeries()
    plot.add_line("train", "train", series, "series_1", smoothable=True)
    return series


def _curve(plot: LivePlot) -> Any:
    return plot._lines["train"].raw


def _y_range(plot: LivePlot) -> tuple[float, float]:
    low, high = plot._plot.vb.viewRange()[1]
    return low, high


def _x_range(plot: LivePlot) -> tuple[float, float]:
    low, high = plot._plot.vb.viewRange()[0]
    return low, high


def test_only_what_changed_and_is_seen_is_drawn(
    qtbot: QtBot, plot: LivePlot, series: GrowingSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Recorder(_curve(plot), monkeypatch)
    series.extend([1, 2], [1.0, 0.5])
    assert not plot.redraw_if_needed()
    assert drawn.calls == 0
    plot.show()
    qtbot.waitUntil(lambda: drawn.calls == 1)
    assert not plot.redraw_if_needed()
    series.extend([3], [0.4])
    assert plot.redraw_if_needed()
    assert drawn.calls == 2
    plot.hide()
    series.extend([4], [0.3])
    assert not plot.redraw_if_needed()
    assert drawn.calls == 2
    plot.show()
    qtbot.waitUntil(lambda: drawn.calls == 3)


def _double_click(qtbot: QtBot, widget: QWidget, place: QPoint) -> None:
    """Send what a window system sends; QTest's own double click has one press too many."""
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(widget, left, pos=place)
    where = widget.mapToGlobal(place).toPointF()
    kind = QEvent.Type.MouseButtonDblClick
    event = QMouseEvent(kind, place.toPointF(), where, left, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)
    qtbot.mouseRelease(widget, left, pos=place)


def _drag_to(widget: QWidget, place: QPoint) -> None:
    """Move with the button held, which QTest's own move forgets."""
    left, where = Qt.MouseButton.LeftButton, widget.mapToGlobal(place).toPointF()
    kind, none = QEvent.Type.MouseMove, Qt.MouseButton.NoButton
    event = QMouseEvent(kind, place.toPointF(), where, none, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


def test_it_follows_the_newest_point_until_one_zooms_and_again_after_a_double_click(
    qtbot: QtBot, plot: LivePlot, series: GrowingSeries
) -> None:
    plot.show()
    series.extend(range(101), [1.0] * 101)
    plot.redraw_if_needed()
    assert _x_range(plot)[1] == pytest.approx(103.0)
    plot._plot.setXRange(10, 20, padding=0)
    plot._plot.vb.sigRangeChangedManually.emit([True, True])
    assert not plot.following
    assert plot._follow_button.isVisible()
    series.extend([200], [1.0])
    plot.redraw_if_needed()
    assert _x_range(plot) == pytest.approx((10.0, 20.0))
    _double_click(qtbot, plot._widget.viewport(), QPoint(300, 100))
    qtbot.waitUntil(lambda: plot.following)
    assert _x_range(plot)[1] == pytest.approx(206.0)
    assert not plot._follow_button.isVisible()


def test_dragging_zooms(qtbot: QtBot, plot: LivePlot, series: GrowingSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)
    plot.show()
    series.extend(range(101), [1.0] * 101)
    plot.redraw_if_needed()
    plot.grab()  # only painting brings the ranges to the screen
    viewport = plot._widget.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(200, 60))
    for step in range(11):
        _drag_to(viewport, QPoint(200 + 20 * step, 60 + 14 * step))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
    qtbot.waitUntil(lambda: not plot.following)
    left, right = _x_range(plot)
    assert 0 < left < right < 100


def test_a_million_points_are_thinned_to_what_can_be_seen(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    plot.set_smoothing(0.9)
    series.extend(np.arange(1_000_000.0), np.random.default_rng(7).normal(size=1_000_000))
    plot.redraw_if_needed()
    plot.grab()
    shown, _ = plot._lines["train"].smooth.getData()
    assert len(shown) < 20_000


def test_smoothing_draws_a_second_line_over_the_raw_one(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend([1, 2, 3], [1.0, 0.0, 1.0])
    plot.set_smoothing(0.5)
    plot.redraw_if_needed()
    line = plot._lines["train"]
    np.testing.assert_allclose(line.smooth.yData, smooth([1.0, 0.0, 1.0], 0.5))
    assert line.raw.opts["pen"].color().alpha() < 255
    plot.set_smoothing(0.0)
    plot.redraw_if_needed()
    assert line.smooth.yData is None
    assert line.raw.opts["pen"].color().alpha() == 255


def test_a_loss_that_is_no_number_is_drawn_and_named(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    plot.set_smoothing(0.9)
    series.extend([1, 2, 3], [1.0, 0.5, math.nan])
    plot.redraw_if_needed()
    plot.grab()
    assert plot._legend.texts == ["train not a number"]


def test_the_y_axis_may_leave_outliers_out(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend(range(101), [1.0] * 50 + [1e6] + [1.0] * 50)
    plot.redraw_if_needed()
    assert _y_range(plot)[1] > 1e6
    plot.set_ignore_outliers(True)
    plot.redraw_if_needed()
    assert _y_range(plot)[1] < 10


def test_a_log_axis_puts_everything_in_powers_of_ten(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend([1, 2, 3], [100.0, 0.0, 1.0])
    plot.show_baselines([Baseline("before", 10.0), Baseline("nothing", 0.0)])
    plot.show_marks(Marks(best=(1.0, 100.0)))
    plot.set_log(True)
    plot.redraw_if_needed()
    low, high = _y_range(plot)
    assert low < 0.0 < 2.0 < high < 3.0
    assert [line.value() for line in plot._baseline_items._lines if line.isVisible()] == [1.0]
    assert plot._mark_items._best.getData()[1].tolist() == [2.0]
    plot.grab()


def test_bands_grow_with_the_run_and_keep_their_names(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend(range(201), [1.0] * 201)
    plot.show_bands([Band("head", 0, 80)])
    plot.redraw_if_needed()
    region = plot._band_items._regions[0]
    plot.show_bands([Band("head", 0, 100), Band("a name that has no room", 100, 102), Band("all", 102, 200)])
    assert plot.redraw_if_needed()
    assert plot._band_items._regions[0] is region
    assert region.getRegion() == (0, 100)
    assert [name.textItem.toPlainText() for name in plot._band_items._names if name.isVisible()] == ["head", "all"]
    plot.show_bands([])
    plot.redraw_if_needed()
    assert plot._band_items._regions == []


def test_marks_and_baselines_are_in_the_legend(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend([0, 1], [0.8, 0.9])
    plot.show_baselines([Baseline("linear probe", 0.8)])
    plot.show_marks(Marks(best=(1.0, 0.9), saved=((0.0, 0.8), (1.0, 0.9))))
    plot.redraw_if_needed()
    assert plot._legend.texts == ["train 0.9", "linear probe 0.8", "best", "saved"]
    assert len(plot._mark_items._saved.data) == 2
    plot.show_baselines([])
    plot.show_marks(Marks())
    plot.redraw_if_needed()
    assert plot._legend.texts == ["train 0.9"]
    assert len(plot._mark_items._saved.data) == 0


def test_a_far_baseline_does_not_squeeze_the_line(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend([0, 1, 2], [0.8, 0.85, 0.9])
    plot.show_baselines([Baseline("near", 0.75), Baseline("far", 0.05)])
    plot.redraw_if_needed()
    low, _ = _y_range(plot)
    assert 0.5 < low < 0.75


def test_a_line_without_points_is_not_in_the_legend(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    plot.redraw_if_needed()
    assert plot._legend.texts == []
    series.extend([1], [0.5])
    plot.redraw_if_needed()
    assert plot._legend.texts == ["train 0.5"]


def test_plots_of_one_run_share_their_axis(qtbot: QtBot, plot: LivePlot, series: GrowingSeries) -> None:
    plot.show()
    series.extend([1], [0.5])
    plot.set_end(100)
    plot.redraw_if_needed()
    assert _x_range(plot)[1] == pytest.approx(103.0)


def test_colours_follow_the_theme(qtbot: QtBot, plot: LivePlot, series: GrowingSeries, theme: Theme) -> None:
    plot.show()
    series.extend([1, 2], [1.0, 0.5])
    plot.show_bands([Band("head", 0, 2)])
    plot.redraw_if_needed()
    theme.choose(ThemeChoice.DARK)
    assert plot._widget.backgroundBrush().color() == theme.color("panel")
    assert _curve(plot).opts["pen"].color() == theme.color("series_1")


def test_adding_a_line_twice_keeps_the_first(plot: LivePlot, series: GrowingSeries) -> None:
    curve = _curve(plot)
    plot.add_line("train", "train", GrowingSeries(), "series_1")
    assert _curve(plot) is curve


# --- timer


class CountingPlot:
    def __init__(self) -> None:
        self.asked = 0

    def redraw_if_needed(self) -> bool:
        self.asked += 1
        return True


def test_curves_are_drawn_at_every_tick_and_texts_at_every_tenth(qtbot: QtBot) -> None:
    refresher, plot, texts = Refresher(), CountingPlot(), []
    refresher.add(plot)
    refresher.text_due.connect(lambda: texts.append(plot.asked))
    for _ in range(2 * TEXT_EVERY):
        refresher.tick()
    assert plot.asked == 2 * TEXT_EVERY
    assert texts == [TEXT_EVERY, 2 * TEXT_EVERY]


def test_the_timer_stands_still_after_a_last_drawing(qtbot: QtBot) -> None:
    refresher, plot = Refresher(), CountingPlot()
    refresher.add(plot)
    refresher.start()
    qtbot.waitUntil(lambda: plot.asked >= 2)
    refresher.stop()
    assert not refresher.running
    asked = plot.asked
    with qtbot.waitSignal(refresher.text_due, timeout=300, raising=False) as late:
        pass
    assert not late.signal_triggered
    assert plot.asked == asked
