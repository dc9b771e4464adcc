"""Which column plays which role in files as they are published, guessed from names and cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.projects import write_delimited
from trainer_core.data.columns import resolve_columns
from trainer_core.data.names import is_mark
from trainer_core.data.sources import load_table
from trainer_core.errors import InputError
from trainer_core.project.schema import ColumnsSection
from trainer_core.tasks.registry import load_task

ROWS = 40
SHORT, LONG = "a short text {n}", "a much longer text that says what row {n} is about, at some length"
KINDS: dict[str, str] = {
    "short": SHORT,
    "long": LONG,
    "class": "abc",
    "stars": "12345",
    "fraction": "0.{n}",
    "id": "A{n}X",
    "product": "B0{tens}",
    "count": "{n}",
    "time": "13930{n}",
    "empty": "",
}


def cell(kind: str, number: int) -> str:
    """Return a cell of a kind in a row; letters of classes come in turn."""
    pattern = KINDS[kind]
    if kind in {"class", "stars"}:
        return pattern[number * 7 % len(pattern)]
    return pattern.format(n=number, tens=number // 10)


def guessed(folder: Path, task: str, columns: Sequence[str]) -> dict[str, str]:
    """Return the columns by role in a file whose columns are given as ``name:kind``."""
    names, kinds = zip(*(column.rsplit(":", 1) for column in columns), strict=True)
    rows = [[cell(kind, number) for kind in kinds] for number in range(10, 10 + ROWS)]
    path = write_delimited(folder / "rows.csv", rows, header=names)
    found = resolve_columns(load_table(path, header=True), load_task(task).needs, ColumnsSection())
    return {role.value: name for role, name in found.by_role.items()}


AMAZON_2014 = ["reviewerID:id", "asin:product", "reviewerName:short", "reviewText:long", "overall:stars"]
AMAZON_2014 += ["summary:short", "unixReviewTime:time"]
AMAZON_2023 = ["rating:stars", "title:short", "text:long", "images:empty", "asin:product", "timestamp:time"]
FINE_FOOD = ["Id:count", "ProductId:product", "UserId:id", "ProfileName:short", "HelpfulnessNumerator:count"]
FINE_FOOD += ["Score:stars", "Time:time", "Summary:short", "Text:long"]
SENTIMENT_140 = ["target:class", "ids:count", "date:time", "flag:class", "user:id", "text:long"]
DOLLY = ["instruction:short", "context:long", "response:short", "category:class"]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        (AMAZON_2014, "reviewText", "overall"),
        ([*AMAZON_2014, "reviewTime:time"], "reviewText", "overall"),
        (AMAZON_2023, "text", "rating"),
        (FINE_FOOD, "Text", "Score"),
        (["review_id:id", "stars:stars", "date:time", "text:long", "type:class"], "text", "stars"),
        (["Unnamed: 0:count", "Title:short", "Review Text:long", "Rating:stars"], "Review Text", "Rating"),
    ],
)
def test_reviews_have_their_stars(tmp_path: Path, task: str, columns: list[str], text: str, label: str) -> None:
    assert guessed(tmp_path, task, columns) == {"text": text, "label": label}


@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        (["Class Index:class", "Title:short", "Description:long"], "Description", "Class Index"),
        (["v1:class", "v2:long", "Unnamed: 2:empty", "Unnamed: 3:empty", "Unnamed: 4:empty"], "v2", "v1"),
        (["v1:class", "v2:long", ":empty", " :empty", "  :empty"], "v2", "v1"),
        (["review:long", "sentiment:class"], "review", "sentiment"),
        (["label:class", "text:long"], "text", "label"),
        (["text:long", "category:class"], "text", "category"),
        (SENTIMENT_140, "text", "target"),
        (["sentiment:class", "id:count", "date:time", "query:class", "user:id", "text:long"], "text", "sentiment"),
        (["headline:long", "is_sarcastic:class", "id:count"], "headline", "is_sarcastic"),
        (["url:long", "remark:short", "kind:class", "timestamp:class"], "remark", "kind"),
        (DOLLY, "context", "category"),
        (["sentence:long", "label:class", "idx:count"], "sentence", "label"),
        (["id:id", "date:class"], "id", "date"),
    ],
)
def test_public_files_of_classes(tmp_path: Path, columns: list[str], text: str, label: str) -> None:
    assert guessed(tmp_path, "classification", columns) == {"text": text, "label": label}


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        (["text:long", "category:class", "score:fraction"], "score"),
        (["text:long", "category:class", "price:fraction"], "price"),
        (["text:long", "category:class", "price:fraction", "id:count"], "price"),
        (["text:long", "price:fraction", "unix_time:time"], "price"),
        (["text:long", "unix_time:time"], "unix_time"),
        (["text:long", "price:fraction", "weight:empty"], "price"),
    ],
)
def test_a_number_is_learnt_from_a_column_of_numbers(tmp_path: Path, columns: list[str], label: str) -> None:
    assert guessed(tmp_path, "regression", columns) == {"text": "text", "label": label}


def test_a_usual_name_is_told_to_hold_no_numbers_rather_than_an_id_learnt(tmp_path: Path) -> None:
    assert guessed(tmp_path, "regression", ["id:count", "text:long", "score:class"])["label"] == "score"


def test_a_file_without_numbers_holds_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could hold the number"):
        guessed(tmp_path, "regression", ["text:long", "kind:class"])


@pytest.mark.parametrize(("share", "label"), [(0.3, "score"), (1.0, "weight")])
def test_numbers_may_be_missing_and_have_commas(tmp_path: Path, share: float, label: str) -> None:
    rows = [(LONG.format(n=n), "" if n < share * ROWS else f"{n},5", f"{n}") for n in range(ROWS)]
    path = write_delimited(tmp_path / "rows.csv", rows, header=("text", "score", "weight"))
    found = resolve_columns(load_table(path), load_task("regression").needs, ColumnsSection())
    assert {role.value: name for role, name in found.by_role.items()}["label"] == label


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["sentence1:long", "sentence2:short", "label:class"], ("sentence1", "sentence2", "label")),
        (["idx:count", "premise:short", "hypothesis:long", "label:class"], ("premise", "hypothesis", "label")),
        (
            ["id:count", "qid1:count", "qid2:count", "question1:long", "question2:short", "is_duplicate:class"],
            ("question1", "question2", "is_duplicate"),
        ),
        (["date:long", "first:long", "second:short", "kind:class", "note:empty"], ("first", "second", "kind")),
    ],
)
def test_pairs_of_texts(tmp_path: Path, columns: list[str], expected: tuple[str, ...]) -> None:
    found = guessed(tmp_path, "pair_classification", columns)
    assert found == dict(zip(("text", "second_text", "label"), expected, strict=True))


def test_how_alike_two_sentences_are_is_a_number(tmp_path: Path) -> None:
    columns = ["genre:class", "year:count", "score:fraction", "sentence1:long", "sentence2:long"]
    found = guessed(tmp_path, "regression", columns)
    assert found == {"text": "sentence1", "second_text": "sentence2", "label": "score"}


@pytest.mark.parametrize(
    ("task", "columns", "expected"),
    [
        ("chat", DOLLY, {"question": "instruction", "context": "context", "answers": "response"}),
        (
            "chat",
            ["instruction:short", "input:empty", "output:long"],
            {"question": "instruction", "context": "input", "answers": "output"},
        ),
        ("chat", ["prompt:short", "completion:long"], {"question": "prompt", "answers": "completion"}),
        (
            "answering",
            ["id:id", "title:short", "context:long", "question:short", "answers:short"],
            {"question": "question", "context": "context", "answers": "answers"},
        ),
    ],
)
def test_instructions_and_questions(tmp_path: Path, task: str, columns: list[str], expected: dict[str, str]) -> None:
    assert guessed(tmp_path, task, columns) == expected


def test_cells_that_are_null_are_empty(tmp_path: Path) -> None:
    lines = [{"hint": None, "v2": LONG.format(n=n), "v1": "ab"[n % 2]} for n in range(ROWS)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([*map(json.dumps, lines), json.dumps({"hint": "x", "v2": "y", "v1": "a"})]))
    found = resolve_columns(load_table(path), load_task("classification").needs, ColumnsSection())
    assert {role.value: name for role, name in found.by_role.items()} == {"text": "v2", "label": "v1"}


def test_words_with_tags_are_found(tmp_path: Path) -> None:
    lines = [{"id": str(n), "tokens": ["in", "Paris"], "ner_tags": ["O", "B-LOC"]} for n in range(ROWS)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = resolve_columns(load_table(path), load_task("tagging").needs, ColumnsSection())
    assert {role.value: name for role, name in found.by_role.items()} == {"text": "tokens", "label": "ner_tags"}


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        *((name, True) for name in ("id", "ID", "ids", "reviewerID", "ProductId", "user_id", "Unnamed: 0", "index")),
        *((name, True) for name in ("unixReviewTime", "timestamp", "Date", "created date", "asin", "article_link")),
        *((name, False) for name in ("text", "paid", "update", "sentiment", "v1", "column 0", "valid", "", "Zeit")),
    ],
)
def test_marks_of_a_row_are_told_by_their_names(name: str, mark: bool) -> None:
    assert is_mark(name) is mark


@pytest.mark.parametrize(
    ("head", "line", "found"),
    [
        ("v1,v2,,,", "ham,what a long text this is {n},,,", {"text": "v2", "label": "v1"}),
        (",text,label", "{n},a text {n},b", {"text": "text", "label": "label"}),
    ],
)
def test_columns_without_a_name_hide_no_header(tmp_path: Path, head: str, line: str, found: dict[str, str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([head, *(line.format(n=number) for number in range(30))]), encoding="utf-8")
    table = load_table(path)
    assert table.header
    columns = resolve_columns(table, load_task("classification").needs, ColumnsSection())
    assert {role.value: name for role, name in columns.by_role.items()} == found


def test_a_row_with_an_empty_cell_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["hello,", *(f"text {number},b" for number in range(30))]), encoding="utf-8")
    assert not load_table(path).header


def test_words_with_tags_in_a_plain_text_file_are_told_how_to_be_called(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("EU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\nPeter NNP I-NP B-PER\n", encoding="utf-8")
    with pytest.raises(InputError, match="could hold the") as refused:
        resolve_columns(load_table(path), load_task("tagging").needs, ColumnsSection())
    assert ".conll" in refused.value.remedy
