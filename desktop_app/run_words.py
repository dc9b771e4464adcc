"""A run in words: the status line, and the rows of the list of runs. Plain functions over the history."""

from __future__ import annotations

import datetime

from desktop_app.run_summaries import RunSummary
from desktop_app.widgets.sidebar import RowMark, RunRow
from trainer_core.runs.history import RunHistory, RunStatus

METRIC_WORDS = {"macro_f1": "macro F1", "f1": "F1", "accuracy": "accuracy", "loss": "loss"}


def status_line(history: RunHistory, *, running: bool, stopping: bool) -> str:
    """Return what a run is doing, or how it ended."""
    if not running:
        return _end(history)
    if stopping:
        return f"Stopping after step {history.step:,}; the best is kept"
    if history.work is not None:
        return f"{history.work.work}: {history.work.done:,} of {history.work.total:,}"
    if history.started is None or not history.bands:
        return "Preparing"
    stages = len(history.started.stages)
    parts = [f"stage {len(history.bands)} of {stages}", f"step {history.step:,} of {history.total_steps:,}"]
    if history.seconds_left is not None:
        parts.append(f"{duration(history.seconds_left)} left")
    return " | ".join(parts)


def share_done(history: RunHistory) -> float:
    """Return how much of the steps is done, from 0 to 1."""
    return min(1.0, history.step / history.total_steps) if history.total_steps else 0.0


def duration(seconds: float) -> str:
    """Return a time span in the unit that fits it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def metric_words(metric: str) -> str:
    """Return a metric's name as people write it."""
    return METRIC_WORDS.get(metric, metric.replace("_", " "))


def run_row(summary: RunSummary, *, running: bool, today: datetime.date) -> RunRow:
    """Return a run as the list shows it."""
    status = _status_words(summary.status, running=running)
    best = summary.best
    value = f"{best.value:.3f}" if best else ""
    started = _when(summary.started, today) or summary.name
    lines = [f"{status.capitalize()}: {summary.folder.path.name}"]
    if best:
        lines.append(f"Best {metric_words(best.metric)} {best.value:.4f} at step {best.step:,}, stage {best.stage}")
    icon, color = ("mdi6.progress-clock", "accent") if running else _SIGNS.get(summary.status, ("", "muted"))
    meaning = f"{status}, best {metric_words(best.metric)} {value}" if best else status
    mark = RowMark(icon, value, color, meaning)
    return RunRow(str(summary.folder.path), started, status, mark, "\n".join(lines))


_SIGNS = {
    RunStatus.FINISHED: ("mdi6.check", "ok"),
    RunStatus.STOPPED: ("mdi6.stop", "muted"),
    RunStatus.FAILED: ("mdi6.alert-circle-outline", "error"),
    RunStatus.TRAINING: ("mdi6.power-plug-off-outline", "warning"),
    RunStatus.PREPARING: ("mdi6.power-plug-off-outline", "warning"),
}


def _status_words(status: RunStatus, *, running: bool) -> str:
    if running:
        return "training"
    return "interrupted" if status in (RunStatus.TRAINING, RunStatus.PREPARING) else status.value


def _when(started: datetime.datetime | None, today: datetime.date) -> str:
    if started is None:
        return ""
    if started.date() == today:
        return f"Today {started:%H:%M}"
    day = f"{started.day} {started:%b}" if started.year == today.year else f"{started.day} {started:%b %Y}"
    return f"{day} {started:%H:%M}"


def _end(history: RunHistory) -> str:
    if history.failure is not None:
        return f"The run failed: {history.failure.what}"
    if history.finished is None:
        return ""
    best = history.finished.best
    verb = "Stopped" if history.finished.stopped else "Finished"
    return f"{verb}: best {metric_words(best.metric)} {best.value:.3f} at step {best.step:,}"
