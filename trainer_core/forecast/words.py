"""A forecast in words, alike in the window and in the terminal. Imports no torch."""

from __future__ import annotations

from trainer_core.forecast.contract import Forecast


def time_words(seconds: float) -> str:
    """Return a time span with no more digits than a forecast is worth, e.g. ``about 40 s``."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 100:
        return f"about {_two_digits(seconds)} s"
    minutes = seconds / 60
    if minutes < 100:
        return f"about {_two_digits(minutes)} min"
    hours = minutes / 60
    return f"about {_two_digits(hours)} h" if hours < 100 else f"about {_two_digits(hours / 24)} days"


def size_words(count: float) -> str:
    """Return a number of bytes with two digits, e.g. ``about 1.1 GB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= 0.995 * size:
            return f"about {_two_digits(count / size)} {unit}"
    return "less than 1 kB"


def trust_words(forecast: Forecast) -> str:
    """Return how far a forecast can be trusted."""
    if forecast.runs:
        runs = "an earlier run" if forecast.runs == 1 else f"{forecast.runs} earlier runs"
        return f"Corrected by {runs} of this model on this machine."
    if forecast.measured:
        return "From steps measured on this machine."
    return "Still a guess: not measured on this machine yet."


def _two_digits(value: float) -> str:
    """Return a number of at least 1 with two digits: a forecast knows no more."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 or rounded == int(rounded) else f"{rounded:.1f}"
