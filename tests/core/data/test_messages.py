"""Conversations as they are written in files: read rightly, or named by row with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.projects import make_project
from trainer_core.data.messages import Unreadable, conversation_of, open_conversation, parse_messages
from trainer_core.data.prepare import PreparedData, prepare_data
from trainer_core.data.report import Severity
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.tasks.registry import load_task

ASKED = {"role": "user", "content": "my parcel is late"}
ANSWERED = {"role": "assistant", "content": "hello"}
RULES = {"role": "system", "content": "be kind"}


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def prepared(folder: Path, rows: list[dict[str, Any]], **data: Any) -> PreparedData:
    """Read rows as a chat project does."""
    path = make_project(folder, "none", task="chat", data={"train": "rows.jsonl", "validation": None, **data})
    write_lines(folder / "rows.jsonl", rows)
    return prepare_data(load_project(path), folder, load_task("chat"))


# --- messages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        [ASKED, ANSWERED],
        {"messages": [ASKED, ANSWERED]},
        [{"from": "human", "value": ASKED["content"]}, {"from": "gpt", "value": "hello"}],
        {"conversations": [{"from": "Human", "value": ASKED["content"]}, {"from": "bot", "value": " hello "}]},
        [{"role": "user", "content": [{"type": "text", "text": ASKED["content"]}]}, ANSWERED | {"weight": 1}],
    ],
)
def test_messages_are_read_however_they_are_written(written: Any) -> None:
    assert parse_messages(json.dumps(written)) == [ASKED, ANSWERED]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ([ASKED], "no answer at the end"),
        ([ASKED, ANSWERED, ASKED], "no answer at the end"),
        ([ANSWERED], "begin with an answer"),
        ([ASKED, ASKED, ANSWERED], "twice in a row"),
        ([ASKED, RULES, ANSWERED], "system message stands behind"),
        ([ASKED, {"role": "assistant", "content": "  "}], "a message is empty"),
        ([ASKED, {"role": "tool", "content": "3"}, ANSWERED], 'from "tool"'),
        ([ASKED, {"content": "hello"}], "needs a role"),
        ([ASKED, {"role": "assistant", "content": {"text": "x"}}], "something else than text"),
        ([RULES], "no answer at the end"),
        ([], "no list of messages"),
        ({"text": "x"}, "no list of messages"),
        (["hello"], "needs a role"),
        (7, "no list of messages"),
    ],
)
def test_half_a_chat_is_refused_with_its_reason(written: Any, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse_messages(json.dumps(written))


def test_what_is_no_json_is_refused() -> None:
    for text in ("hello", "[{", "[" * 100_000):
        with pytest.raises(Unreadable):
            parse_messages(text)


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_any_json_is_a_conversation_or_refused(value: Any) -> None:
    try:
        found = parse_messages(json.dumps(value))
    except Unreadable:
        return
    assert found[-1]["role"] == "assistant"


def test_an_instruction_and_what_it_is_about_are_one_message() -> None:
    assert conversation_of(("sort", "a b", " b a "))[0] == {"role": "user", "content": "sort\n\na b"}
    assert conversation_of(("sort", "", "b a")) == [
        {"role": "user", "content": "sort"},
        {"role": "assistant", "content": "b a"},
    ]
    with pytest.raises(Unreadable, match="a message is empty"):
        conversation_of(("sort", "a b", " "))


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        (("my parcel is late",), [ASKED]),
        ((json.dumps([ASKED]),), [ASKED]),
        ((json.dumps([RULES, ASKED, ANSWERED]),), [RULES, ASKED]),
        (("[1] is a footnote",), [{"role": "user", "content": "[1] is a footnote"}]),
        (("my parcel", "is late"), [{"role": "user", "content": "my parcel\n\nis late"}]),
    ],
)
def test_an_answer_is_asked_for_by_text_or_by_messages(fields: tuple[str, ...], asked: list[dict[str, str]]) -> None:
    assert open_conversation(fields) == asked


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "roles"),
    [
        ({"messages": [ASKED, ANSWERED]}, ["messages"]),
        ({"id": "7", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}, ["messages"]),
        ({"prompt": "a b", "messages": [ASKED, ANSWERED]}, ["messages"]),
        ({"talk": [ASKED, ANSWERED], "n": "1"}, ["messages"]),
        ({"messages": json.dumps([ASKED, ANSWERED])}, ["messages"]),
        ({"instruction": "a", "input": "", "output": "b"}, ["question", "context", "answers"]),
        ({"prompt": "a", "completion": "b"}, ["question", "answers"]),
        (
            {"name": "x", "instruction": "a", "instances": [{"input": "", "output": "b"}]},
            ["question", "context", "answers"],
        ),
        ({"text": "my parcel is late"}, ["text"]),
    ],
)
def test_columns_are_found_in_every_usual_form(tmp_path: Path, row: dict[str, Any], roles: list[str]) -> None:
    data = prepared(tmp_path, [row] * 10)
    assert [column.role for column in data.report.columns if column.role] == sorted(
        roles, key=[column.role for column in data.report.columns].index
    )
    assert len(data.train) + len(data.validation) == 10


def test_every_instance_of_an_instruction_is_a_row(tmp_path: Path) -> None:
    instances = [{"input": str(number), "output": "b"} for number in range(3)]
    data = prepared(tmp_path, [{"instruction": f"do {n}", "instances": instances} for n in range(4)])
    assert len(data.train) + len(data.validation) == 12


def test_half_chats_are_named_by_row_and_left_out_on_wish(tmp_path: Path) -> None:
    rows = [{"messages": [ASKED | {"content": f"a {n}"}, ANSWERED]} for n in range(12)]
    rows[3]["messages"] = rows[3]["messages"][:1]
    rows[7] = {"messages": [ANSWERED]}
    with pytest.raises(InputError) as refused:
        prepared(tmp_path / "strict", rows)
    told = [problem.what for problem in refused.value.problems]
    assert told == [
        "1 row with conversations that cannot be used, since there is no answer at the end: row 4.",
        "1 row with conversations that cannot be used, since they begin with an answer: row 8.",
    ]
    data = prepared(tmp_path / "lax", rows, skip_incomplete=True)
    said = [finding.what for finding in data.report.findings if finding.severity is Severity.WARNING]
    assert any("since there is no answer at the end: row 4" in what for what in said)
    assert any("since they begin with an answer: row 8" in what for what in said)
    assert len(data.train) + len(data.validation) == 10


def test_an_instruction_without_answers_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pair of instructions and answers"):
        prepared(tmp_path, [{"instruction": "a", "x": "b"}] * 10, columns={"question": "instruction"})


def test_rows_are_shown_as_they_are_written(tmp_path: Path) -> None:
    data = prepared(tmp_path, [{"messages": [ASKED, ANSWERED]}] * 10)
    assert json.loads(data.train[0][0]) == [ASKED, ANSWERED]
