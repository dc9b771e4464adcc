"""In words: what several pages say of a run. Imports no Qt widget and nothing heavy."""

from __future__ import annotations

import datetime

from trainer_core.runs.folder import RunFolder

STAMP = "%Y-%m-%d_%H%M%S"
STAMP_LENGTH = 17


def run_title(run: RunFolder, *, today: datetime.date | None = None) -> str:
    """Return what a run is called, e.g. ``Today 14:12, head-top-all``."""
    stamp, name = run.path.name[:STAMP_LENGTH], run.path.name[STAMP_LENGTH + 1 :]
    try:
        started = datetime.datetime.strptime(stamp, STAMP)
    except ValueError:
        return run.path.name
    today = today or datetime.date.today()
    if started.date() == today:
        return f"Today {started:%H:%M}, {name}"
    year = "" if started.year == today.year else f" {started.year}"
    return f"{started.day} {started:%b}{year} {started:%H:%M}, {name}"


def score_words(value: float) -> str:
    """Return a score with as many digits as a validation set can tell apart."""
    return f"{value:.3f}"
