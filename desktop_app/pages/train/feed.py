"""What the plots of the Train page draw, kept equal to a run's history. Numpy only: no Qt."""

from __future__ import annotations

from desktop_app.plots.marks import Band, Baseline, Marks
from desktop_app.plots.series import GrowingSeries
from trainer_core.runs.history import RunHistory, Series

USUAL_METRICS = ("macro_f1", "accuracy")
PROBE_LABEL = "linear probe"
MAJORITY_LABEL = "most frequent class"


class RunFeed:
    """The lines, bands, marks and baselines of one run; ``update`` appends what is new in the history.

    Attributes:
        loss: of training steps.
        validation_loss: of evaluations.
        learning_rate: of training steps.
        gradient_norm: of training steps, before clipping.
        tokens_per_second: of training steps.
        scores: what evaluations measured, by metric; the metric that decides comes first.
        metric: the name of the metric that decides; empty while unknown.
        end: how far the steps reach.
    """

    def __init__(self) -> None:
        self.loss = GrowingSeries()
        self.validation_loss = GrowingSeries()
        self.learning_rate = GrowingSeries()
        self.gradient_norm = GrowingSeries()
        self.tokens_per_second = GrowingSeries()
        self.scores: dict[str, GrowingSeries] = {}
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
        self.metric = history.started.metric if history.started else ""
        for name in _score_names(self.metric, history):
            _follow(self.scores.setdefault(name, GrowingSeries()), history.metrics.get(name))
        self.end = float(history.step)
        self.bands = tuple(Band(band.name, float(band.start), float(band.end)) for band in history.bands)
        self.baselines = _baselines(history, self._shown_metric)
        self.loss_marks = _marks(history, "loss")
        self.score_marks = _marks(history, self._shown_metric)

    @property
    def _shown_metric(self) -> str:
        """The metric on the plot of scores; the loss has a plot of its own."""
        return self.metric if self.metric and self.metric != "loss" else USUAL_METRICS[0]


def _score_names(metric: str, history: RunHistory) -> list[str]:
    names = [metric, *USUAL_METRICS]
    return [name for name in dict.fromkeys(names) if name != "loss" and name in history.metrics]


def _follow(series: GrowingSeries, source: Series | None) -> None:
    if source is not None:
        series.follow(source.steps, source.values)


def _baselines(history: RunHistory, metric: str) -> tuple[Baseline, ...]:
    found = []
    if history.probe is not None and metric in history.probe.metrics:
        found.append(Baseline(PROBE_LABEL, history.probe.metrics[metric]))
    if history.started is not None and metric in history.started.baselines:
        found.append(Baseline(MAJORITY_LABEL, history.started.baselines[metric]))
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
