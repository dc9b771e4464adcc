"""What the window says of runs, in words: their titles, the status line, time spans, scores, shares. Imports no Qt."""

from __future__ import annotations

import datetime
import re

from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.training.control import Wish

METRIC_WORDS = {
    "f1": "F1",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "weighted_f1": "weighted F1",
    "entity_f1": "entity F1",
    "entity_precision": "entity precision",
    "entity_recall": "entity recall",
    "token_accuracy": "accuracy of words",
    "token_f1": "token F1",
    "auc": "area under the curve",
    "map": "mean average precision",
    "exact_match": "exact match",
    "spearman": "Spearman correlation",
    "pearson": "Pearson correlation",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "rmse": "root mean squared error",
    "mcc": "Matthews correlation",
    "bleu": "BLEU",
    "rouge_l": "ROUGE-L",
}
METRIC_HINTS = {
    "f1": "Hits against misses and false alarms, from 0 to 1",
    "macro_f1": "Hits against misses and false alarms, from 0 to 1; every class counts alike",
    "micro_f1": "Hits against misses and false alarms, from 0 to 1; every answer counts alike",
    "weighted_f1": "Hits against misses and false alarms, from 0 to 1; every row counts alike",
    "entity_f1": "Whole entities found against those missed and invented, from 0 to 1",
    "entity_precision": "The share of the entities found that are right",
    "entity_recall": "The share of the right entities that were found",
    "token_accuracy": "The share of words with the right tag; most have none",
    "token_f1": "Words in common with the right answer, from 0 to 1",
    "accuracy": "The share of right answers",
    "auc": "How surely a right row is ranked above a wrong one: 0.5 is chance, 1 always",
    "map": "How far up the right labels are ranked, from 0 to 1",
    "exact_match": "The share of rows of which the whole answer is right",
    "spearman": "Whether larger numbers are answered with larger ones: 1 is always, 0 no better than chance",
    "pearson": "How closely answers follow the numbers on a line: 1 is exactly, 0 not at all",
    "mae": "How far off the answers are on average; lower is better",
    "mse": "How far off the answers are, large errors above all; lower is better",
    "rmse": "How far off the answers are, large errors above all; lower is better",
    "mcc": "Right answers beyond chance: 1 is all, 0 none",
    "perplexity": "Among how many words the model still wavers; lower is better",
    "loss": "What training makes smaller; it tells sure answers from lucky ones",
}


def run_title(run: RunFolder, *, today: datetime.date | None = None) -> str:
    """Return what a run is called, e.g. ``Today 14:12, head-top-all``."""
    started, name = split_run_name(run.path.name)
    return f"{when_words(started, today or datetime.date.today())}, {name}" if started else name


def split_run_name(name: str) -> tuple[datetime.datetime | None, str]:
    """Return when a run began, and the names of its stages; None and the whole name for a folder that was renamed."""
    match = re.match(r"(\d{4}-\d\d-\d\d_\d{6})_(.*)", name)
    if match is None:
        return None, name
    try:
        return datetime.datetime.strptime(match[1], "%Y-%m-%d_%H%M%S"), match[2]
    except ValueError:
        return None, name


def when_words(moment: datetime.datetime, today: datetime.date) -> str:
    """Return a moment as short as it can be told, e.g. ``Today 14:12`` or ``23 Nov 14:12``."""
    if moment.date() == today:
        return f"Today {moment:%H:%M}"
    year = "" if moment.year == today.year else f" {moment.year}"
    return f"{moment.day} {moment:%b}{year} {moment:%H:%M}"


def status_line(history: RunHistory, *, running: bool, wish: Wish = Wish.GO_ON) -> str:
    """Return what a run is doing, or how it ended."""
    if not running:
        return _end(history)
    heard = wish_words(history, wish)
    if heard:
        return heard
    if history.work is not None:
        return f"{work_words(history)}: {history.work.done:,} of {history.work.total:,}"
    if history.started is None or not history.bands:
        return "Preparing"
    stages = len(history.started.stages)
    parts = [f"stage {len(history.bands)} of {stages}", f"step {history.step:,} of {history.total_steps:,}"]
    if history.stage_seconds_left is not None:
        left = "left" if history.in_last_stage else "left in this stage"
        parts.append(f"{duration(history.stage_seconds_left)} {left}")
    return " | ".join(parts)


def wish_words(history: RunHistory, wish: Wish) -> str:
    """Return what was wished of a run under way, as it was heard; empty where it just goes on."""
    at = f" after step {history.step:,}" if history.step else ""
    if history.held is not None:
        return f"Waiting{at}: {history.held.why or history.held.what}"
    if wish is Wish.PAUSE and history.status is RunStatus.PAUSED:
        return f"Paused{at}; the model stays in memory"
    return {
        Wish.GO_ON: "",
        Wish.PAUSE: f"Pausing{at}",
        Wish.FINISH: f"Finishing{at}; the best is kept" if history.bands else "Finishing",
        Wish.PUT_ASIDE: f"Saving{at} and giving the memory back",
        Wish.DISCARD: "Ending; nothing is kept",
    }[wish]


def work_words(history: RunHistory) -> str:
    """Return what is being done while no step runs, and how long it will still take where that is known."""
    if history.work is None:
        return ""
    seconds = history.work_seconds_left
    return history.work.work if seconds is None else f"{history.work.work}, {duration(seconds)} left"


def share_done(history: RunHistory) -> float:
    """Return how much of the steps is done, from 0 to 1; before the first step, how much of the work at hand."""
    if history.work is not None and not history.step:
        return history.work.done / max(1, history.work.total)
    return min(1.0, history.step / history.total_steps) if history.total_steps else 0.0


def duration(seconds: float) -> str:
    """Return a time span in the unit that fits it, e.g. ``45 s``, ``3 min`` or ``2 h 5 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def metric_words(metric: str) -> str:
    """Return a metric's name as people write it."""
    return METRIC_WORDS.get(metric, metric.replace("_", " "))


def metric_hint(metric: str) -> str:
    """Return in a sentence what a metric says; empty where nothing is known of it."""
    return METRIC_HINTS.get(metric, "")


def score_words(value: float) -> str:
    """Return a score with as many digits as a validation set can tell apart; errors have the units of the rows."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def share_words(share: float) -> str:
    """Return a probability in percent; one that is neither 0 nor 1 never looks as if it were."""
    if 0.0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1.0:
        return ">99.9 %"
    return f"{share:.1%}".replace("%", " %")


def _end(history: RunHistory) -> str:
    if history.failure is not None:
        return f"The run failed: {history.failure.what}"
    if history.status is RunStatus.PUT_ASIDE:
        return f"Put aside after step {history.step:,}; it can be continued"
    if history.finished is None:
        return ""
    best = history.finished.best
    verb = "Stopped" if history.finished.stopped else "Finished"
    return f"{verb}: best {metric_words(best.metric)} {score_words(best.value)} at step {best.step:,}"
