"""In words: what a model answered, the examples, and the command that does the same. Imports no Qt."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.marked import Mark, MarkedText
from desktop_app.run_words import share_words
from trainer_core.data.roles import Fields, Role
from trainer_core.inference.prediction import (
    AnswerPrediction,
    ClassPrediction,
    LabelsPrediction,
    NumberPrediction,
    Prediction,
    SpansPrediction,
)

if TYPE_CHECKING:
    from trainer_core.data.report import DataReport

MOST_BARS = 12
MOST_EXAMPLES = 10
MOST_EXAMPLE_BYTES = 65_536
EXAMPLES_FILE = "try.txt"
ANY_TEXT = "your text"


@dataclass(frozen=True)
class Bar:
    """One bar: what stands before it, how far it goes from 0 to 1, and what stands behind it.

    Attributes:
        strong: whether it belongs to the answer.
        mark: how far it has to go for that, where there is such a place.
    """

    label: str
    share: float
    text: str
    strong: bool = False
    mark: float | None = None


@dataclass(frozen=True)
class Answer:
    """What is shown of a prediction.

    Attributes:
        title: the answer, in large type.
        hint: how sure it is, or what it is to be compared with.
        marked: the text that was read, with what was found in it.
        bars: what it was chosen from.
        rest: what is not shown of that.
        note: what the user should know about it.
    """

    title: str
    hint: str = ""
    marked: MarkedText | None = None
    bars: tuple[Bar, ...] = ()
    rest: str = ""
    note: str = ""


def answer_of(prediction: Prediction) -> Answer:
    """Return what is shown of a prediction."""
    note = "This is longer than the model reads; an end was left out." if prediction.truncated else ""
    return replace(_shown(prediction), note=note)


@singledispatch
def _shown(prediction: Prediction) -> Answer:
    return Answer(prediction.answer)


@_shown.register
def _(prediction: ClassPrediction) -> Answer:
    bars, rest = _bars(prediction.probabilities, {prediction.label}, {})
    return Answer(prediction.label, f"with {bars[0].text} probability", bars=bars, rest=rest)


@_shown.register
def _(prediction: LabelsPrediction) -> Answer:
    bars, rest = _bars(prediction.probabilities, set(prediction.labels), prediction.thresholds)
    count = len(prediction.labels)
    hint = f"{count} of {len(prediction.probabilities)} labels {'holds' if count == 1 else 'hold'}"
    return Answer(prediction.answer if count else "No label", hint, bars=bars, rest=rest)


@_shown.register
def _(prediction: NumberPrediction) -> Answer:
    low, high = prediction.lowest, prediction.highest
    share = (prediction.value - low) / (high - low) if high > low else 0.5
    bar = Bar(f"{low:.4g}", min(1.0, max(0.0, share)), f"{high:.4g}", strong=True)
    return Answer(prediction.answer, f"It learnt from numbers between {low:.4g} and {high:.4g}", bars=(bar,))


@_shown.register
def _(prediction: SpansPrediction) -> Answer:
    marks = tuple(Mark(span.start, span.end, span.label) for span in prediction.spans)
    count = len(marks)
    title = f"{count} found" if count else "Nothing found"
    surest = ", ".join(f"{prediction.text[s.start : s.end]} {share_words(s.probability)}" for s in prediction.spans)
    return Answer(title, surest, MarkedText(prediction.text, marks))


@_shown.register
def _(prediction: AnswerPrediction) -> Answer:
    marks = (Mark(prediction.start, prediction.end),) if prediction.end > prediction.start else ()
    hint = f"with {share_words(prediction.probability)} probability"
    return Answer(prediction.answer, hint, MarkedText(prediction.context, marks))


def _bars(
    probabilities: Mapping[str, float], answer: Collection[str], marks: Mapping[str, float]
) -> tuple[tuple[Bar, ...], str]:
    """Return a bar for each of the most probable labels, and what the others share."""
    pairs = list(probabilities.items())
    bars = tuple(
        Bar(label, share, share_words(share), label in answer, marks.get(label)) for label, share in pairs[:MOST_BARS]
    )
    others = [share for _, share in pairs[MOST_BARS:]]
    if not others:
        return bars, ""
    if marks:
        return bars, f"{len(others)} more labels have at most {share_words(others[0])} each"
    return bars, f"{len(others)} more classes share {share_words(sum(others))}"


def field_title(role: Role) -> str:
    """Return what stands over the field of a text."""
    return role.replace("_", " ").capitalize()


def example_fields(folder: Path, width: int) -> list[Fields]:
    """Return what lies beside the project to be tried, a line each, with a tabulator between several texts."""
    path = folder / EXAMPLES_FILE
    if not path.is_file():
        return []
    with path.open("rb") as file:
        lines = file.read(MOST_EXAMPLE_BYTES).decode("utf-8", errors="replace").splitlines()
    rows = [tuple(text.strip() for text in line.split("\t")) if width > 1 else (line.strip(),) for line in lines]
    return [row for row in rows if len(row) == width and all(row)][:MOST_EXAMPLES]


def sample_fields(report: DataReport, given: Sequence[Role]) -> list[Fields]:
    """Return texts of training rows as a model reads them; none where the rows lack one of them."""
    if not set(given) <= set(report.roles):
        return []
    places = [report.roles.index(role) for role in given]
    return [tuple(row[place] for place in places) for row in report.sample[:MOST_EXAMPLES]]


def command_for(run: Path, fields: Fields) -> str:
    """Return the command that predicts texts without the window, quoted for this computer's shell."""
    texts = [" ".join(text.split()) or ANY_TEXT for text in fields]
    words = ["thaw", "predict", str(run), *texts]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
