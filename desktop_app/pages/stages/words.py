"""What the Stages page shows, as plain values and words. Imports no Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from desktop_app.adapters.layer_words import format_rate, format_share, rules_words
from desktop_app.run_words import metric_words
from trainer_core.project.schema import TASKS_OWN, StageSection, StartFrom, TrainingSection, UntilSection
from trainer_core.results.names import is_lower_better
from trainer_core.training.schedule import rate_at

POINTS_PER_STAGE = 160
FIRST_PATIENCE = 2
NEW_RATE = 5e-5
FIRST_AT_LEAST = 0.9


@dataclass(frozen=True)
class CardWords:
    """One card of the time line.

    Attributes:
        problem: what is wrong with its rules; empty when all is well.
    """

    name: str
    learns: str
    share: str
    rate: str
    length: str
    until: str
    start: str
    problem: str = ""

    @property
    def spoken(self) -> str:
        """The whole card as one sentence for screen readers."""
        parts = (self.name, f"learns {self.learns}", self.share, self.rate, self.length, self.until, self.start)
        return ", ".join(part for part in (*parts, self.problem) if part)


@dataclass(frozen=True)
class StageForm:
    """The values of the editor."""

    place: int
    name: str
    rules: str
    learning_rate: str
    epochs: int
    layer_decay: float
    average_epochs: float
    until_metric: str
    until_at_least: float | None
    until_patience: int | None
    start_from: StartFrom
    lower_is_better: bool


@dataclass(frozen=True)
class Band:
    """The steps of one stage in the plot of the learning rate."""

    name: str
    first: int
    end: int


@dataclass(frozen=True)
class RateCurve:
    """The learning rate over all steps; between two stages stands a NaN, where the line is broken."""

    bands: tuple[Band, ...]
    steps: tuple[float, ...]
    rates: tuple[float, ...]


@dataclass(frozen=True)
class MetricChoices:
    """The metrics to choose from, in words, by their names.

    Attributes:
        best: those that can judge which checkpoint is the best one.
        until: those that can end a stage.
    """

    best: dict[str, str]
    until: dict[str, str]


def metric_choices(offered: Sequence[str], judged_by: str) -> MetricChoices:
    """Return the choices among a task's metrics; none offered are not known yet.

    Args:
        offered: their names, the task's own choice first.
        judged_by: the metric by which the project judges the best.
    """
    names = {name: metric_words(name) for name in offered}
    usual = f"{metric_words(offered[0])} (usual for this task)" if offered else "usual for the task"
    same = "as the best is judged" if judged_by == TASKS_OWN else f"{metric_words(judged_by)} (as the best)"
    return MetricChoices({TASKS_OWN: usual} | names, {TASKS_OWN: same} | names)


def card_words(
    stage: StageSection, place: int, share: float | None, steps: int | None, *, judged_by: str, problem: str
) -> CardWords:
    """Return a stage's card; ``share`` and ``steps`` are None while unknown."""
    return CardWords(
        name=stage.name,
        learns=rules_words(stage.train),
        share="" if share is None else f"{format_share(share)} of the model",
        rate=_rate_words(stage),
        length=_length_words(stage.epochs, steps),
        until=until_words(stage.until, judged_by),
        start=_start_words(stage, place),
        problem=problem,
    )


def until_words(until: UntilSection | None, judged_by: str) -> str:
    """Return when a stage ends early; empty when it never does. ``judged_by`` is what ``auto`` stands for."""
    if until is None:
        return ""
    metric = judged_by if until.metric == TASKS_OWN else until.metric
    name = "score" if metric == TASKS_OWN else metric_words(metric)
    ends = []
    if until.at_least is not None:
        ends.append(f"{name} {'≤' if is_lower_better(metric) else '≥'} {until.at_least:g}")
    if until.patience is not None:
        evaluations = "an evaluation" if until.patience == 1 else f"{until.patience} evaluations"
        ends.append(f"{evaluations} without a better {name}")
    return f"until {' or '.join(ends)}"


def until_with(until: UntilSection | None, key: str, value: Any) -> dict[str, Any] | None:
    """Return an exit rule with one value replaced; None when nothing ends the stage early any more."""
    before = until.model_dump() if until else {"metric": TASKS_OWN, "at_least": None, "patience": None}
    after = before | {key: value}
    return None if after["at_least"] is None and after["patience"] is None else after


def stage_form(stage: StageSection, place: int, judged_by: str) -> StageForm:
    """Return the editor's values; ``judged_by`` is what ``auto`` stands for."""
    until = stage.until
    chosen = until.metric if until else TASKS_OWN
    return StageForm(
        place=place,
        name=stage.name,
        rules=", ".join(stage.train),
        learning_rate=format_rate(stage.learning_rate),
        epochs=stage.epochs,
        layer_decay=stage.layer_decay,
        average_epochs=stage.average_epochs,
        until_metric=chosen,
        until_at_least=until.at_least if until else None,
        until_patience=until.patience if until else None,
        start_from=stage.start_from,
        lower_is_better=is_lower_better(judged_by if chosen == TASKS_OWN else chosen),
    )


def plan_words(stages: Sequence[StageSection], per_epoch: int | None) -> str:
    """Return how long a plan is; ``per_epoch`` is None while the rows are unknown."""
    epochs = sum(stage.epochs for stage in stages)
    words = f"{len(stages)} stage{'' if len(stages) == 1 else 's'}, {epochs:,} epoch{'' if epochs == 1 else 's'}"
    return words if per_epoch is None else f"{words}, {epochs * per_epoch:,} steps at most"


def rate_curve(stages: Sequence[StageSection], training: TrainingSection, per_epoch: int) -> RateCurve:
    """Return the learning rate over the steps of all stages, thinned to what a plot can show."""
    bands: list[Band] = []
    xs: list[float] = []
    rates: list[float] = []
    first = 0
    for stage in stages:
        steps = stage.epochs * per_epoch
        if bands:
            xs.append(float(first))
            rates.append(math.nan)
        for step in _some_steps(steps, math.ceil(steps * training.warmup_share)):
            xs.append(float(first + step))
            rates.append(stage.learning_rate * rate_at(training.schedule, step, steps, training.warmup_share))
        bands.append(Band(stage.name, first, first + steps))
        first += steps
    return RateCurve(tuple(bands), tuple(xs), tuple(rates))


def new_stage(stages: Sequence[StageSection]) -> StageSection:
    """Return a stage to add to a plan: everything learns, carefully, once through the rows."""
    name = next_name(f"stage {len(stages) + 1}", stages)
    return StageSection(name=name, train=("all",), learning_rate=NEW_RATE, epochs=1)


def next_name(wished: str, stages: Sequence[StageSection]) -> str:
    """Return a name that no stage has yet."""
    taken = {stage.name for stage in stages}
    if wished not in taken:
        return wished
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wished[:70]} {number}") not in taken)


def split_rules(text: str) -> tuple[str, ...]:
    """Return the rules of a comma-separated text."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def step_rate(rate: float, up: bool) -> float:
    """Return the next larger or smaller rate of the series 1, 2, 5, 10."""
    exponent = math.floor(math.log10(rate))
    series = [float(f"{digit}e{exponent + shift}") for shift in (-1, 0, 1) for digit in (1, 2, 5)]
    if up:
        return min(step for step in series if step > rate * (1 + 1e-9))
    return max(step for step in series if step < rate * (1 - 1e-9))


def _rate_words(stage: StageSection) -> str:
    rate = f"rate {format_rate(stage.learning_rate)}"
    return rate if stage.layer_decay == 1.0 else f"{rate}, ×{stage.layer_decay:g} a layer down"


def _length_words(epochs: int, steps: int | None) -> str:
    length = f"{epochs:,} epoch{'' if epochs == 1 else 's'}"
    return length if steps is None else f"{length} · {steps:,} step{'' if steps == 1 else 's'}"


def _start_words(stage: StageSection, place: int) -> str:
    if place == 0:
        return "starts from the pretrained model"
    return "starts from the best so far" if stage.start_from is StartFrom.BEST else "goes on from the last step"


def _some_steps(steps: int, peak: int) -> list[int]:
    """Return at most a few hundred steps of a stage: the ends, the peak after the warmup, and some between."""
    if steps <= POINTS_PER_STAGE:
        return list(range(steps))
    even = {round(i * (steps - 1) / (POINTS_PER_STAGE - 1)) for i in range(POINTS_PER_STAGE)}
    return sorted(even | {min(peak, steps - 1)})
