"""JSON in all the ways it is written: lines, lists, SQuAD's nesting; keys and kinds that only show further down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.files import refusal_of, written
from trainer_core.data.answers import read_answers
from trainer_core.data.records import MOST_COLUMNS, ROWS_PER_BATCH
from trainer_core.data.roles import Role
from trainer_core.data.sources import Table, load_table

CONTEXT = "the parcel is late and the parcel is lost"
LATE = {"text": "late", "answer_start": 14}
ANSWER_COLUMNS = {Role.QUESTION: "question", Role.CONTEXT: "context", Role.ANSWERS: "answers"}


def lines_of(records: Iterable[Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def cells_of(table: Table, name: str) -> list[Any]:
    return list(table.read_cells(name))


# --- SQuAD


def squad(folder: Path, *asked: Any) -> Path:
    article = {"title": "T", "paragraphs": [{"context": CONTEXT, "qas": list(asked)}]}
    return written(folder, "squad.json", json.dumps({"version": "x", "data": [article]}))


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (None, ()),
        ([], ()),
        ([LATE], ((14, "late"),)),
        ([{"text": "late", "answer_start": None}], ((14, "late"),)),
        ([{"text": "late"}], ((14, "late"),)),
        ([{"text": "late", "answer_start": "14"}], ((14, "late"),)),
        ([{"text": "late", "answer_start": "?"}], ((14, "late"),)),
        ([{"text": "late", "answer_start": 14.0}], ((14, "late"),)),
        ({"text": ["late", "is"], "answer_start": [14, 34]}, ((14, "late"), (34, "is"))),
        ({"text": ["late", "lost"], "answer_start": [14]}, ((14, "late"), (37, "lost"))),
        ({"text": ["late"], "answer_start": None}, ((14, "late"),)),
        ({"text": [], "answer_start": []}, ()),
        (LATE, ((14, "late"),)),
    ],
)
def test_every_way_to_write_answers_in_squad_is_read(
    tmp_path: Path, answers: Any, found: tuple[tuple[int, str], ...]
) -> None:
    first = {"id": "1", "question": "what?", "answers": [LATE]}
    table = load_table(squad(tmp_path, first, {"id": "2", "question": "how?", "answers": answers}))
    targets = read_answers(table, ANSWER_COLUMNS, np.ones(2, dtype=np.bool_))
    assert list(targets.values) == [((14, "late"),), found]
    assert targets.findings == []


def test_what_squad_leaves_out_is_empty(tmp_path: Path) -> None:
    article = {"title": None, "paragraphs": [{"context": None, "qas": [{"id": 7, "question": None}]}, {"qas": None}]}
    empty: dict[str, Any] = {"title": "no paragraphs", "paragraphs": None}
    table = load_table(written(tmp_path, "squad.json", json.dumps({"data": [article, empty]})))
    names = ["id", "title", "question", "context"]
    assert [cells_of(table, name) for name in names] == [["7"], [""], [""], [""]]


@pytest.mark.parametrize(
    ("data", "where", "what"),
    [
        ([{"paragraphs": []}, "x"], "article 2", "no JSON object"),
        ([{"paragraphs": ["x"]}], "article 1, paragraph 1", "no JSON object"),
        ([{"paragraphs": "x"}], "article 1", "paragraphs"),
        ([{"paragraphs": [{"qas": "x"}]}], "article 1, paragraph 1", "qas"),
        ([{"paragraphs": [{}, {"qas": [{}, "x"]}]}], "article 1, paragraph 2, question 2", "no JSON object"),
        ([{"paragraphs": [{"qas": [{"id": "q7", "answers": ["x"]}]}]}], 'question 1 ("q7")', "no JSON object"),
        ([{"paragraphs": [{"qas": [{"id": "q7", "answers": 3}]}]}], 'question 1 ("q7")', "answers"),
    ],
)
def test_what_is_no_object_in_squad_is_named_by_its_place(
    tmp_path: Path, data: list[Any], where: str, what: str
) -> None:
    told = refusal_of(written(tmp_path, "squad.json", json.dumps({"data": data})))
    assert where in told
    assert what in told


# --- lines or a list


RECORDS = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.json", lines_of(RECORDS)),
        ("rows.json", "\n" + "\n\n".join(lines_of(RECORDS).splitlines())),
        ("rows.jsonl", json.dumps(RECORDS)),
        ("rows.jsonl", "\n" + json.dumps(RECORDS, indent=2)),
        ("rows.jsonl", "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n"),
    ],
    ids=["lines in json", "blank lines in json", "list in jsonl", "indented list in jsonl", "list of lines in jsonl"],
)
def test_lines_and_lists_are_told_apart_whatever_the_ending(tmp_path: Path, name: str, content: str) -> None:
    table = load_table(written(tmp_path, name, content))
    assert (cells_of(table, "text"), cells_of(table, "label")) == (["a", "b"], ["x", "y"])


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("rows.json", lines_of(RECORDS) + '{"text": \n', "row 3"),
        ("rows.jsonl", '["a"]\n["b"]\n', "row 1: This row is no JSON object"),
        ("rows.jsonl", '[{"text": "a"}, 3]', "row 2: This row is no JSON object"),
        ("rows.jsonl", '[{"text": "a"},\n{"text"\n', "not valid JSON"),
        ("rows.json", '{\n"text": "a"\n}\n{\n"text": "b"\n}\n', "not valid JSON"),
        ("rows.jsonl", '{"label": ' + "9" * 5_000 + "}", "not valid JSON"),
    ],
)
def test_what_is_neither_is_refused(tmp_path: Path, name: str, content: str, part: str) -> None:
    assert part in refusal_of(written(tmp_path, name, content))


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ({"validation": [{"text": "v"}], "train": [{"text": "t"}]}, ["t"]),
        ({"labels": ["x", "y"], "items": [{"text": "t"}]}, ["t"]),
        ({"info": [{"text": "no"}], "data": [{"text": "t"}], "train": [{"text": "no"}]}, ["t"]),
        ({"first": [{"text": "t"}], "second": [{"text": "no"}]}, ["t"]),
        ({"train": [], "rows": [{"text": "t"}]}, ["t"]),
    ],
)
def test_of_several_lists_the_usual_one_is_read(tmp_path: Path, value: Any, texts: list[str]) -> None:
    assert cells_of(load_table(written(tmp_path, "rows.json", json.dumps(value))), "text") == texts


# --- keys and kinds


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_a_key_that_appears_late_is_a_column(tmp_path: Path, name: str) -> None:
    records: list[Any] = [{"text": "a"}] * (ROWS_PER_BATCH + 1) + [{"text": "b", "label": "x"}]
    table = load_table(written(tmp_path, name, lines_of(records) if name.endswith("l") else json.dumps(records)))
    assert table.columns == ["text", "label"]
    assert cells_of(table, "label") == [""] * (ROWS_PER_BATCH + 1) + ["x"]


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ([], [LATE]),
        ([], ["late"]),
        (None, [LATE]),
        ([{"text": "late"}], [LATE]),
        ({"text": [], "answer_start": []}, {"text": ["late"], "answer_start": [14]}),
        ([1, 2], [0.5]),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_list_may_be_empty_or_lack_keys_for_long(tmp_path: Path, early: Any, late: Any, turned: bool) -> None:
    early, late = (late, early) if turned else (early, late)
    records = [{"answers": early}] * ROWS_PER_BATCH + [{"answers": late}]
    found = cells_of(load_table(written(tmp_path, "rows.jsonl", lines_of(records))), "answers")
    assert len(found) == len(records)
    for cell, wanted in ((found[0], early), (found[-1], late)):
        assert _bare(cell) == _bare(wanted)


def _bare(value: Any) -> Any:
    """Leave out what is absent: Arrow gives every object all keys."""
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_bare(inner) for inner in value]
    return value or None


@pytest.mark.parametrize(
    ("early", "late"), [("late", [LATE]), ([LATE], "late"), ([1], ["a"]), ([LATE], LATE), ([{"a": 1}], [{"a": "x"}])]
)
def test_a_column_that_changes_its_kind_becomes_json(tmp_path: Path, early: Any, late: Any) -> None:
    records = [{"answers": early}] * ROWS_PER_BATCH + [{"answers": late}]
    found = cells_of(load_table(written(tmp_path, "rows.jsonl", lines_of(records))), "answers")
    assert [found[0], found[-1]] == [value if isinstance(value, str) else json.dumps(value) for value in (early, late)]


@pytest.mark.parametrize("cell", ['["a\\ud83d"]', '{"a": ["\\uD83D"]}', '{"a\\ud83d": 1}', f"[{2**70}]"])
def test_what_arrow_cannot_hold_is_read_nevertheless(tmp_path: Path, cell: str) -> None:
    (found,) = cells_of(load_table(written(tmp_path, "rows.jsonl", f'{{"text": {cell}}}\n')), "text")
    assert found


def test_half_of_a_character_in_a_key_is_no_fault(tmp_path: Path) -> None:
    assert len(load_table(written(tmp_path, "rows.jsonl", '{"text": "a", "a\\ud83d": "x"}\n')).columns) == 2


def test_keys_that_differ_from_row_to_row_are_refused(tmp_path: Path) -> None:
    records = ({f"row {number}": "a"} for number in range(MOST_COLUMNS + 1))
    assert "different keys" in refusal_of(written(tmp_path, "rows.jsonl", lines_of(records)))


# --- numbers of rows


def numbers_of(table: Table) -> list[int]:
    return [table.row_number(place) for place in range(len(table.rows))]


def test_numbers_of_rows_are_those_of_lines(tmp_path: Path) -> None:
    first, second = lines_of(RECORDS).splitlines()
    path = written(tmp_path, "rows.jsonl", "\n".join([first, second, "", "", first, "  ", second, first]))
    assert numbers_of(load_table(path)) == [1, 2, 5, 7, 8]
    assert numbers_of(load_table(path)) == [1, 2, 5, 7, 8], "what was kept with the converted file is read again"


def test_numbers_of_rows_are_right_in_every_batch(tmp_path: Path) -> None:
    content = "\n" + (lines_of(RECORDS[:1]) * ROWS_PER_BATCH + "\n") * 2 + lines_of(RECORDS)
    table = load_table(written(tmp_path, "rows.jsonl", content))
    places = (0, ROWS_PER_BATCH - 1, ROWS_PER_BATCH, 2 * ROWS_PER_BATCH - 1, 2 * ROWS_PER_BATCH + 1)
    assert [table.row_number(place) - place for place in places] == [2, 2, 3, 3, 4]


def test_instances_have_the_number_of_their_line(tmp_path: Path) -> None:
    tasks = [{"instruction": str(n), "instances": [{"input": "i", "output": "o"}] * n} for n in (1, 3, 2)]
    content = lines_of(tasks)
    assert numbers_of(load_table(written(tmp_path, "rows.jsonl", content))) == [1, 2, 2, 2, 3, 3]
    assert numbers_of(load_table(written(tmp_path, "rows.json", json.dumps(tasks)))) == [1, 2, 2, 2, 3, 3]
    assert "row 4" in refusal_of(written(tmp_path, "rows.jsonl", content + '{"instruction"\n'))


def test_numbers_add_no_column(tmp_path: Path) -> None:
    table = load_table(written(tmp_path, "rows.jsonl", "\n" + lines_of(RECORDS)))
    assert table.columns == ["text", "label"]
    assert list(table.rows[:]) == ["text", "label"]
