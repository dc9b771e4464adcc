"""What the Try it page says of answers of every shape, its examples, and the command that does the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop_app.marked import Mark, MarkedText
from desktop_app.pages.try_it.words import (
    MOST_BARS,
    answer_of,
    command_for,
    example_fields,
)
from trainer_core.inference.prediction import (
    AnswerPrediction,
    ClassPrediction,
    LabelsPrediction,
    NumberPrediction,
    Prediction,
    SpansPrediction,
    TaggedSpan,
)


def ranked(shares: dict[str, float], *, truncated: bool = False) -> ClassPrediction:
    """Return a prediction of the class with the largest share."""
    ordered = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
    return ClassPrediction({"text": "t"}, truncated, next(iter(ordered)), ordered)


def test_many_classes_become_twelve_bars_and_a_rest() -> None:
    shares = {f"class {place}": 0.01 + 0.001 * place for place in range(20)}
    answer = answer_of(ranked(shares))
    assert len(answer.bars) == MOST_BARS
    assert answer.bars[0].label == "class 19"
    assert [bar.share for bar in answer.bars] == sorted((bar.share for bar in answer.bars), reverse=True)
    assert answer.rest == "8 more classes share 10.8 %"
    assert answer_of(ranked({"a": 0.9, "b": 0.1})).rest == ""


def test_labels_are_shown_with_their_thresholds_and_those_that_hold_stand_out() -> None:
    shares, marks = {"a": 0.8, "b": 0.4, "c": 0.1}, {"a": 0.5, "b": 0.3, "c": 0.5}
    answer = answer_of(LabelsPrediction({"text": "t"}, False, ("a", "b"), shares, marks))
    assert (answer.title, answer.hint) == ("a, b", "2 of 3 labels hold")
    assert [(bar.label, bar.strong, bar.mark) for bar in answer.bars] == [
        ("a", True, 0.5),
        ("b", True, 0.3),
        ("c", False, 0.5),
    ]
    none = answer_of(LabelsPrediction({"text": "t"}, False, (), shares, marks))
    assert (none.title, none.hint) == ("No label", "0 of 3 labels hold")
    many = {f"label {place}": 0.4 - 0.01 * place for place in range(20)}
    rest = answer_of(LabelsPrediction({"text": "t"}, False, (), many, dict.fromkeys(many, 0.5))).rest
    assert rest == "8 more labels have at most 28.0 % each"


@pytest.mark.parametrize(("value", "share"), [(0.0, 0.0), (2.5, 0.5), (5.0, 1.0), (7.0, 1.0), (-1.0, 0.0)])
def test_a_number_is_shown_between_the_smallest_and_the_largest(value: float, share: float) -> None:
    answer = answer_of(NumberPrediction({"text": "t"}, False, value, 0.0, 5.0))
    (bar,) = answer.bars
    assert answer.title == f"{value:.4g}"
    assert (bar.label, bar.share, bar.text) == ("0", share, "5")
    assert "between 0 and 5" in answer.hint


def test_spans_are_marked_where_they_stand_in_the_text() -> None:
    spans = (TaggedSpan(0, 3, "person", 0.9), TaggedSpan(13, 21, "place", 0.6))
    answer = answer_of(SpansPrediction({"text": "Ada lives in New York"}, False, spans))
    assert answer.title == "2 found"
    assert answer.hint == "Ada 90.0 %, New York 60.0 %"
    assert answer.marked == MarkedText("Ada lives in New York", (Mark(0, 3, "person"), Mark(13, 21, "place")))
    assert answer.marked.labels == ("person", "place")
    nothing = answer_of(SpansPrediction({"text": "hello"}, False, ()))
    assert (nothing.title, nothing.hint) == ("Nothing found", "")


def test_an_answer_is_marked_in_its_context() -> None:
    fields = {"question": "who is late?", "context": "The parcel is late."}
    answer = answer_of(AnswerPrediction(fields, False, 4, 10, 0.75))
    assert (answer.title, answer.hint) == ("parcel", "with 75.0 % probability")
    assert answer.marked == MarkedText("The parcel is late.", (Mark(4, 10),))
    none = answer_of(AnswerPrediction(fields, False, 0, 0, 0.5))
    assert none.title == "No answer"
    assert none.marked == MarkedText("The parcel is late.", ())


def test_an_answer_of_an_unknown_shape_is_shown_as_text() -> None:
    @dataclass(frozen=True)
    class Shouted(Prediction):
        @property
        def answer(self) -> str:
            return self.text.upper()

    assert answer_of(Shouted({"text": "hey"}, False)).title == "HEY"


def test_a_text_that_was_cut_is_said() -> None:
    assert "longer than the model reads" in answer_of(ranked({"a": 1.0}, truncated=True)).note
    assert answer_of(ranked({"a": 1.0})).note == ""


@pytest.mark.skipif("os.name == 'nt'")
def test_the_command_is_quoted() -> None:
    command = command_for(Path("/my runs/one"), ("it's $HOME\n`x`",))
    assert shlex.split(command) == ["thaw", "predict", "/my runs/one", "it's $HOME `x`"]
    assert shlex.split(command_for(Path("/r"), ("one", " ")))[-2:] == ["one", "your text"]


def test_examples_are_the_lines_of_a_file(tmp_path: Path) -> None:
    assert example_fields(tmp_path, 1) == []
    (tmp_path / "try.txt").write_text("one\n\n  two \n" + "more\n" * 30, encoding="utf-8")
    assert example_fields(tmp_path, 1)[:3] == [("one",), ("two",), ("more",)]
    assert len(example_fields(tmp_path, 1)) == 10
    (tmp_path / "try.txt").write_text("one\ttwo\nalone\n\tempty\nthree \t four\n", encoding="utf-8")
    assert example_fields(tmp_path, 2) == [("one", "two"), ("three", "four")]
