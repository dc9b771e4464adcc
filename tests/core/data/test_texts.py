"""Rows of a file that are to be predicted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainer_core.data.roles import Role
from trainer_core.data.texts import open_predictable
from trainer_core.errors import InputError

ASKED = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "What is 2 plus 1?"}]
ANSWER = {"role": "assistant", "content": "3"}


def opened(folder: Path, cells: list[Any]) -> list[Any]:
    """Return the conversations that are read of a file."""
    path = folder / "asked.jsonl"
    path.write_text("\n".join(json.dumps({"messages": cell}) for cell in cells), encoding="utf-8")
    return [json.loads(text) for (text,) in open_predictable(path, {Role.MESSAGES: "messages"}).rows]


def test_conversations_stay_conversations(tmp_path: Path) -> None:
    assert opened(tmp_path, [ASKED, [*ASKED, ANSWER]]) == [ASKED, [*ASKED, ANSWER]]
    assert opened(tmp_path, [json.dumps(ASKED)]) == [ASKED]


def test_conversations_that_cannot_be_answered_are_named_before_the_first_is(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        opened(tmp_path, [ASKED, [*ASKED, ASKED[1]], [ANSWER], ASKED, [*ASKED, ASKED[1]]])
    told = [problem.what for problem in refused.value.problems]
    assert told == [
        "2 rows with conversations that cannot be used, since one side speaks twice in a row: row 2, 5.",
        "1 row with conversations that cannot be used, since they begin with an answer: row 3.",
    ]


def test_words_of_a_list_are_one_text(tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    path.write_text(json.dumps({"tokens": ["to", "Rome"]}), encoding="utf-8")
    assert list(open_predictable(path, {Role.TEXT: "tokens"}).rows) == [("to Rome",)]
