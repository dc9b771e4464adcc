"""What the plots of the Train page draw, kept equal to a run's history. Numpy only: no Qt."""

from __future__ import annotations

from desktop_app.plots.marks import Band, Baseline, Marks
from desktop_app.plots.series import GrowingSeries
from trainer_core.results.names import is_lower_better
from trainer_core.runs.history import RunHistory, Series

MOST_SCORES = 3
"""How many metrics are drawn into one plot."""
PROBE_LABEL = "linear probe"
PRETRAINED_LABEL = "as it came"
BASELINE_LABEL = "without learning"


class RunFeed:
    """The lines, bands, marks and baselines of one run; ``update`` appends what is new in the history.

    Attributes:
        loss: of training steps.
        validation_loss: of evaluations.
        learning_rate: of training steps.
        gradient_norm: of training steps, before clipping.
        tokens_per_second: of training steps.
        scores: what evaluations measured, by place on the plot and metric; the metric that decides comes first.
        metric: the name of the metric that is marked: the one that decides; empty while unknown.
        end: how far the steps reach.
    """

    def __init__(self) -> None:
        self.loss = GrowingSeries()
        self.validation_loss = GrowingSeries()
        self.learning_rate = GrowingSeries()
        self.gradient_norm = GrowingSeries()
        self.tokens_per_second = GrowingSeries()
        self.scores: dict[tuple[int, str], GrowingSeries] = {}
        self.metric = ""
        self.end = 0.0
        self.bands: tuple[Band, ...] = ()
        self.baselines: tuple[Baseline, ...] = ()
        self.loss_marks = Marks()
        self.score_marks = Marks()

    def clear(self) -> None:
        """Forget the run; the series stay the same objects, so whoever draws them goes on with the next run."""
        for series in (
            self.loss,
            self.validation_loss,
            self.learning_rate,
            self.gradient_norm,
            self.tokens_per_second,
            *self.scores.values(),
        ):
            series.clear()
        self.metric, self.end = "", 0.0
        self.bands, self.baselines = (), ()
        self.loss_marks = self.score_marks = Marks()

    def update(self, history: RunHistory) -> None:
        """Become equal to a history that is the same as before or longer."""
        for name, series in (
            ("loss", self.loss),
            ("learning_rate", self.learning_rate),
            ("gradient_norm", self.gradient_norm),
            ("tokens_per_second", self.tokens_per_second),
        ):
            _follow(series, history.curves.get(name))
        _follow(self.validation_loss, history.metrics.get("loss"))
        names = _score_names(history)
        self.metric = names[0] if names else ""
        for place, name in enumerate(names):
            _follow(self.scores.setdefault((place, name), GrowingSeries()), history.metrics.get(name))
        self.end = float(history.step)
        self.bands = tuple(Band(band.name, float(band.start), float(band.end)) for band in history.bands)
        self.baselines = _baselines(history, self.metric)
        self.loss_marks = _marks(history, "loss")
        self.score_marks = _marks(history, self.metric)


def _score_names(history: RunHistory) -> list[str]:
    """Return the metrics to draw: the run's own first, then those of its kind; the loss has a plot of its own.

    Errors in the units of the rows would press shares between 0 and 1 flat, so they never share a plot.
    """
    own = history.started.metric if history.started else ""
    names = [name for name in dict.fromkeys([own, *history.metrics]) if name and name != "loss"]
    return [name for name in names if is_lower_better(name) == is_lower_better(names[0])][:MOST_SCORES]


def _follow(series: GrowingSeries, source: Series | None) -> None:
    if source is not None:
        series.follow(source.steps, source.values)


def _baselines(history: RunHistory, metric: str) -> tuple[Baseline, ...]:
    found = []
    if history.probe is not None and metric in history.probe.metrics:
        found.append(Baseline(PROBE_LABEL, history.probe.metrics[metric]))
    if history.pretrained is not None and metric in history.pretrained.metrics:
        found.append(Baseline(PRETRAINED_LABEL, history.pretrained.metrics[metric]))
    if history.started is not None and metric in history.started.baselines:
        found.append(Baseline(BASELINE_LABEL, history.started.baselines[metric]))
    return tuple(found)


def _marks(history: RunHistory, metric: str) -> Marks:
    series = history.metrics.get(metric)
    if series is None:
        return Marks()
    values = dict(zip(series.steps, series.values, strict=True))
    best = history.best.step if history.best else None
    return Marks(
        best=(float(best), values[best]) if best is not None and best in values else None,
        saved=tuple((float(step), values[step]) for step in dict.fromkeys(history.saves) if step in values),
    )
