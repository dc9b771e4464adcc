"""The plots of the Train page and what can be set on them. Imports pyqtgraph, so it is made when the page is seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from desktop_app.pages.train.feed import RunFeed
from desktop_app.plots.live_plot import LivePlot
from desktop_app.plots.refresh import Refresher
from desktop_app.run_words import metric_words
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, Card

SCORE_COLORS = ("series_2", "series_3", "series_4")
"""As many as ``feed.MOST_SCORES``."""
SMALL_HEIGHT = 144
LEAST_HEIGHT = 504
"""What stands below begins further down, so that the large plots stay large."""
FIRST_SMOOTHING = 60
"""Where the slider stands at first, in hundredths of the weight."""


class PlotBoard(QWidget):
    """Two large plots and three small ones of one run.

    Args:
        feed: the lines; watched from now on.
        theme: the colours.
        refresher: the timer that redraws.
    """

    def __init__(self, feed: RunFeed, theme: Theme, refresher: Refresher, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feed = feed
        self.setMinimumHeight(LEAST_HEIGHT)
        self.loss = LivePlot("Loss", theme)
        self.score = LivePlot("Score", theme)
        self.small = [
            LivePlot("Learning rate", theme, small=True),
            LivePlot("Gradient norm", theme, small=True),
            LivePlot("Tokens a second", theme, small=True),
        ]
        self._make_controls()
        self._add_lines()
        self._lay_out()
        refresher.add(self)
        self._on_smoothing_moved(self.smoothing.value())

    @property
    def plots(self) -> list[LivePlot]:
        """All plots, the large ones first."""
        return [self.loss, self.score, *self.small]

    def follow(self) -> None:
        """Show all of every plot again, and the newest points from now on."""
        self._take_over()
        for plot in self.plots:
            plot.follow()

    def redraw_if_needed(self) -> bool:
        """Take over what is new in the feed and draw it; return whether anything was drawn."""
        if not self.isVisible():
            return False
        self._take_over()
        drawn = [plot.redraw_if_needed() for plot in self.plots]
        return any(drawn)

    def _take_over(self) -> None:
        feed = self._feed
        for (place, name), series in feed.scores.items():  # lines of other runs are empty, and not seen
            self.score.add_line(f"{place} {name}", metric_words(name), series, SCORE_COLORS[place], dots=True)
        for plot in self.plots:
            plot.set_end(feed.end)
            plot.show_bands(feed.bands if plot not in self.small else ())
        self.loss.show_marks(feed.loss_marks)
        self.score.show_marks(feed.score_marks)
        self.score.show_baselines(feed.baselines)

    def _add_lines(self) -> None:
        feed = self._feed
        self.loss.add_line("train", "train", feed.loss, "series_1", smoothable=True)
        self.loss.add_line("validation", "validation", feed.validation_loss, "series_2", dots=True)
        for plot, series in zip(
            self.small, (feed.learning_rate, feed.gradient_norm, feed.tokens_per_second), strict=True
        ):
            plot.add_line("value", "", series, "series_1", smoothable=plot is not self.small[0])

    def _make_controls(self) -> None:
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(FIRST_SMOOTHING)
        self.smoothing.setFixedWidth(120)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip(
            "How much each point of a smoothed line averages over the points before it; the raw values stay behind it"
        )
        self._smoothing_value = QLabel()
        self._smoothing_value.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.99 "))
        self.log = QCheckBox("&Log axis")
        self.log.setToolTip("Draw the loss in powers of ten, so that small differences late in a run are seen")
        self.outliers = QCheckBox("&Ignore outliers")
        self.outliers.setToolTip("Let rare extremes leave the picture, so that the rest fills it")
        self.smoothing.valueChanged.connect(self._on_smoothing_moved)
        self.log.toggled.connect(self._on_log_toggled)
        self.outliers.toggled.connect(self._on_outliers_toggled)

    def _lay_out(self) -> None:
        label = QLabel("&Smoothing")
        label.setBuddy(self.smoothing)
        controls = QHBoxLayout()
        controls.setSpacing(GAP)
        for widget in (label, self.smoothing, self._smoothing_value, self.log, self.outliers):
            controls.addWidget(widget)
        controls.insertSpacing(3, GAP)
        controls.insertSpacing(5, GAP)
        controls.addStretch(1)
        large = Card()
        large.body.addLayout(controls)
        large.body.addWidget(self.loss, 1)
        large.body.addSpacing(GAP)
        large.body.addWidget(self.score, 1)
        row = QHBoxLayout()
        row.setSpacing(2 * GAP)
        for plot in self.small:
            card = Card()
            card.body.addWidget(plot)
            card.setFixedHeight(SMALL_HEIGHT)
            row.addWidget(card, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * GAP)
        layout.addWidget(large, 1)
        layout.addLayout(row)

    def _on_smoothing_moved(self, hundredths: int) -> None:
        self._smoothing_value.setText(f"{hundredths / 100:.2f}")
        for plot in self.plots:
            plot.set_smoothing(hundredths / 100)
        self.redraw_if_needed()

    def _on_log_toggled(self, checked: bool) -> None:
        self.loss.set_log(checked)
        self.redraw_if_needed()

    def _on_outliers_toggled(self, checked: bool) -> None:
        for plot in self.plots:
            plot.set_ignore_outliers(checked)
        self.redraw_if_needed()
