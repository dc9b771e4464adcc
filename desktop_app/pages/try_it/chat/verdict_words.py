"""Verdicts in words: what the buttons say, and how the count stands. Imports no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_core.results.verdicts import Tally, Verdict

QUESTION = "Which is better?"
TITLES = {Verdict.BEFORE: "Before", Verdict.ALIKE: "Alike", Verdict.AFTER: "After"}
NAMES = {
    Verdict.BEFORE: "The answer before fine-tuning is better",
    Verdict.ALIKE: "Both answers are alike",
    Verdict.AFTER: "The answer after fine-tuning is better",
}
TIPS = {
    Verdict.BEFORE: "Counts this pair for the model as it was, and keeps it with the run; a second click takes it back",
    Verdict.ALIKE: "Counts half a win for each, and keeps the pair with the run; a second click takes it back",
    Verdict.AFTER: "Counts this pair for your model, and keeps it with the run; a second click takes it back",
}
ROWS = {Verdict.AFTER: "After is better", Verdict.ALIKE: "Alike", Verdict.BEFORE: "Before is better"}
CONFIDENCE = "95\N{NO-BREAK SPACE}% confidence"
NOTHING = "Say under a pair of answers which one is better. Here you see how often your model wins."


@dataclass(frozen=True)
class StandingRow:
    """A line of the table: what was said, how often, and its share."""

    title: str
    count: str
    share: str


@dataclass(frozen=True)
class Standing:
    """How the count stands.

    Attributes:
        rate: the win rate of the fine-tuned model; empty while nothing was judged.
        rows: the table.
        sure: what may be concluded from it.
    """

    rate: str = ""
    rows: tuple[StandingRow, ...] = ()
    sure: str = NOTHING


def standing_of(tally: Tally) -> Standing:
    """Return how a count stands."""
    if not tally.total:
        return Standing()
    counts = {Verdict.AFTER: tally.after, Verdict.ALIKE: tally.alike, Verdict.BEFORE: tally.before}
    rows = tuple(
        StandingRow(title, f"{counts[verdict]:,}", percent(counts[verdict] / tally.total))
        for verdict, title in ROWS.items()
    )
    return Standing(percent(tally.win_rate), rows, _how_sure(tally))


def percent(share: float) -> str:
    """Return a share in whole percent; one that is neither 0 nor 1 never looks as if it were."""
    whole = round(100 * share)
    if 0.0 < share < 1.0:
        whole = min(99, max(1, whole))
    return f"{whole}\N{NO-BREAK SPACE}%"


def _how_sure(tally: Tally) -> str:
    low, high = tally.interval
    between = f"between {percent(low)} and {percent(high)}"
    if low > 0.5:
        return f"Your model is better than before: over many such pairs it would win {between} (with {CONFIDENCE})."
    if high < 0.5:
        return f"Your model is worse than before: over many such pairs it would win {between} (with {CONFIDENCE})."
    pairs = "1 pair does" if tally.total == 1 else f"{tally.total:,} pairs do"
    return f"{pairs} not tell which is better: over many, your model may win {between} (with {CONFIDENCE})."
