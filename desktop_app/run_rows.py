"""Runs as the rows of the sidebar's list: when, how they ended, and their best value."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace

from desktop_app.run_summaries import RunSummary
from desktop_app.run_words import metric_words, score_words, when_words
from desktop_app.widgets.sidebar import RowMark, RunRow
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import BROKEN_OFF, RunHistory, RunStatus


def run_rows(
    summaries: Iterable[RunSummary], *, under_way: RunFolder | None, history: RunHistory, today: datetime.date
) -> list[RunRow]:
    """Return the rows of all runs; the one under way stands as its ``history`` tells at this moment."""
    return [
        run_row(replace(summary, best=history.best, status=history.status), running=True, today=today)
        if summary.folder == under_way
        else run_row(summary, running=False, today=today)
        for summary in summaries
    ]


def run_row(summary: RunSummary, *, running: bool, today: datetime.date) -> RunRow:
    """Return a run as the list shows it."""
    status = _status_words(summary.status, running=running)
    best = summary.best
    value = score_words(best.value) if best else ""
    started = when_words(summary.started, today) if summary.started else summary.name
    lines = [f"{status.capitalize()}: {summary.folder.path.name}"]
    if best:
        lines.append(f"Best {metric_words(best.metric)} {best.value:.4f} at step {best.step:,}, stage {best.stage}")
    icon, color = ("mdi6.progress-clock", "accent") if running else _SIGNS.get(summary.status, ("", "muted"))
    meaning = f"{status}, best {metric_words(best.metric)} {value}" if best else status
    mark = RowMark(icon, value, color, meaning)
    subtitle = f"{status} · {summary.name}" if summary.started else status
    return RunRow(str(summary.folder.path), started, subtitle, mark, "\n".join(lines))


_SIGNS = {
    RunStatus.FINISHED: ("mdi6.check", "ok"),
    RunStatus.STOPPED: ("mdi6.stop", "muted"),
    RunStatus.FAILED: ("mdi6.alert-circle-outline", "error"),
    RunStatus.TRAINING: ("mdi6.power-plug-off-outline", "warning"),
    RunStatus.PREPARING: ("mdi6.power-plug-off-outline", "warning"),
    RunStatus.PAUSED: ("mdi6.power-plug-off-outline", "warning"),
    RunStatus.HELD: ("mdi6.power-plug-off-outline", "warning"),
    RunStatus.PUT_ASIDE: ("mdi6.pause", "muted"),
}


_WAITING = {RunStatus.PAUSED: "paused", RunStatus.HELD: "waiting for you"}


def _status_words(status: RunStatus, *, running: bool) -> str:
    if running:
        return _WAITING.get(status, "training")
    return "interrupted" if status in BROKEN_OFF else status.value
