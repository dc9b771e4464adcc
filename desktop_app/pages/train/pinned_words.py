"""In words: what a model answered to the pinned texts at a moment of its run, and how to pin some. Imports no Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from desktop_app.pages.train.pinned_lines import Asked, Pin, fields_of
from desktop_app.run_words import share_words
from trainer_core.project.schema import MOST_PINNED
from trainer_core.runs.history import RunHistory
from trainer_core.training.events import PinnedAnswer, PinnedAnswered

NOTHING_PINNED = "Texts pinned here are answered each time the model is measured, so that you see its answers change."
RUN_KEEPS = "A run under way keeps what was pinned when it began; the next one answers these."
MOST_LINES = 6
MOST_LETTERS = 600


@dataclass(frozen=True)
class PinnedLine:
    """What is shown of a pinned row.

    Attributes:
        texts: its texts, in one line.
        answer: what the model answers, without the end of a long one.
        share: how probable that is; empty where nobody knows.
        first: what it answered first; empty where that is the same.
    """

    texts: str
    answer: str
    share: str
    first: str


@dataclass(frozen=True)
class Moment:
    """What the model answered at a moment.

    Attributes:
        place: of the moment, among all of them.
        count: how many there are.
        words: when it was.
        lines: one for each pinned row.
    """

    place: int
    count: int
    words: str
    lines: tuple[PinnedLine, ...]


@dataclass(frozen=True)
class PinForm:
    """What is edited where texts are pinned: the lines, and what one has to know for it."""

    lines: str
    several: bool
    words: str


def moment_of(history: RunHistory, chosen: int | None) -> Moment | None:
    """Return what was answered at a chosen moment, or at the newest one; None where nothing was."""
    moments = history.pinned
    if not moments:
        return None
    place = len(moments) - 1 if chosen is None else min(chosen, len(moments) - 1)
    firsts: Sequence[PinnedAnswer | None] = moments[0].answers if place else [None] * len(moments[0].answers)
    lines = (_line(one, first) for one, first in zip(moments[place].answers, firsts, strict=False))
    return Moment(place, len(moments), moment_words(moments[place], history), tuple(lines))


def moment_words(answered: PinnedAnswered, history: RunHistory) -> str:
    """Return when the model answered, and whether those were its best weights so far."""
    step, total = answered.step, max(history.total_steps, answered.step)
    words = f"after step {step:,} of {total:,}" if step else "before the first step"
    is_best = history.best is not None and history.best.step == step
    return f"{words}, the best so far" if is_best and history.finished is None else words + ", the best" * is_best


def note_of(pins: Sequence[Pin], history: RunHistory, *, live: bool) -> str:
    """Return what has to be known of the pinned texts of a project beside a run's answers; mostly nothing."""
    if history.pinned:
        answered = [tuple(filter(None, one.fields.values())) for one in history.pinned[-1].answers]
        if answered == [fields_of(pin) for pin in pins]:
            return ""
        return "Other texts are pinned for the next run." if pins else "Nothing is pinned for the next run."
    if not pins:
        return NOTHING_PINNED
    count = "One is pinned." if len(pins) == 1 else f"{len(pins)} are pinned."
    if live:
        return f"{count} A run that began with them answers as soon as its model is measured."
    return f"{count} The next run answers each time its model is measured."


def form_words(asked: Asked) -> str:
    """Return how rows are written."""
    order = ", ".join(asked.titles)
    how = f"One text a line, at most {MOST_PINNED} lines."
    if asked.titles and asked.several:
        how = f"One row a line, at most {MOST_PINNED}: {order}, in this order, with a tab between them."
        how += " Those at the end may be left out." * (asked.fewest < len(asked.titles))
    elif asked.several:
        how = f"One row a line, at most {MOST_PINNED}; where a row has several texts, with a tab between them."
    return f"{how} Within a text, \\n stands for a line break, and \\\\ for a backslash."


def _line(one: PinnedAnswer, first: PinnedAnswer | None) -> PinnedLine:
    share = _share(one)
    before = _at_first(one, first) if first is not None else ""
    return PinnedLine(" / ".join(filter(None, one.fields.values())), _cut(one.answer), share, before)


def _at_first(one: PinnedAnswer, first: PinnedAnswer) -> str:
    share = _share(first)
    if first.answer != one.answer:
        return "At first: " + ", ".join(filter(None, (_cut(first.answer), share)))
    return f"At first: {share}" if share != _share(one) else ""


def _share(one: PinnedAnswer) -> str:
    """Return how probable the answer is, each label of it for itself; a model that diverged knows no numbers."""
    values = one.values
    shares = values.get("probabilities")
    if isinstance(shares, dict):
        found = [shares.get(name) for name in values.get("labels", [values.get("label")])]
    else:
        found = [values.get("probability")]
    return ", ".join(share_words(share) for share in found if isinstance(share, float) and math.isfinite(share))


def _cut(answer: str) -> str:
    """Return an answer of at most some lines and letters; where it is longer, that can be seen."""
    whole = answer.strip()
    text = "\n".join(whole.splitlines()[:MOST_LINES])[:MOST_LETTERS]
    return (text.rstrip() + " …" if len(text) < len(whole) else text) or "(nothing)"
