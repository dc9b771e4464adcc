"""Labelled spans: every way to write them, and what is wrong with them, named by row."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_core.data.prepare import examine_data
from trainer_core.data.roles import Role
from trainer_core.data.rows import Rows
from trainer_core.data.sources import load_table
from trainer_core.data.spans import find_cut_words, read_spans
from trainer_core.data.targets import Targets
from trainer_core.data.words import WordRule, places_in, spans_of_tags, words_of
from trainer_core.errors import InputError
from trainer_core.project.schema import DataSection, Project
from trainer_core.tasks.registry import load_task

TEXT = "Ada lives in New York now"
SPANS = [(0, 3, "person"), (13, 21, "place")]
TAGS = ["B-person", "O", "O", "B-place", "I-place", "O"]
AS_OBJECTS = [{"start": start, "end": end, "label": label} for start, end, label in SPANS]
AS_COLUMNS = {"start": [0, 13], "end": [3, 21], "label": ["person", "place"]}


def read(path: Path, columns: dict[Role, str] | None = None, labels: tuple[str, ...] | None = None) -> Targets:
    """Read the spans of all rows of a file."""
    table = load_table(path)
    named = columns or {Role.TEXT: "text", Role.LABEL: "spans"}
    return read_spans(table, named, np.ones(len(table.rows), dtype=np.bool_), labels)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def spans_in(targets: Targets, row: int = 0) -> list[tuple[int, int, str]]:
    """Return the spans of a row with their labels' names."""
    return [(start, end, targets.labels[label]) for start, end, label in targets.values[row].tolist()]


@pytest.mark.parametrize(
    "cell",
    [
        AS_OBJECTS,
        [list(span) for span in SPANS],
        AS_COLUMNS,
        json.dumps(AS_OBJECTS),
        json.dumps([list(span) for span in SPANS]),
        [{"begin": s, "stop": e, "type": f" {label} "} for s, e, label in SPANS],
        list(reversed(AS_OBJECTS)),
        TAGS,
        " ".join(TAGS),
    ],
)
def test_every_way_to_write_spans_is_read(tmp_path: Path, cell: Any) -> None:
    targets = read(write_rows(tmp_path / "rows.jsonl", [{"text": TEXT, "spans": cell}]))
    assert targets.labels == ("person", "place")
    assert spans_in(targets) == SPANS
    assert not targets.missing.any()
    assert targets.findings == []


def test_words_in_a_list_are_joined_and_their_tags_placed(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.jsonl", [{"tokens": TEXT.split(), "ner_tags": TAGS}])
    targets = read(file, {Role.TEXT: "tokens", Role.LABEL: "ner_tags"})
    assert spans_in(targets) == SPANS


def test_conll_columns_are_read(tmp_path: Path) -> None:
    lines = [f"{word}\tX\t{tag}" for word, tag in zip(TEXT.split(), TAGS, strict=True)]
    content = ["-DOCSTART- X O", "", "# a comment", *lines, "", "", "#tag B-person", "# O", "alone O"]
    (tmp_path / "rows.conll").write_text("\n".join(content), encoding="utf-8")
    table = load_table(tmp_path / "rows.conll")
    assert list(table.rows["text"]) == [TEXT, "#tag # alone"]
    targets = read(tmp_path / "rows.conll", {Role.TEXT: "text", Role.LABEL: "tags"})
    assert spans_in(targets) == SPANS
    assert spans_in(targets, 1) == [(0, 4, "person")]


@pytest.mark.parametrize("line", ["Paris", "Paris place", "Paris B-"])
def test_a_line_without_a_tag_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.conll").write_text(f"Ada B-person\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="Line 2 has no tag"):
        load_table(tmp_path / "rows.conll")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ([[0, 99, "place"]], "a span lies outside the text"),
        ([[-1, 3, "place"]], "a span lies outside the text"),
        ([[3, 3, "place"]], "a span ends before it begins"),
        ([[0, 5, "a"], [4, 9, "b"]], "two spans overlap"),
        ([[0, 5]], "a span needs a start, an end and a label"),
        ([["x", 5, "a"]], "a span needs a start, an end and a label"),
        ([[0, 5, ""]], "a span has no label"),
        ("[[0, 5,", "this is no valid JSON"),
        ("B-place O", "it has not as many tags as words"),
        ("place O O O O O", '"place" is no tag'),
        ([0, 3, 0, 0, 0, 0], "tags stand there as numbers, whose names the file does not hold"),
        ('{"start": [0, 14], "end": [4], "label": ["a", "b"]}', "a span needs a start, an end and a label"),
    ],
)
def test_spans_that_cannot_be_used_are_named_by_row(tmp_path: Path, cell: Any, reason: str) -> None:
    good = {"text": TEXT, "spans": json.dumps([list(SPANS[0])])}
    wrong = {"text": TEXT, "spans": json.dumps(cell) if isinstance(cell, list) else cell}
    file = write_rows(tmp_path / "rows.jsonl", [good, wrong, good])
    project = Project(task="tagging", data=DataSection(train=file.name))
    report = examine_data(project, tmp_path, load_task("tagging"))
    assert any(reason in finding.what and finding.rows == (2,) for finding in report.findings)
    assert ["row 2" in finding.what for finding in report.errors] == [True]


def test_causes_that_differ_in_what_they_quote_are_told_once(tmp_path: Path) -> None:
    rows = [{"text": TEXT, "spans": f"word{number} O O"} for number in range(9)]
    (why,) = read(write_rows(tmp_path / "rows.jsonl", rows)).unusable
    assert '"word0" is no tag' in why.reason
    assert len(why.places) == 9


def test_rows_that_cannot_be_used_are_left_out_where_that_is_wished(tmp_path: Path) -> None:
    rows = [{"text": TEXT, "spans": json.dumps([[0, 3, "person"]])} for _ in range(20)]
    file = write_rows(tmp_path / "rows.jsonl", [*rows, {"text": TEXT, "spans": json.dumps([[0, 99, "person"]])}])
    project = Project(task="tagging", data=DataSection(train=file.name, skip_incomplete=True))
    report = examine_data(project, tmp_path, load_task("tagging"))
    assert report.errors == []
    assert sum(split.rows for split in report.splits) == 20


def test_labels_that_were_never_learnt_are_named(tmp_path: Path) -> None:
    targets = read(write_rows(tmp_path / "rows.jsonl", [{"text": TEXT, "spans": AS_OBJECTS}]), labels=("person",))
    assert spans_in(targets) == SPANS[:1]
    assert '"place"' in targets.findings[0].what


def test_an_empty_cell_means_no_span(tmp_path: Path) -> None:
    empty = json.dumps({"start": [], "end": [], "label": []})
    file = write_rows(tmp_path / "rows.jsonl", [{"text": TEXT, "spans": cell} for cell in ("[]", "{}", None, empty)])
    targets = read(file)
    assert [len(spans) for spans in targets.values] == [0, 0, 0, 0]
    assert not targets.missing.any()


def test_spans_within_words_are_told(tmp_path: Path) -> None:
    cells = [[[0, 3, "a"]], [[0, 2, "a"]], [[3, 9, "a"]]]
    file = write_rows(tmp_path / "rows.jsonl", [{"text": TEXT, "spans": json.dumps(cell)} for cell in cells])
    targets = read(file)
    columns = {Role.TEXT: "text", Role.LABEL: "spans"}
    rows = Rows(load_table(file), columns, (Role.TEXT,), np.arange(3), targets.values, targets.labels)
    finding = find_cut_words(rows, WordRule.WHOLE)
    assert finding is not None
    assert finding.rows == (2, 3)
    assert "options.words" not in finding.remedy  # parts of words would not help


def test_spans_within_addresses_are_told_with_the_option_that_helps(tmp_path: Path) -> None:
    text = "we love #Paris, they do not"
    cells = [[[9, 14, "place"]], [[8, 14, "place"]], [[0, 2, "people"]]]
    file = write_rows(tmp_path / "rows.jsonl", [{"text": text, "spans": json.dumps(cell)} for cell in cells])
    targets = read(file)
    rows = Rows(
        load_table(file),
        {Role.TEXT: "text", Role.LABEL: "spans"},
        (Role.TEXT,),
        np.arange(3),
        targets.values,
        targets.labels,
    )
    finding = find_cut_words(rows, WordRule.WHOLE)
    assert finding is not None
    assert finding.rows == (1,)
    assert 'options.words = "parts"' in finding.remedy
    assert find_cut_words(rows, WordRule.PARTS) is None


# --- words and tags


@pytest.mark.parametrize("rule", WordRule)
@given(text=st.text(max_size=60) | st.text("ab1.,:@#'/-&;! 東", max_size=60))
def test_words_hold_everything_but_white_space(text: str, rule: WordRule) -> None:
    words = words_of(text, rule)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(words))
    between = set(range(len(text))) - {place for start, end in words for place in range(start, end)}
    assert all(text[place].isspace() for place in between)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("U.S.-based 東京", "U . S . - based 東 京"),
        ("see https://t.co/a-b?c=1.", "see https://t.co/a-b?c=1 ."),
        ("(www.example.org/x/)", "( www.example.org/x/ )"),
        ("mail jo.doe+x@mail.example.org, now", "mail jo.doe+x@mail.example.org , now"),
        ("@paul_walk loves #Paris.", "@paul_walk loves #Paris ."),
        ("C# and a@b", "C # and a @ b"),
        ("at 14:30 for 1,000.50$, 5kg", "at 14:30 for 1,000.50 $ , 5kg"),
        ("John's don’t 'quoted'", "John 's don ’t ' quoted '"),
        ("well... no!! --", "well ... no !! --"),
        ("a &lt; b & c", "a &lt; b & c"),
        ("東京https://a.jp京", "東 京 https://a.jp 京"),
    ],
)
def test_whole_words_are_those_of_tagged_corpora(text: str, words: str) -> None:
    assert [text[start:end] for start, end in words_of(text)] == words.split()


def test_parts_of_words_are_runs_of_letters_and_single_signs() -> None:
    text = "@jo's 1.5 https://t.co ..."
    found = [text[start:end] for start, end in words_of(text, WordRule.PARTS)]
    assert found == ["@", "jo", "'", "s", "1", ".", "5", "https", ":", "/", "/", "t", ".", "co", ".", ".", "."]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-a I-a O", [(0, 2, "a")]),
        ("B-a B-a", [(0, 1, "a"), (1, 2, "a")]),
        ("I-a I-a", [(0, 2, "a")]),
        ("B-a I-b", [(0, 1, "a"), (1, 2, "b")]),
        ("O I-a O I-a", [(1, 2, "a"), (3, 4, "a")]),
        ("S-a B-b E-b U-c L-c", [(0, 1, "a"), (1, 3, "b"), (3, 5, "c")]),
        ("B-x-y I-x-y", [(0, 2, "x-y")]),
        ("", []),
    ],
)
def test_tags_mean_spans_as_seqeval_reads_them(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert list(spans_of_tags(tags.split())) == spans


def test_places_are_those_of_the_joined_text() -> None:
    words = ["a", "bcd", "ef"]
    assert [" ".join(words)[start:end] for start, end in places_in(words)] == words
