"""Answers in a context: every way to write them, what is wrong with them, and contexts read in windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.tiny_models import build_byte_level_tokenizer, build_tokenizer
from trainer_core.data.answers import read_answers
from trainer_core.data.roles import Role
from trainer_core.data.sources import load_table
from trainer_core.data.targets import Targets
from trainer_core.data.windows import NO_ANSWER, encode_windows
from trainer_core.errors import InputError

CONTEXT = "the parcel is late and the parcel is lost"
COLUMNS = {Role.QUESTION: "question", Role.CONTEXT: "context", Role.ANSWERS: "answers"}


def read(folder: Path, cells: list[Any]) -> Targets:
    """Read the answers of rows of one context."""
    rows = [{"question": "what", "context": CONTEXT, "answers": cell} for cell in cells]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = load_table(folder / "rows.jsonl")
    return read_answers(table, COLUMNS, np.ones(len(rows), dtype=np.bool_))


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        ([{"text": "late", "answer_start": 14}], ((14, "late"),)),
        ({"text": ["late", "is"], "answer_start": [14, 34]}, ((14, "late"), (34, "is"))),
        ({"text": [], "answer_start": []}, ()),
        (json.dumps([{"text": "late", "answer_start": 14}]), ((14, "late"),)),
        ("late", ((14, "late"),)),
        ({"text": ["late"]}, ((14, "late"),)),
        ({"text": ["late", "lost"], "answer_start": [14]}, ((14, "late"), (37, "lost"))),
        ("[{'text': 'late', 'answer_start': 14}]", ((14, "late"),)),
        ("", ()),
        (None, ()),
        ([], ()),
    ],
)
def test_every_way_to_write_answers_is_read(tmp_path: Path, cell: Any, answers: tuple[tuple[int, str], ...]) -> None:
    targets = read(tmp_path, [cell])
    assert targets.values[0] == answers
    assert not targets.missing.any()
    assert targets.findings == []


def test_an_answer_that_stands_elsewhere_is_found_at_the_nearest_place_and_told(tmp_path: Path) -> None:
    targets = read(tmp_path, [[{"text": "parcel", "answer_start": 30}]])
    assert targets.values[0] == ((27, "parcel"),)
    assert "found elsewhere" in targets.findings[0].what
    assert targets.findings[0].rows == (1,)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ([{"text": "gone", "answer_start": 3}], "does not stand in the context"),
        ([{"text": " ", "answer_start": 3}], "an answer is empty"),
        ([{"answer_start": 3}], "an answer needs a text"),
    ],
)
def test_answers_that_cannot_be_used_are_named_by_row(tmp_path: Path, cell: Any, reason: str) -> None:
    targets = read(tmp_path, [json.dumps([{"text": "late", "answer_start": 14}]), json.dumps(cell)])
    assert targets.missing.tolist() == [False, True]
    (why,) = targets.unusable
    assert reason in why.reason
    assert why.places == [1]


def test_an_answer_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    targets = read(tmp_path, ["late", "parcel", [{"text": "parcel", "answer_start": 27}]])
    assert [values[0][0] for values in targets.values] == [14, 4, 27]
    (told,) = targets.findings
    assert "more than once; the first place is taken: row 2." in told.what


def test_the_nested_file_of_squad_becomes_rows(tmp_path: Path) -> None:
    asked = [
        {"id": "1", "question": "what?", "answers": [{"text": "late", "answer_start": 14}]},
        {"id": "2", "question": "who?", "answers": [], "is_impossible": True},
    ]
    document = {"version": "x", "data": [{"title": "T", "paragraphs": [{"context": CONTEXT, "qas": asked}]}]}
    (tmp_path / "squad.json").write_text(json.dumps(document), encoding="utf-8")
    table = load_table(tmp_path / "squad.json")
    assert table.columns == ["id", "title", "question", "context", "answers"]
    targets = read_answers(table, COLUMNS, np.ones(2, dtype=np.bool_))
    assert list(targets.values) == [((14, "late"),), ()]


# --- windows


@pytest.mark.parametrize("kind", ["special", "bare", "bytes"])
def test_windows_show_the_whole_context_and_know_where_they_are(kind: str) -> None:
    tokenizer = build_byte_level_tokenizer() if kind == "bytes" else build_tokenizer(special=kind == "special")
    long = " ".join(["the parcel is late and my order not"] * 20)
    rows = [("where is it", "my parcel"), ("what is late now", long)]
    found = encode_windows(tokenizer, rows, 64, 8)
    assert found.owners is not None
    assert found.spans is not None
    assert found.lengths.max() <= 64
    assert found.owners.tolist() == sorted(found.owners.tolist())
    ends = np.cumsum(found.lengths)
    for row, (_, context) in enumerate(rows):
        seen: set[int] = set()
        for window in np.flatnonzero(found.owners == row):
            spans = found.spans[ends[window] - found.lengths[window] : ends[window]]
            assert (spans[:, 0] == NO_ANSWER).sum() == 1
            for start, end in spans[spans[:, 0] >= 0].tolist():
                seen |= set(range(start, end))
        letters = {place for place, letter in enumerate(context) if not letter.isspace()}
        # A byte-level tokenizer counts the space before a word as its own; the last token may stand for no answer.
        assert len(letters - seen) <= (0 if kind == "special" else len(context.split()[-1]))


def test_a_question_that_is_too_long_is_cut_and_leaves_room() -> None:
    found = encode_windows(build_tokenizer(), [("what " * 500, "the parcel is late")], 64, 8)
    assert found.spans is not None
    assert (found.spans[:, 0] >= 0).sum() == 4


def test_windows_without_room_are_refused() -> None:
    with pytest.raises(InputError, match="leave no room"):
        encode_windows(build_tokenizer(), [("what", "late")], 64, 60)
