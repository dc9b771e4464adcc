"""Answering: the stretch of a context that answers a question, or that none does."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.special import log_softmax
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from trainer_core.data.answers import read_answers
from trainer_core.data.encoded import IGNORED, Encoded, Encodings
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Content, Fields, Need, Role
from trainer_core.data.rows import IntArray, Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Targets
from trainer_core.data.windows import NO_ANSWER, encode_windows
from trainer_core.inference.prediction import AnswerPrediction, Prediction
from trainer_core.results.squad import exact_match, word_f1
from trainer_core.tasks.base import Facts, FloatArray, Judge, TaskOptions, TextTask

QUESTION = Need(Role.QUESTION, Content.TEXT, "Question")
CONTEXT = Need(Role.CONTEXT, Content.TEXT, "Context")
ANSWERS = Need(Role.ANSWERS, Content.TEXT, "Answers", given=False, nested=True)
WINDOW, START, END = 0, 1, 2
"""Columns of the targets of tokens."""


class AnsweringOptions(TaskOptions):
    """What can be chosen about answering."""

    stride: int = Field(
        64, ge=0, le=4_096, title="Overlap", description="Tokens that two windows of a long context have in common"
    )
    longest_answer: int = Field(30, ge=1, le=1_000, title="Longest answer", description="In tokens")


@dataclass(frozen=True)
class _Found:
    """The best answer in a window: its tokens' places, and how likely, as a logarithm."""

    first: int
    last: int
    likelihood: float


class Answering(TextTask[AnsweringOptions]):
    """Two scores for each token of the context: that the answer begins, and that it ends there.

    A context that is longer than the model reads is read in windows that overlap; what holds no answer points at a
    token that stands for none (Devlin et al. 2018, arXiv:1810.04805). Measured as SQuAD's script does it.
    """

    name = "answering"
    title = "Answering questions"
    summary = "The stretch of a context that answers a question"
    needs: ClassVar[tuple[Need, ...]] = (QUESTION, CONTEXT, ANSWERS)
    target = "list of answers that can be used"
    undivided = (Role.CONTEXT,)
    options_type = AnsweringOptions
    metrics_offered = ("f1", "exact_match", "loss")
    by_token = True

    # --- rows ----------------------------------------------------------------------------------------------------

    def read_targets(
        self, table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None
    ) -> Targets:
        """Read answers: an array of tuples of places and texts."""
        return read_answers(table, columns, whole)

    def output_count(self, labels: Sequence[str]) -> int:
        """Return two: for the start and for the end."""
        return 2

    def strata(self, targets: TargetArray) -> IntArray:
        """Return whether there is an answer."""
        return np.array([bool(answers) for answers in targets], dtype=np.int64)

    def check(self, train: Rows, validation: Rows) -> list[Finding]:
        """Find that no question has an answer."""
        if any(map(bool, train.targets)):
            return []
        what = "No question has an answer, so there is nothing to learn."
        return [Finding(Severity.ERROR, str(train.table.path), what, "Name another column in data.columns.answers.")]

    def count(self, rows: Rows) -> dict[str, int]:
        """Return how many questions have an answer, and how many have none."""
        answered = sum(map(bool, rows.targets))
        return {"answered": answered, "no answer": len(rows) - answered} if answered < len(rows) else {}

    def find_facts(self, targets: TargetArray) -> Facts:
        """Return whether there are questions without an answer."""
        return {"no_answer": [float(not all(map(bool, targets)))]}

    # --- learning ------------------------------------------------------------------------------------------------

    @property
    def reading(self) -> str:
        """Windows depend on how far they overlap."""
        return f"windows {self.options.stride}"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
        """Read a question and its context in as many windows as that takes.

        Raises:
            InputError: the tokenizer does not tell which letters a token is of, or a window has no room.
        """
        return encode_windows(tokenizer, rows, max_length, self.options.stride)

    def align(self, encoded: Encoded, targets: TargetArray) -> TargetArray:
        """Return the window of each token, and whether the answer starts and ends there, int64 [tokens, 3].

        Both are ``IGNORED`` for tokens that can be no answer.
        """
        assert encoded.spans is not None
        assert encoded.owners is not None
        aligned = np.zeros((len(encoded.ids), 3), dtype=np.int64)
        aligned[:, WINDOW] = np.repeat(np.arange(len(encoded)), encoded.lengths)
        aligned[encoded.spans[:, 0] == -1, START:] = IGNORED
        for window, owner in enumerate(encoded.owners.tolist()):
            start, end = encoded.offsets[window : window + 2]
            spans = encoded.spans[start:end]
            first, last = _tokens_of(spans, targets[owner])
            aligned[start + first, START] = aligned[start + last, END] = 1
        return aligned

    def loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of the cross-entropies of start and end, summed over windows.

        Args:
            scores: float [tokens, 2].
            targets: int64 [tokens, 3], as ``align`` gives them; tokens of a window next to each other.
        """
        counted = targets[:, START] != IGNORED
        scores, targets = scores.float()[counted], targets[counted]
        _, window = torch.unique_consecutive(targets[:, WINDOW], return_inverse=True)
        windows = int(window[-1]) + 1
        index = window[:, None].expand_as(scores)
        largest = scores.new_full((windows, 2), -torch.inf).scatter_reduce(0, index, scores.detach(), "amax")
        summed = scores.new_zeros(windows, 2).index_add(0, window, (scores - largest[window]).exp())
        total: Tensor = (summed.log() + largest).sum() - (scores * targets[:, START:]).sum()
        return total / 2

    def judge(self, rows: Rows, encoded: Encoded) -> Judge:
        """Compare the answers that scores mean with the right ones."""
        gold = [[text for _, text in answers] for answers in rows.targets]
        contexts = [fields[1] for some in rows.iterate_fields() for fields in some]

        def measure(scores: FloatArray) -> dict[str, float]:
            best = self._best(encoded, scores)
            answers = [_text(found, encoded, context) for found, context in zip(best, contexts, strict=True)]
            loss = self.loss(torch.from_numpy(scores), torch.from_numpy(encoded.targets)).item() / len(encoded)
            judged = list(zip(answers, gold, strict=True))
            return {
                "loss": loss,
                "exact_match": float(np.mean([exact_match(answer, right) for answer, right in judged])),
                "f1": float(np.mean([word_f1(answer, right) for answer, right in judged])),
            }

        return measure

    def baselines(self, train: TargetArray, validation: TargetArray) -> dict[str, float]:
        """Return nothing: without learning, there is no answer to name."""
        return {}

    # --- answers -------------------------------------------------------------------------------------------------

    def read(
        self, rows: Sequence[dict[str, str]], encoded: Encoded, scores: FloatArray, labels: Sequence[str]
    ) -> list[Prediction]:
        """Return the answers, with their probabilities within the window where they were found."""
        predictions: list[Prediction] = []
        for fields, found in zip(rows, self._best(encoded, scores), strict=True):
            start, end = _letters(found, encoded)
            predictions.append(AnswerPrediction(fields, False, start, end, float(np.exp(found.likelihood))))
        return predictions

    def _best(self, encoded: Encoded, scores: FloatArray) -> list[_Found]:
        """Return the best answer to each question, of all its windows; no answer where every window says so."""
        assert encoded.spans is not None
        assert encoded.owners is not None
        none_allowed = bool(self.facts.get("no_answer", [0.0])[0])
        best: list[_Found] = []
        windows = zip(encoded.owners.tolist(), range(len(encoded)), strict=True)
        for _, of_one in itertools.groupby(windows, key=lambda pair: pair[0]):
            found = [self._in_window(encoded, scores, window) for _, window in of_one]
            answers = [answer for answer, _ in found]
            chosen = max(answers, key=lambda answer: answer.likelihood)
            none = min((none for _, none in found), key=lambda none: none.likelihood)
            best.append(none if none_allowed and none.likelihood > chosen.likelihood else chosen)
        return best

    def _in_window(self, encoded: Encoded, scores: FloatArray, window: int) -> tuple[_Found, _Found]:
        """Return the best answer in a window, and that there is none."""
        assert encoded.spans is not None
        start, end = (int(place) for place in encoded.offsets[window : window + 2])
        places = start + np.flatnonzero(encoded.spans[start:end, 0] != -1)
        likely = log_softmax(scores[places].astype(np.float64), axis=0)
        is_none = encoded.spans[places, 0] == NO_ANSWER
        at_none = int(places[is_none][0])
        none = _Found(at_none, at_none, float(likely[is_none].sum()))
        places, likely = places[~is_none], likely[~is_none]
        if not len(places):
            return _Found(at_none, at_none, -np.inf), none
        pairs = likely[:, 0][:, None] + likely[:, 1][None, :]
        pairs[~_band(len(places), self.options.longest_answer)] = -np.inf
        first, last = np.unravel_index(int(pairs.argmax()), pairs.shape)
        return _Found(int(places[first]), int(places[last]), float(pairs[first, last])), none


def _band(size: int, longest: int) -> BoolArray:
    """Return which pairs of tokens can be the first and the last of an answer, bool [size, size]."""
    apart = np.arange(size)[None, :] - np.arange(size)[:, None]
    band: BoolArray = (apart >= 0) & (apart < longest)
    return band


def _letters(found: _Found, encoded: Encoded) -> tuple[int, int]:
    """Return from where to where in the context an answer stands; 0 to 0 for no answer."""
    assert encoded.spans is not None
    start, end = int(encoded.spans[found.first, 0]), int(encoded.spans[found.last, 1])
    return (0, 0) if start == NO_ANSWER else (start, end)


def _text(found: _Found, encoded: Encoded, context: str) -> str:
    start, end = _letters(found, encoded)
    return context[start:end]


def _tokens_of(spans: TargetArray, answers: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Return the first and the last token of the first answer; those of no answer where a window does not hold it."""
    none = int(np.flatnonzero(spans[:, 0] == NO_ANSWER)[0])
    if not answers:
        return none, none
    start, text = answers[0]
    inside = np.flatnonzero((spans[:, 0] >= 0) & (spans[:, 0] < start + len(text)) & (spans[:, 1] > start))
    if not len(inside) or spans[inside[0], 0] > start or spans[inside[-1], 1] < start + len(text):
        return none, none
    return int(inside[0]), int(inside[-1])
