"""Tagging: the stretches of a text that name something, and what each is, such as places or persons."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.special import softmax
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from trainer_core.data import findings as checks
from trainer_core.data.encoded import IGNORED, Encoded, Encodings, encode_fields
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import LABEL, TEXT, Fields, Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.spans import SpanArray, find_cut_words, read_spans
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.data.words import Span, WordRule, words_of
from trainer_core.errors import InputError
from trainer_core.inference.prediction import Prediction, SpansPrediction, TaggedSpan
from trainer_core.tasks.base import Facts, FloatArray, Judge, TaskOptions, TextTask
from trainer_core.tasks.word_tags import OUTSIDE, Words, best_margins, decide

MARGIN = "outside_margin"


class TaggingOptions(TaskOptions):
    """What can be chosen about tagging."""

    words: WordRule = Field(
        WordRule.WHOLE,
        title="Words",
        description="Whole: addresses, handles, numbers and short forms are a word each. Parts: only what has no sign",
    )
    tune_threshold: bool = Field(
        True,
        title="Tune the threshold",
        description="Find how much likelier than any tag it has to be that a word is in no span",
    )


class Tagging(TextTask[TaggingOptions]):
    """A linear head on every word's first token, softmax over tags; precision, recall and F1 of whole spans.

    A tag says that a word begins a span of a label, goes on with it, or lies outside (Ramshaw and Marcus 1995,
    arXiv:cmp-lg/9505040). Spans are counted as seqeval counts them: right where start, end and label are.

    A word is left outside where that is likelier than any tag by a margin, the one of best F1 on the validation rows.
    So that the metrics do not praise a margin on the rows on which it was found, each half of the rows is judged with
    the margin of the other half.
    """

    name = "tagging"
    title = "Tagging"
    summary = "Stretches of a text and what each of them is, such as names of places"
    needs: ClassVar[tuple[Need, ...]] = (
        dataclasses.replace(TEXT, nested=True),
        dataclasses.replace(LABEL, title="Spans", nested=True),
    )
    target = "list of spans that can be used"
    options_type = TaggingOptions
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
            find_cut_words(train, self.options.words),
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
        return f"{self.options.words} words"

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
            letters, words = encodings.spans[start : start + length], words_of(text, self.options.words)
            spans[start : start + length] = _first_tokens(letters, words)
            start += length
        return replace(encodings, spans=spans)

    def align(self, encoded: Encoded, targets: TargetArray) -> TargetArray:
        """Return the tag of each token, int64 [tokens]; only first tokens of words have one."""
        words = Words.of(encoded)
        tags = np.full(len(encoded.ids), IGNORED, dtype=np.int64)
        tags[words.places] = OUTSIDE
        borders = np.searchsorted(words.rows, np.arange(len(targets) + 1))
        for gold, start, end in zip(targets, borders[:-1], borders[1:], strict=True):
            places, letters = words.places[start:end], words.letters[start:end]
            for first, behind, label in gold.tolist():
                inside = np.flatnonzero((letters[:, 0] < behind) & (letters[:, 1] > first))
                tags[places[inside]] = 2 + 2 * label
                tags[places[inside[:1]]] = 1 + 2 * label
        return tags

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy summed over words, for scores [tokens, tags] and tags [tokens]."""
        return functional.cross_entropy(scores.float(), targets, ignore_index=IGNORED, reduction="sum")

    def judge(self, rows: Rows, encoded: Encoded) -> Judge:
        """Compare the spans that scores mean with those of the rows."""
        words = Words.of(encoded)
        gold, targets = words.keys_in(rows.targets), encoded.targets[words.places]

        def measure(scores: FloatArray) -> dict[str, float]:
            of_words = scores[words.places]
            tags = decide(of_words, self._margins(encoded, words, of_words))
            loss = self.loss(torch.from_numpy(of_words), torch.from_numpy(targets)).item()
            return {
                "loss": loss / max(1, len(targets)),
                "token_accuracy": float((tags == targets).mean()) if len(targets) else 0.0,
                **_span_metrics(gold, words.keys(words.spans(tags))),
            }

        return measure

    def _margins(self, encoded: Encoded, words: Words, scores: FloatArray) -> FloatArray:
        """Return the margin of each word, float [words]: that of the finished model, or that of the other half."""
        if MARGIN in self.facts:  # found on other rows
            return np.full(len(scores), self.facts[MARGIN][0], dtype=np.float32)
        halves = np.arange(len(encoded)) % 2
        return self._best_margins(encoded, words, scores, halves)[::-1][halves[words.rows]]

    def _best_margins(self, encoded: Encoded, words: Words, scores: FloatArray, sides: IntArray) -> FloatArray:
        count = int(sides.max(initial=0)) + 1
        if not self.options.tune_threshold or not np.isfinite(scores).all():
            return np.zeros(count, dtype=np.float32)
        gold = words.spans(encoded.targets[words.places])
        return best_margins(words, scores, gold, sides, count)

    def measure_each(self, rows: Rows, encoded: Encoded, scores: FloatArray) -> dict[str, dict[str, float]]:
        """Return precision, recall and F1 of the spans of each label, and how many there are."""
        words = Words.of(encoded)
        of_words = scores[words.places]
        spans = words.spans(decide(of_words, self._margins(encoded, words, of_words)))
        keys, found = words.keys_in(rows.targets), words.keys(spans)
        labels = np.concatenate([row[:, 2] for row in rows.targets])
        return {
            name: _span_metrics(keys[labels == number], found[spans[:, 2] == number])
            | {"count": float((labels == number).sum())}
            for number, name in enumerate(rows.labels)
        }

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return the scores of finding nothing."""
        counted = validation[validation != IGNORED]
        return {"entity_f1": 0.0, "token_accuracy": float((counted == OUTSIDE).mean()) if len(counted) else 0.0}

    # --- answers -------------------------------------------------------------------------------------------------

    def calibrate(self, encoded: Encoded, scores: FloatArray) -> Facts:
        """Return the margin that goes with the weights, from all validation rows."""
        words, all_rows = Words.of(encoded), np.zeros(len(encoded), dtype=np.int64)
        return {MARGIN: self._best_margins(encoded, words, scores[words.places], all_rows).tolist()}

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the spans of each text, with the mean probability of their words' tags."""
        words = Words.of(encoded)
        of_words = scores[words.places].astype(np.float64)
        tags = decide(of_words, self.facts.get(MARGIN, (0.0,))[0])
        sure = np.take_along_axis(softmax(of_words, axis=1), tags[:, None], axis=1)[:, 0]
        found: list[list[TaggedSpan]] = [[] for _ in rows]
        for first, behind, label in words.spans(tags).tolist():
            letters = int(words.letters[first, 0]), int(words.letters[behind - 1, 1])
            found[words.rows[first]].append(TaggedSpan(*letters, labels[label], float(sure[first:behind].mean())))
        return [
            SpansPrediction(fields, bool(cut), tuple(spans))
            for fields, cut, spans in zip(rows, encoded.too_long, found, strict=True)
        ]


def _first_tokens(letters: SpanArray, words: Sequence[Span]) -> SpanArray:
    """Return for each token where the word stands whose first it is, or -1; for the letters that each token is of."""
    spans, word = np.full_like(letters, -1), 0
    for token, (start, end) in enumerate(letters.tolist()):
        while word < len(words) and words[word][1] <= start:
            word += 1
        if word < len(words) and end > words[word][0] and end > start:
            spans[token] = words[word]
            word += 1
    return spans


def _span_metrics(gold: IntArray, found: IntArray) -> dict[str, float]:
    """Return precision, recall and F1 of spans that were found, for those that are right; each by its key."""
    right = int(np.isin(found, gold).sum())
    precision, recall = right / max(1, len(found)), right / max(1, len(gold))
    f1 = 2 * right / max(1, len(gold) + len(found))
    return {"entity_precision": precision, "entity_recall": recall, "entity_f1": f1}
