"""Tagging: the stretches of a text that name something, and what each is, such as places or persons."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from trainer_core.data import findings as checks
from trainer_core.data.encoded import IGNORED, Encoded, Encodings, encode_fields
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import LABEL, TEXT, Fields, Need, Role
from trainer_core.data.rows import Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.spans import SpanArray, find_cut_words, read_spans
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.data.words import words_of
from trainer_core.errors import InputError
from trainer_core.inference.prediction import Prediction, SpansPrediction, TaggedSpan
from trainer_core.tasks.base import FloatArray, Judge, TaskOptions, TextTask

OUTSIDE = 0
FOUND = frozenset[tuple[int, int, int, int]]
"""Row, start, end and label of spans."""


class Tagging(TextTask[TaskOptions]):
    """A linear head on every word's first token, softmax over tags; precision, recall and F1 of whole spans.

    A tag says that a word begins a span of a label, goes on with it, or lies outside (Ramshaw and Marcus 1995,
    arXiv:cmp-lg/9505040). Spans are counted as seqeval counts them: right where start, end and label are.
    """

    name = "tagging"
    title = "Tagging"
    summary = "Stretches of a text and what each of them is, such as names of places"
    needs: ClassVar[tuple[Need, ...]] = (
        dataclasses.replace(TEXT, nested=True),
        dataclasses.replace(LABEL, title="Spans", nested=True),
    )
    target = "list of spans that can be used"
    metrics_offered = ("entity_f1", "entity_precision", "entity_recall", "token_accuracy", "loss")
    by_token = True

    # --- rows ----------------------------------------------------------------------------------------------------

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Read spans: an array of ``SpanArray``."""
        return read_spans(table, columns, whole, labels)

    def output_count(self, labels: Sequence[str]) -> int:
        """Return one score for outside, and two a label: for the first word of a span, and for the others."""
        return 1 + 2 * len(labels)

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Find labels that cannot be learnt or look like one, and spans that can never be given."""
        if not train.labels:
            what = "No row has a span, so there is nothing to learn."
            return [Finding(Severity.ERROR, str(train.table.path), what, "Name another column in data.columns.label.")]
        counts = self.count(train)
        found = [
            checks.find_small_classes(train, counts),
            *checks.find_label_variants(train, counts),
            find_cut_words(train),
        ]
        return [finding for finding in found if finding]

    def count(self, rows: Rows) -> dict[str, int]:
        """Return in how many rows each label occurs, the most frequent first."""
        counts = Counter(label for spans in rows.targets for label in set(spans[:, 2].tolist()))
        return {rows.labels[number]: count for number, count in counts.most_common()}

    # --- learning ------------------------------------------------------------------------------------------------

    @property
    def reading(self) -> str:
        """Words are found."""
        return "words"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
        """Read texts whole; a word's first token stands for the word.

        Raises:
            InputError: the tokenizer does not tell which letters a token is of.
        """
        encodings = encode_fields(tokenizer, rows, max_length, with_letters=True)
        if encodings.spans is None:
            what = "The tokenizer of this model does not tell which letters a token is of, so words cannot be tagged."
            raise InputError.one("model.source", what, "Choose a model with a tokenizer.json.")
        spans, start = np.full_like(encodings.spans, -1), 0
        for (text,), length in zip(rows, encodings.lengths.tolist(), strict=True):
            spans[start : start + length] = _first_tokens(encodings.spans[start : start + length], text)
            start += length
        return replace(encodings, spans=spans)

    def align(self, encoded: Encoded, targets: TargetArray) -> TargetArray:
        """Return the tag of each token, int64 [tokens]; only first tokens of words have one."""
        assert encoded.spans is not None
        tags = np.where(encoded.spans[:, 0] >= 0, OUTSIDE, IGNORED).astype(np.int64)
        for row, gold in enumerate(targets):
            places, words = _words(encoded, row)
            for start, end, label in gold.tolist():
                inside = np.flatnonzero((words[:, 0] < end) & (words[:, 1] > start))
                tags[places[inside]] = 2 + 2 * label
                tags[places[inside[:1]]] = 1 + 2 * label
        return tags

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy summed over words, for scores [tokens, tags] and tags [tokens]."""
        return functional.cross_entropy(scores.float(), targets, ignore_index=IGNORED, reduction="sum")

    def judge(self, rows: Rows, encoded: Encoded) -> Judge:
        """Compare the spans that scores mean with those of the rows."""
        gold = _gold(rows)
        tagged = encoded.targets != IGNORED

        def measure(scores: FloatArray) -> dict[str, float]:
            tags = scores.argmax(axis=1)
            loss = self.loss(torch.from_numpy(scores), torch.from_numpy(encoded.targets)).item()
            right = float((tags == encoded.targets)[tagged].mean()) if tagged.any() else 0.0
            return {
                "loss": loss / max(1, tagged.sum()),
                "token_accuracy": right,
                **_span_metrics(gold, _found(encoded, tags)),
            }

        return measure

    def measure_each(self, rows: Rows, encoded: Encoded, scores: FloatArray) -> dict[str, dict[str, float]]:
        """Return precision, recall and F1 of the spans of each label, and how many there are."""
        gold, found = _gold(rows), _found(encoded, scores.argmax(axis=1))
        return {
            name: _span_metrics(_of(gold, number), _of(found, number)) | {"count": len(_of(gold, number))}
            for number, name in enumerate(rows.labels)
        }

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return the scores of finding nothing."""
        counted = validation[validation != IGNORED]
        return {"entity_f1": 0.0, "token_accuracy": float((counted == OUTSIDE).mean()) if len(counted) else 0.0}

    # --- answers -------------------------------------------------------------------------------------------------

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the spans of each text, with the mean probability of their words' tags."""
        tags, sure = scores.argmax(axis=1), softmax(scores.astype(np.float64), axis=1).max(axis=1)
        predictions: list[Prediction] = []
        for row, (fields, cut) in enumerate(zip(rows, encoded.too_long, strict=True)):
            spans = tuple(
                TaggedSpan(start, end, labels[label], float(sure[places].mean()))
                for start, end, label, places in _spans(encoded, row, tags)
            )
            predictions.append(SpansPrediction(fields, bool(cut), spans))
        return predictions


def _first_tokens(letters: SpanArray, text: str) -> SpanArray:
    """Return for each token the word whose first it is, or -1; for the letters that each token is of."""
    words, spans = words_of(text), np.full_like(letters, -1)
    word = 0
    for token, (start, end) in enumerate(letters.tolist()):
        while word < len(words) and words[word][1] <= start:
            word += 1
        if word < len(words) and end > words[word][0] and end > start:
            spans[token] = words[word]
            word += 1
    return spans


def _words(encoded: Encoded, row: int) -> tuple[np.ndarray, SpanArray]:
    """Return the places of the tokens that stand for the words of a row, and where the words are, int32 [words, 2]."""
    assert encoded.spans is not None
    start, end = encoded.offsets[row : row + 2]
    places = start + np.flatnonzero(encoded.spans[start:end, 0] >= 0)
    return places, encoded.spans[places]


def _spans(encoded: Encoded, row: int, tags: np.ndarray) -> Iterator[tuple[int, int, int, list[int]]]:
    """Yield start, end, label and the places of the words' tokens of every span that the tags of a row mean."""
    places, words = _words(encoded, row)
    begun: list[int] = []
    label = -1
    for word, tag in enumerate([*tags[places].tolist(), OUTSIDE]):
        if begun and tag != 2 + 2 * label:
            yield int(words[begun[0]][0]), int(words[begun[-1]][1]), label, [int(places[one]) for one in begun]
            begun = []
        if tag != OUTSIDE:
            label = (tag - 1) // 2
            begun.append(word)


def _gold(rows: Rows) -> FOUND:
    return frozenset((row, *span) for row, spans in enumerate(rows.targets) for span in map(tuple, spans.tolist()))


def _found(encoded: Encoded, tags: np.ndarray) -> FOUND:
    return frozenset((row, *span[:3]) for row in range(len(encoded)) for span in _spans(encoded, row, tags))


def _of(spans: FOUND, label: int) -> FOUND:
    return frozenset(span for span in spans if span[3] == label)


def _span_metrics(gold: FOUND, found: FOUND) -> dict[str, float]:
    right = len(gold & found)
    precision, recall = right / max(1, len(found)), right / max(1, len(gold))
    f1 = 2 * right / max(1, len(gold) + len(found))
    return {"entity_precision": precision, "entity_recall": recall, "entity_f1": f1}
