"""What a prediction is, one kind for every shape of answer, and the rows that wait for one. Imports nothing heavy."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from trainer_core.data.roles import Fields


@dataclass(frozen=True)
class Prediction:
    """The answer to one row.

    Attributes:
        fields: the texts as they were given, by their roles.
        truncated: whether they were longer than the model's maximum length, and an end was not read.
    """

    fields: dict[str, str]
    truncated: bool

    @property
    def text(self) -> str:
        """The first of the texts."""
        return next(iter(self.fields.values()))

    @property
    def answer(self) -> str:
        """The answer as one short text."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        """Return the answer as values of JSON."""
        raise NotImplementedError

    def cells(self) -> dict[str, str | float]:
        """Return the answer as cells of a table, by heading."""
        raise NotImplementedError

    def record(self) -> dict[str, Any]:
        """Return texts and answer as values of JSON."""
        return {**self.fields, **self.values(), "truncated": self.truncated}


@dataclass(frozen=True)
class ClassPrediction(Prediction):
    """One class of several.

    Attributes:
        label: the most probable class.
        probabilities: the probability of every class, the most probable first; they sum to 1.
    """

    label: str
    probabilities: dict[str, float]

    @property
    def answer(self) -> str:
        """The most probable class."""
        return self.label

    def values(self) -> dict[str, Any]:
        """Return the class and all probabilities."""
        return {"label": self.label, "probabilities": self.probabilities}

    def cells(self) -> dict[str, str | float]:
        """Return the class and its probability."""
        return {"label": self.label, "probability": f"{self.probabilities[self.label]:.6f}"}


@dataclass(frozen=True)
class LabelsPrediction(Prediction):
    """Every label that holds.

    Attributes:
        labels: those that hold, the most probable first.
        probabilities: the probability of every label, the most probable first; each by itself from 0 to 1.
        thresholds: from which probability on a label holds.
    """

    labels: tuple[str, ...]
    probabilities: dict[str, float]
    thresholds: dict[str, float]

    @property
    def answer(self) -> str:
        """The labels that hold, or a dash."""
        return ", ".join(self.labels) or "–"

    def values(self) -> dict[str, Any]:
        """Return the labels, all probabilities and thresholds."""
        return {"labels": list(self.labels), "probabilities": self.probabilities, "thresholds": self.thresholds}

    def cells(self) -> dict[str, str | float]:
        """Return the labels, and the probability of each."""
        shares = "|".join(f"{self.probabilities[label]:.6f}" for label in self.labels)
        return {"labels": "|".join(self.labels), "probabilities": shares}


@dataclass(frozen=True)
class NumberPrediction(Prediction):
    """A number.

    Attributes:
        value: what is predicted.
        lowest: the smallest one that was learnt from.
        highest: the largest one that was learnt from.
    """

    value: float
    lowest: float
    highest: float

    @property
    def answer(self) -> str:
        """The number, with as many digits as its range makes sensible."""
        spread = self.highest - self.lowest
        decimals = max(0, 4 - math.ceil(math.log10(spread))) if spread > 0 else 4
        return f"{round(self.value, decimals) + 0.0:.15g}"  # never "-0"

    def values(self) -> dict[str, Any]:
        """Return the number."""
        return {"value": self.value}

    def cells(self) -> dict[str, str | float]:
        """Return the number."""
        return {"value": float(f"{self.value:.6g}")}


@dataclass(frozen=True)
class TaggedSpan:
    """A stretch of a text and what it is; the end is not included."""

    start: int
    end: int
    label: str
    probability: float


@dataclass(frozen=True)
class SpansPrediction(Prediction):
    """The stretches of a text that were found.

    Attributes:
        spans: in the order of the text; none overlap.
    """

    spans: tuple[TaggedSpan, ...]

    @property
    def answer(self) -> str:
        """What was found, or a dash."""
        return ", ".join(f"{self.text[span.start : span.end]} ({span.label})" for span in self.spans) or "–"

    def values(self) -> dict[str, Any]:
        """Return the spans with their texts."""
        return {"spans": [{**asdict(span), "text": self.text[span.start : span.end]} for span in self.spans]}

    def cells(self) -> dict[str, str | float]:
        """Return the spans as JSON, as a data file for training may hold them."""
        spans = [{"start": span.start, "end": span.end, "label": span.label} for span in self.spans]
        return {"spans": json.dumps(spans, ensure_ascii=False)}


@dataclass(frozen=True)
class AnswerPrediction(Prediction):
    """The stretch of a context that answers a question.

    Attributes:
        start: where it begins in the context.
        end: where it ends; the same place where the context has no answer.
        probability: from 0 to 1.
    """

    start: int
    end: int
    probability: float

    @property
    def context(self) -> str:
        """Where the answer stands."""
        return list(self.fields.values())[-1]

    @property
    def answer(self) -> str:
        """The answer's text, or that there is none."""
        return self.context[self.start : self.end] or "No answer"

    def values(self) -> dict[str, Any]:
        """Return the answer's text, empty where there is none, and where it stands."""
        text = self.context[self.start : self.end]
        return {"answer": text, "start": self.start, "end": self.end, "probability": self.probability}

    def cells(self) -> dict[str, str | float]:
        """Return the answer's text and its probability."""
        return {"answer": self.context[self.start : self.end], "probability": f"{self.probability:.6f}"}


@dataclass(frozen=True)
class OpenRows:
    """Rows of a file, read as they are asked for, and how many there are."""

    total: int
    rows: Iterable[Fields]


@dataclass(frozen=True)
class EvaluationReport:
    """How a model does on rows whose answers are known.

    Attributes:
        rows: how many there are.
        metrics: by name.
        by_label: the metrics of each label, where there are labels.
    """

    rows: int
    metrics: dict[str, float]
    by_label: dict[str, dict[str, float]]
