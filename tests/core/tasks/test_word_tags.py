"""Spans of tagged words, many rows at once, and the margin by which a word has to be outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.tasks.test_tagging import encoded_of
from trainer_core.data.encoded import Encoded
from trainer_core.data.words import spans_of_tags
from trainer_core.inference.prediction import SpansPrediction
from trainer_core.tasks.base import Facts, FloatArray
from trainer_core.tasks.tagging import Tagging, TaggingOptions
from trainer_core.tasks.word_tags import LEAST_SPANS, MARGINS, Words, decide

TASK = Tagging()
NAMES = ("O", "B-a", "I-a", "B-b", "I-b")
TEXT = "one parcel was late and one was not"
PARCEL = (4, 10, 0)
SHY = 1.5
"""By how much the scores below prefer outside wherever there is a span."""


class Gold:
    """Rows of which the spans are known."""

    labels = ("a", "b")

    def __init__(self, spans: Sequence[Sequence[tuple[int, int, int]]]) -> None:
        self.targets = np.empty(len(spans), dtype=object)
        self.targets[:] = [np.array(row, dtype=np.int32).reshape(-1, 3) for row in spans]


@given(st.lists(st.lists(st.sampled_from(range(5)), min_size=0, max_size=8), min_size=1, max_size=6))
def test_spans_of_many_rows_are_those_of_each(rows: list[list[int]]) -> None:
    counts = [len(tags) for tags in rows]
    total = sum(counts)
    words = Words(np.arange(total), np.repeat(np.arange(len(rows)), counts), np.zeros((total, 2), np.int32))
    expected = [
        (start + before, end + before, ("a", "b").index(label))
        for before, tags in zip(np.cumsum([0, *counts[:-1]]).tolist(), rows, strict=True)
        for start, end, label in spans_of_tags([NAMES[tag] for tag in tags])
    ]
    flat = np.array([tag for tags in rows for tag in tags], dtype=np.int64)
    assert list(map(tuple, words.spans(flat).tolist())) == expected


def test_a_span_by_letters_and_one_by_words_have_the_same_key_where_words_are_whole() -> None:
    spans = [[PARCEL, (11, 15, 1)], [], [(4, 9, 0), (14, 19, 1)]]
    encoded = encoded_of([TEXT, "", TEXT], spans)
    words = Words.of(encoded)
    keys = words.keys_in(Gold(spans).targets)
    assert (keys == -1).tolist() == [False, True, True, True]  # beyond a word, within one, from before one
    found = words.spans(encoded.targets[words.places])
    assert keys[0] == words.keys(found)[0]
    assert len(words.keys_in(Gold([[], []]).targets)) == 0


def shy_scores(encoded: Encoded, shyness: float = SHY) -> FloatArray:
    """Return scores that are sure of every word, but prefer outside by a little where a span is."""
    tags = np.maximum(encoded.targets, 0)
    scores = np.zeros((len(tags), 5), dtype=np.float32)
    scores[:, 0] = 4.0
    inside = tags > 0
    scores[inside, 0] = 2.0 + shyness
    scores[inside, tags[inside]] = 2.0
    return scores


def rows_of(count: int) -> tuple[Gold, Encoded]:
    """Return rows with a span each."""
    spans = [[PARCEL]] * count
    return Gold(spans), encoded_of([TEXT] * count, spans)


def judged(task: Tagging, gold: Gold, encoded: Encoded, scores: FloatArray) -> float:
    return task.judge(gold, encoded)(scores)["entity_f1"]  # type: ignore[arg-type]


def test_a_margin_finds_spans_that_outside_hides() -> None:
    gold, encoded = rows_of(2 * LEAST_SPANS)
    scores = shy_scores(encoded)
    assert judged(TASK, gold, encoded, scores) == 1.0
    assert judged(Tagging(TaggingOptions(tune_threshold=False)), gold, encoded, scores) == 0.0
    facts = TASK.calibrate(encoded, scores)
    assert SHY < facts["outside_margin"][0] < 2.0  # above 2 the other words would be taken in as well
    each = Tagging(facts=facts).measure_each(gold, encoded, scores)  # type: ignore[arg-type]
    assert each["a"] == {"entity_precision": 1.0, "entity_recall": 1.0, "entity_f1": 1.0, "count": 2 * LEAST_SPANS}


def test_each_half_is_judged_with_the_margin_of_the_other() -> None:
    """Only the even rows are shy, so only the odd ones are judged with a margin, which they do not need."""
    gold, encoded = rows_of(2 * LEAST_SPANS)
    scores, even = shy_scores(encoded, shyness=-1.0), np.repeat(np.arange(len(encoded)) % 2 == 0, encoded.lengths)
    scores[even] = shy_scores(encoded)[even]
    assert judged(TASK, gold, encoded, scores) == pytest.approx(2 / 3)  # the odd half is found, the even one is not


@pytest.mark.parametrize(("facts", "found"), [({}, 0), ({"outside_margin": (1.75,)}, 1)])
def test_a_finished_model_takes_the_margin_that_came_with_its_weights(facts: Facts, found: int) -> None:
    gold, encoded = rows_of(1)
    task, scores = Tagging(facts=facts), shy_scores(encoded)
    assert judged(task, gold, encoded, scores) == found
    (answer,) = task.read([{"text": TEXT}], encoded, scores, gold.labels)
    assert isinstance(answer, SpansPrediction)
    assert [(span.start, span.end, span.label) for span in answer.spans] == [(4, 10, "a")][:found]
    assert all(0 < span.probability < 0.5 for span in answer.spans)  # outside is likelier, and that is not hidden


def test_of_few_spans_no_margin_is_guessed() -> None:
    gold, encoded = rows_of(LEAST_SPANS - 1)
    scores = shy_scores(encoded)
    assert TASK.calibrate(encoded, scores) == {"outside_margin": [0.0]}
    assert judged(TASK, gold, encoded, scores) == 0.0


def test_where_no_margin_does_better_there_is_none() -> None:
    _, encoded = rows_of(LEAST_SPANS)
    assert TASK.calibrate(encoded, shy_scores(encoded, shyness=-1.0)) == {"outside_margin": [0.0]}
    assert MARGINS[0] == 0.0


def test_without_a_margin_the_best_tag_is_taken() -> None:
    scores = np.random.default_rng(5).normal(size=(50, 5)).astype(np.float32)
    assert decide(scores, 0.0).tolist() == scores.argmax(axis=1).tolist()
    assert (decide(scores, np.full(50, 99.0, np.float32)) > 0).all()


def test_scores_that_are_no_numbers_are_measured_all_the_same() -> None:
    gold, encoded = rows_of(LEAST_SPANS)
    measured = TASK.judge(gold, encoded)(np.full((len(encoded.ids), 5), np.nan, np.float32))  # type: ignore[arg-type]
    assert np.isnan(measured.pop("loss"))
    assert all(0 <= value <= 1 for value in measured.values())
