"""Tags of words, many rows at once: which spans they mean, and how sure to be before a word is left outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer_core.data.encoded import Encoded
from trainer_core.data.rows import IntArray, TargetArray
from trainer_core.data.spans import SpanArray
from trainer_core.tasks.base import FloatArray

OUTSIDE = 0
"""The tag of a word in no span. In one of label ``k`` the first word has ``1 + 2 * k``, the others ``2 + 2 * k``."""
MARGINS = sorted((step / 4 for step in range(-12, 13)), key=abs)
"""What is tried, in logarithms of odds; the smallest is taken of those that do equally well."""
LEAST_SPANS = 20
"""With fewer spans the margin stays 0: it could only be guessed."""


@dataclass(frozen=True)
class Words:
    """The words of rows, in order.

    Attributes:
        places: int64 [words], where among all tokens the one stands that is scored for the word.
        rows: int64 [words], the row of each.
        letters: int32 [words, 2], from where to where in its text each stands.
    """

    places: IntArray
    rows: IntArray
    letters: SpanArray

    @classmethod
    def of(cls, encoded: Encoded) -> Words:
        """Return the words of all rows."""
        assert encoded.spans is not None
        places = np.flatnonzero(encoded.spans[:, 0] >= 0)
        rows = np.searchsorted(encoded.offsets, places, side="right") - 1
        return cls(places, rows, encoded.spans[places])

    def spans(self, tags: IntArray) -> IntArray:
        """Return the spans that tags [words] mean, int64 [spans, 3]: first word, the word behind the last, label.

        As seqeval reads them, a span also begins with a tag of going on behind another label or behind no span.
        """
        labels = np.where(tags == OUTSIDE, -1, (tags - 1) // 2)
        other = np.ones(len(tags), dtype=np.bool_)
        other[1:] = (labels[1:] != labels[:-1]) | (self.rows[1:] != self.rows[:-1])
        borders = np.append(np.flatnonzero(other | (tags % 2 == 1)), len(tags))
        inside = labels[borders[:-1]] >= 0
        return np.stack([borders[:-1][inside], borders[1:][inside], labels[borders[:-1][inside]]], axis=1)

    def keys(self, spans: IntArray) -> IntArray:
        """Return a number for each span [spans, 3], the same where first word, last word and label are."""
        numbers: IntArray = spans[:, 0] << 32 | (spans[:, 1] - spans[:, 0]) << 16 | spans[:, 2]
        return numbers

    def keys_in(self, targets: TargetArray) -> IntArray:
        """Return the keys of spans given by letters, a ``SpanArray`` a row; -1 where no words are like that."""
        rows = np.repeat(np.arange(len(targets)), [len(row) for row in targets])
        if not len(rows):
            return np.empty(0, dtype=np.int64)
        start, end, label = np.concatenate(list(targets)).astype(np.int64).T
        first, there = _find(self._at(0), _key(rows, start))
        last, also_there = _find(self._at(1), _key(rows, end))
        keys = self.keys(np.stack([first, last + 1, label], axis=1))
        return np.where(there & also_there, keys, -1)

    def _at(self, side: int) -> IntArray:
        return _key(self.rows, self.letters[:, side].astype(np.int64))


def _key(rows: IntArray, letters: IntArray) -> IntArray:
    keys: IntArray = rows << 32 | letters
    return keys


def _find(ordered: IntArray, wanted: IntArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return where each wanted number stands, and whether it is there at all."""
    places = np.searchsorted(ordered, wanted)
    there = places < len(ordered)
    there[there] = ordered[places[there]] == wanted[there]
    return places, there


def decide(scores: npt.NDArray[np.floating], margin: float | FloatArray) -> IntArray:
    """Return the tags of words, int64 [words]: the best, but outside only where that is better by a margin.

    Args:
        scores: float [words, tags].
        margin: one for all words, or one a word.
    """
    best = scores[:, 1:].argmax(axis=1) + 1
    ahead = scores[:, OUTSIDE] - np.take_along_axis(scores, best[:, None], axis=1)[:, 0]
    return np.where(ahead >= margin, OUTSIDE, best)


def best_margins(words: Words, scores: FloatArray, gold: IntArray, sides: IntArray, count: int) -> FloatArray:
    """Return for each of some sides the margin at which the spans found in its rows have the best F1, float [sides].

    Args:
        words: of the rows.
        scores: float [words, tags].
        gold: int64 [spans, 3], the spans that are right, as ``Words.spans`` returns them.
        sides: int64 [rows], on which side each is.
        count: how many sides there are.
    """
    given = np.bincount(sides[words.rows[gold[:, 0]]], minlength=count)
    wanted = words.keys(gold)
    f1 = np.zeros((len(MARGINS), count))
    for place, margin in enumerate(MARGINS):
        spans = words.spans(decide(scores, margin))
        side = sides[words.rows[spans[:, 0]]]
        right = side[np.isin(words.keys(spans), wanted)]
        total = given + np.bincount(side, minlength=count)
        f1[place] = 2 * np.bincount(right, minlength=count) / np.maximum(1, total)
    best = np.array(MARGINS, dtype=np.float32)[f1.argmax(axis=0)]
    return np.where(given >= LEAST_SPANS, best, np.float32(0.0))
