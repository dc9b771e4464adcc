"""In words: how a run stands and how it came out. Imports no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_app.plots.marks import format_value
from desktop_app.run_words import duration, metric_words, score_words, wish_words, work_words
from trainer_core.errors import ThawError
from trainer_core.results.names import better
from trainer_core.runs.history import RunHistory, RunStatus, StageBand
from trainer_core.training.control import Wish
from trainer_core.training.events import PRETRAINED, Best, RunFailed


@dataclass(frozen=True)
class Fact:
    """A line of the list beside the plots."""

    name: str
    value: str


@dataclass(frozen=True)
class Progress:
    """A bar: what is done, of how much; ``total`` is 0 where nobody knows."""

    text: str
    done: int
    total: int


@dataclass(frozen=True)
class Summary:
    """How a run came out: the score in large type, what it means, and where the run lies."""

    score: str
    metric: str
    lines: tuple[str, ...]
    folder: str


class RecordedTraceback(Exception):
    """Carries the traceback of a run that failed in another thread or at another time."""


def headline(history: RunHistory, *, live: bool, wish: Wish = Wish.GO_ON) -> str:
    """Return how the run stands, as one line."""
    heard = wish_words(history, wish) if live else ""
    if heard:
        return heard
    if live and history.status is RunStatus.TRAINING and history.bands and history.started:
        return f"Training: stage {len(history.bands)} of {len(history.started.stages)}, {history.bands[-1].name}"
    if live:
        return "Getting ready"
    return {
        RunStatus.FINISHED: "Finished",
        RunStatus.STOPPED: "Finished early; the best weights are kept",
        RunStatus.FAILED: "Failed",
        RunStatus.PUT_ASIDE: "Put aside; it can be continued",
    }.get(history.status, "This run did not come to its end; what it saved is kept")


def facts(history: RunHistory, *, live: bool) -> list[Fact]:
    """Return what is known of the run at this moment."""
    result = [*_position_facts(history, live=live), *_value_facts(history), *_reading_facts(history)]
    if history.bands:
        result.append(Fact("Learning", _share_words(history.bands[-1])))
    if history.started is not None:
        result.append(
            Fact("Rows", f"{history.started.train_rows:,} to learn, {history.started.validation_rows:,} to check")
        )
        result.append(Fact("Computed on", f"{history.started.device}, {history.started.precision}"))
    return result


def _position_facts(history: RunHistory, *, live: bool) -> list[Fact]:
    if history.started is None or not history.bands:
        return []
    stages, step = history.started.stages, history.last_step
    result = [Fact("Stage", f"{len(history.bands)} of {len(stages)}, {history.bands[-1].name}")]
    if step is not None and step.stage == len(history.bands) - 1:
        result.append(Fact("Epoch", f"{step.epoch:.1f} of {stages[step.stage].epochs}"))
    result.append(Fact("Step", f"{history.step:,} of {history.total_steps:,}"))
    if live:
        result.append(_time_left(history))
    return result


def _time_left(history: RunHistory) -> Fact:
    name = "Time left" if history.in_last_stage else "Left in stage"
    seconds = history.stage_seconds_left
    return Fact(name, "not known yet" if seconds is None else f"about {duration(seconds)}")


def _value_facts(history: RunHistory) -> list[Fact]:
    result = []
    if history.last_step is not None:
        result.append(Fact("Loss", format_value(history.last_step.loss)))
    if history.best is not None:
        name = f"Best {metric_words(history.best.metric)}"
        result.append(Fact(name, f"{score_words(history.best.value)}, {_place(history.best.step, history.best.stage)}"))
    return result


def _reading_facts(history: RunHistory) -> list[Fact]:
    """Return what the model came to by reading texts of the field first."""
    read = history.pretraining
    if read is None or "perplexity" not in read.metrics:
        return []
    before = f"{score_words(read.before['perplexity'])} → " if "perplexity" in read.before else ""
    return [Fact("Perplexity", f"{before}{score_words(read.metrics['perplexity'])}, of texts of the field")]


def _share_words(band: StageBand) -> str:
    share = band.trained_parameters / max(1, band.total_parameters)
    if share == 1.0:
        return "the whole model"
    return f"{share:.1%} of the model" if share >= 0.001 else f"{band.trained_parameters:,} parameters"


def _place(step: int, stage: str) -> str:
    if step:
        return f"step {step:,}, stage {stage}"
    return "the model as it came" if stage == PRETRAINED else "linear probe"


def _found(best: Best) -> str:
    if best.step:
        return f"Found at {_place(best.step, best.stage)}."
    return "Nothing learnt was better." if best.stage == PRETRAINED else "Found by the linear probe."


def run_progress(history: RunHistory) -> Progress | None:
    """Return how much of the run is done; None before its steps begin."""
    if history.status is RunStatus.PREPARING or not history.total_steps:
        return None
    return Progress("Steps of the run", history.step, history.total_steps)


def work_progress(history: RunHistory, *, live: bool) -> Progress | None:
    """Return how much is done of work that is no step; before the run's first word that is only that it begins."""
    if not live:
        return None
    if history.work is not None:
        return Progress(work_words(history), history.work.done, history.work.total)
    if history.started is None:
        return Progress("Loading the libraries and reading the rows", 0, 0)
    if history.status is RunStatus.PREPARING:
        return Progress("Getting ready", 0, 0)
    return None


def summary(history: RunHistory, folder: str) -> Summary | None:
    """Return how a run came out; None for one that has no end."""
    finished = history.finished
    if finished is None:
        return None
    best = finished.best
    lines = [f"{_found(best)} The run took {duration(finished.seconds)}."]
    lines.extend(_comparisons(history))
    return Summary(score_words(best.value), metric_words(best.metric), tuple(lines), folder)


def _comparisons(history: RunHistory) -> Sequence[str]:
    assert history.finished is not None
    best, lines = history.finished.best, []
    if history.probe is not None and best.metric in history.probe.metrics:
        probe = history.probe.metrics[best.metric]
        beaten = better(best.metric, best.value, probe)
        lines.append(
            f"A linear probe on the frozen model reached {score_words(probe)}."
            if beaten
            else f"Training did not get beyond the linear probe on the frozen model, {score_words(probe)}."
        )
    if history.pretrained is not None and best.metric in history.pretrained.metrics:
        lines.append(f"The model as it came had {score_words(history.pretrained.metrics[best.metric])}.")
    if history.started is not None and best.metric in history.started.baselines:
        baseline = history.started.baselines[best.metric]
        lines.append(f"Without learning, {score_words(baseline)} can be had.")
    return lines


def failure_error(failure: RunFailed) -> ThawError:
    """Return a run's failure as an error in three layers."""
    error = ThawError(failure.what, why=failure.why, remedy=failure.remedy)
    if failure.traceback:
        error.__cause__ = RecordedTraceback(failure.traceback)
    return error
