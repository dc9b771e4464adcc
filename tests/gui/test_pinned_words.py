"""Pinned texts in words, as lines that can be edited, and what was answered to them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from desktop_app.pages.train.pinned_lines import Asked, Pin, asked_of, format_pins, parse_pins
from desktop_app.pages.train.pinned_words import (
    MOST_LETTERS,
    MOST_LINES,
    NOTHING_PINNED,
    form_words,
    moment_of,
    note_of,
)
from tests.support.runs import history_of
from tests.support.scripted_answers import answered
from tests.support.small_data import pairs_report, small_report, small_task
from trainer_core.data.report import ColumnInfo
from trainer_core.data.roles import Content, Need, Role
from trainer_core.errors import InputError
from trainer_core.project.schema import LONGEST_PINNED, MOST_PINNED
from trainer_core.runs.history import RunHistory
from trainer_core.training.events import PinnedAnswer, PinnedAnswered

ONE, TWO = Asked(("Text",)), Asked(("Question", "Context"), fewest=2)
UNKNOWN = Asked()


def history_with(*answers: PinnedAnswer) -> RunHistory:
    """Return a history in which one row was answered so, moment by moment."""
    history = RunHistory()
    for place, answer in enumerate(answers):
        history.apply(PinnedAnswered(step=place, answers=[answer], seconds=0.1))
    return history


def said(answer: str, **values: Any) -> PinnedAnswer:
    return PinnedAnswer(fields={"text": "t"}, answer=answer, values=values)


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pins",
    [
        ("one", "two"),
        ("several\nlines\r\n and a \t tab",),
        ("C:\\new \\n \\", "\\"),
        ("a\x0bb\x1cc\x85d\u2028e\u2029f\x00g\u00a0h",),
        ("  spaces stay ", "ends here: "),
        (("a question\n", "its context"), ("b", "\tc")),
        ("\\u2028", "\\u000a", "\\d"),
        (),
    ],
)
def test_rows_become_lines_and_the_same_rows_again(pins: tuple[Pin, ...]) -> None:
    lines = format_pins(pins)
    assert lines.count("\n") == max(0, len(pins) - 1)
    assert parse_pins(lines, UNKNOWN) == pins


def test_what_is_typed_may_have_empty_lines_and_backslashes_that_mean_nothing() -> None:
    assert parse_pins("\none\\ntwo\n\n  \nC:\\data\\\\n\n", ONE) == ("one\ntwo", "C:\\data\\n")


@pytest.mark.parametrize(
    ("lines", "asked", "words"),
    [
        ("fine\na\tb", ONE, "Line 2: It has 2 texts, and a row has one text. Write a tab within a text as \\t."),
        ("a", TWO, "Line 1: It has one text, and a row has 2 texts. Put a tab between: Question, Context."),
        ("a\tb\tc", Asked(("Instruction", "Input")), "a row has at most 2 texts"),
        ("a\t ", TWO, "One of its texts is empty."),
        ("x" * (LONGEST_PINNED + 1), ONE, "20,001 letters"),
        ("\n".join("x" * (MOST_PINNED + 1)), ONE, "21 rows, and 20 are the most"),
    ],
)
def test_what_is_no_row_is_refused_in_words(lines: str, asked: Asked, words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_pins(lines, asked)
    assert words in str(refused.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as refused:
        parse_pins("a\nb\tc\td\n\ne\tf", TWO)
    assert [problem.where for problem in refused.value.problems] == ["Line 1", "Line 2"]


def test_which_texts_a_row_has_is_told_by_task_and_columns() -> None:
    assert asked_of(small_task("classification"), small_report()) == ONE
    assert asked_of(small_task("regression"), pairs_report()) == Asked(("Text", "Second text"), fewest=2)
    assert asked_of(small_task("regression"), None) == asked_of(None, small_report()) == UNKNOWN
    chat = dataclasses.replace(
        small_task("classification"),
        needs=tuple(Need(role, Content.TEXT, role.title()) for role in (Role.QUESTION, Role.CONTEXT, Role.ANSWERS)),
        language=True,
    )
    roles = (Role.ANSWERS, Role.QUESTION, Role.CONTEXT)
    columns = tuple(ColumnInfo(role, place, role, guessed=True) for place, role in enumerate(roles))
    report = dataclasses.replace(small_report(), needs=chat.needs, columns=columns)
    assert asked_of(chat, report) == Asked(("Question", "Context"), fewest=1)


def test_how_rows_are_written_is_said() -> None:
    assert "One text a line, at most 20" in form_words(ONE)
    assert "Question, Context, in this order, with a tab between them. Within" in form_words(TWO)
    assert "may be left out" in form_words(Asked(("Instruction", "Input")))
    assert "with a tab between them" in form_words(UNKNOWN)
    assert "\\n stands for a line break" in form_words(ONE)


# --- answers ---------------------------------------------------------------------------------------------------------


def test_the_newest_moment_is_shown_unless_another_was_chosen() -> None:
    history = history_of(40)
    for step in (0, 18, 36):
        history.apply(answered(("abc", "abcd"), step, 126, 0.0))
    assert moment_of(RunHistory(), None) is None
    newest, first = moment_of(history, None), moment_of(history, 0)
    assert newest is not None
    assert first is not None
    assert (newest.place, newest.count, newest.words) == (2, 3, "after step 36 of 126, the best so far")
    assert (first.place, first.words) == (0, "before the first step")
    assert [line.texts for line in newest.lines] == ["abc", "abcd"]
    assert [line.first for line in first.lines] == ["", ""]
    assert moment_of(history, 99) == newest


def test_the_best_of_a_finished_run_is_called_so() -> None:
    history = history_of()
    history.apply(answered(("abc",), 126, 126, 0.0))
    moment = moment_of(history, None)
    assert moment is not None
    assert moment.words == "after step 126 of 126, the best"


@pytest.mark.parametrize(
    ("first", "now", "share", "at_first"),
    [
        (said("a"), said("b"), "", "At first: a"),
        (said("a"), said("a"), "", ""),
        (said(""), said("a"), "", "At first: (nothing)"),
        (
            said("a", label="a", probabilities={"a": 0.6, "b": 0.4}),
            said("b", label="b", probabilities={"b": 0.9996, "a": 0.0004}),
            ">99.9 %",
            "At first: a, 60.0 %",
        ),
        (
            said("a", label="a", probabilities={"a": 0.6, "b": 0.4}),
            said("a", label="a", probabilities={"a": 0.8, "b": 0.2}),
            "80.0 %",
            "At first: 60.0 %",
        ),
        (
            said("–", labels=[], probabilities={"a": 0.1, "b": 0.1}),
            said("a, b", labels=["a", "b"], probabilities={"a": 0.8, "b": 0.7}),
            "80.0 %, 70.0 %",
            "At first: –",
        ),
        (said("x", probability=0.25), said("x", probability=0.25), "25.0 %", ""),
        (said("a", probability=0.5), said("a", label="a", probabilities={"a": "NaN"}), "", "At first: 50.0 %"),
    ],
)
def test_an_answer_stands_beside_its_share_and_what_was_answered_first(
    first: PinnedAnswer, now: PinnedAnswer, share: str, at_first: str
) -> None:
    moment = moment_of(history_with(first, now), None)
    assert moment is not None
    (line,) = moment.lines
    assert (line.share, line.first) == (share, at_first)


def test_a_run_that_diverged_is_read_from_its_journal() -> None:
    event = PinnedAnswered(step=1, answers=[said("a", label="a", probabilities={"a": float("nan")})], seconds=0.1)
    history = RunHistory()
    history.apply(PinnedAnswered.model_validate_json(event.model_dump_json()))
    moment = moment_of(history, None)
    assert moment is not None
    assert moment.lines[0].share == ""


def test_a_long_answer_is_cut_where_it_can_be_seen() -> None:
    many, long = said("\n".join("abcdefghij")), said("word " * 400)
    lines = [moment_of(history_with(answer), None).lines[0].answer for answer in (many, long)]  # type: ignore[union-attr]
    assert lines[0] == "\n".join("abcdefghij"[:MOST_LINES]) + " …"
    assert len(lines[1]) <= MOST_LETTERS + 2
    assert lines[1].endswith("word …")


def test_what_is_pinned_and_not_answered_is_said() -> None:
    none, run = RunHistory(), history_with(said("a"))
    assert note_of((), none, live=False) == NOTHING_PINNED
    assert note_of(("t",), none, live=False) == "One is pinned. The next run answers each time its model is measured."
    assert note_of(("t", "u"), none, live=True).startswith("2 are pinned. A run that began with them")
    assert note_of(("t",), run, live=True) == note_of((("t",),), run, live=False) == ""
    assert note_of(("other",), run, live=False) == "Other texts are pinned for the next run."
    assert note_of((), run, live=False) == "Nothing is pinned for the next run."
