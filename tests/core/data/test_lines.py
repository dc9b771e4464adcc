"""Files of lines: plain texts, which are no tables, and words with their tags as CoNLL writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.files import refusal_of, written
from trainer_core.data import delimited
from trainer_core.data import lines as lines_module
from trainer_core.data.lines import read_lines
from trainer_core.data.roles import Role
from trainer_core.data.sources import Table, load_table
from trainer_core.data.spans import read_spans
from trainer_core.errors import InputError


def texts_of(table: Table) -> list[str]:
    return list(table.rows["text"])


# --- plain texts


@pytest.mark.parametrize(
    "lines",
    [
        ["On Monday, it rained.", "On Tuesday, it did not.", "Then, at last, nothing."],
        ["On Monday, it rained.", "On Tuesday, it did not."],
        ["Answer me", "or do not"],
        ["Question time, says he", "nobody came, says she", "so they left, say both"],
        ["Title", "A text; and more", "Another; of it"],
        ['"Come," he said', 'and "went', '"quoted"'],
        ["one | two", "three | four"],
        ["a tab\there", "none here"],
        ["\tan indented line", "\tand another"],
        ["lonely"],
        ["text"],
        ["007"],
        ["EU NNP B-ORG", "rejects VBZ O", "", "Peter NNP B-PER"],
        ["EU\tB-ORG", "rejects\tO", "", "Peter\tB-PER", "Blackburn\tI-PER"],
        ["one\u2028two", "  padded \u00a0", "\u00a0", "form\ffeed"],
    ],
)
@pytest.mark.parametrize("header", [None, False])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_prose_is_its_lines(tmp_path: Path, lines: list[str], header: bool | None, end: str) -> None:
    path = written(tmp_path, "prose.txt", end.join(lines) + end)
    table = load_table(path, header=header)
    if lines[0] == "Title" and header is None:  # a usual name alone in the first line is a header
        assert (table.columns, table.header) == (["Title"], True)
        return
    assert (table.columns, table.header) == (["text"], False)
    assert texts_of(table) == read_lines(path)


def test_lines_below_a_usual_name_have_it(tmp_path: Path) -> None:
    table = load_table(written(tmp_path, "prose.txt", "\nsentence\nfirst, of two\n\nsecond\n"))
    assert (table.columns, table.header) == (["sentence"], True)
    assert list(table.rows["sentence"]) == ["first, of two", "second"]
    assert [table.row_number(place) for place in (0, 1)] == [3, 5]


def test_a_plain_text_file_that_is_said_to_have_a_header_has_one(tmp_path: Path) -> None:
    assert load_table(written(tmp_path, "one.txt", "Satz\nsecond\n"), header=True).columns == ["Satz"]
    table = load_table(written(tmp_path, "two.txt", "Satz;Klasse\nein Film;gut\n"), header=True)
    assert table.columns == ["Satz", "Klasse"]
    assert len(table.rows) == 1


def test_one_bad_line_makes_a_table_of_tabs_no_prose(tmp_path: Path) -> None:
    lines = [f"film {number}\tgood" for number in range(30)]
    with pytest.raises(InputError, match="Row 31 has 3 columns"):
        load_table(written(tmp_path, "rows.txt", "\n".join([*lines, "a\tb\tc"])))
    assert len(load_table(written(tmp_path, "trailing.txt", "\t\n".join([*lines, ""]))).columns) == 3


def test_one_sentence_of_numbers_makes_no_file_of_counts(tmp_path: Path) -> None:
    sentences = ["Ada NNP B-NP B-PER\nspoke VBD B-VP O\n"] * 5
    sentences.insert(1, "1 CD B-NP O\n2 CD I-NP O\n")
    assert len(load_table(written(tmp_path, "rows.conll", "\n".join(sentences))).rows) == 6


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("a film\tpos\nanother\tneg\na third\tpos\n", ["column 0", "column 1"]),
        ("text\tlabel\n\na film, or so\tpos\n\n", ["text", "label"]),
        ("text,label\na film,pos\n", ["text", "label"]),
        ("text,label\na film,pos\na\ttab,neg\n", ["text", "label"]),
        ("id;Text\n1;a film\n2;another\n", ["id", "Text"]),
        ('text|label\n"a | b"|pos\n', ["text", "label"]),
    ],
)
def test_a_text_file_that_clearly_is_a_table_is_one(tmp_path: Path, content: str, columns: list[str]) -> None:
    assert load_table(written(tmp_path, "rows.txt", content)).columns == columns


def test_the_project_decides_on_the_header_of_a_table_in_a_text_file(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.txt", "text\tlabel\na\tb\n")
    assert len(load_table(path, header=False).rows) == 2
    assert len(load_table(path, header=True).rows) == 1


def test_lines_are_read_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "LINES_AT_ONCE", 3)
    monkeypatch.setattr(lines_module, "LETTERS_AT_ONCE", 40)
    lines = ["x" * 30, "y" * 30, *(f"line {n}" for n in range(10))]
    path = written(tmp_path, "prose.txt", "\n\n".join(lines))
    layout = delimited.detect_layout(path, None)
    assert [batch.num_rows for batch in delimited.read_delimited(path, layout)] == [2, 3, 3, 3, 1]
    table = load_table(path)
    assert texts_of(table) == lines
    assert [table.row_number(place) for place in (0, 2, 11)] == [1, 5, 23]


def test_a_text_file_of_blank_lines_is_refused(tmp_path: Path) -> None:
    assert "empty" in refusal_of(written(tmp_path, "prose.txt", "\n \n\u00a0\n"))


def test_a_text_file_with_blank_lines_beyond_the_sample_is_read(tmp_path: Path) -> None:
    table = load_table(written(tmp_path, "prose.txt", "\n" * 200_000 + "late, but there\n"))
    assert texts_of(table) == ["late, but there"]
    assert table.row_number(0) == 200_001


# --- numbers of rows in tables


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_blank_lines_of_a_table_count(tmp_path: Path, end: str, encoding: str) -> None:
    lines = ["", "text,label", "a,x", "", '"two\n\nlines",y', "", "", "c,z"]
    path = tmp_path / "rows.csv"
    path.write_bytes(end.join(lines).encode(encoding))
    table = load_table(path)
    assert list(table.rows["label"]) == ["x", "y", "z"]
    assert [table.row_number(place) for place in range(3)] == [3, 5, 8]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_ragged_row_below_blank_lines_is_named_by_its_number(tmp_path: Path, end: str) -> None:
    lines = ["", "text,label", "", "a,x", "", "b,y,z", "c,z"]
    told = refusal_of(written(tmp_path, "rows.csv", end.join(lines)))
    assert "rows.csv, row 6: Row 6 has 3 columns" in told


def test_an_open_quote_below_blank_lines_is_named_by_its_number(tmp_path: Path) -> None:
    lines = [f'"a day of {n} hours, or so",{"ab"[n % 2]}' for n in range(12_000)]
    lines[9_000] = '"a day of woe,a'
    told = refusal_of(written(tmp_path, "rows.csv", "\n".join(["text,label", "", *lines])))
    assert "rows.csv, row 9003" in told


# --- words and their tags


def spans_of(table: Table) -> list[list[str]]:
    """Return the stretches of text that are labelled in every row, as the labels say."""
    columns = {Role.TEXT: "text", Role.LABEL: "tags"}
    targets = read_spans(table, columns, np.ones(len(table.rows), dtype=np.bool_), None)
    assert targets.findings == []
    rows: list[Any] = list(targets.values)
    return [[text[start:end] for start, end, _ in spans] for text, spans in zip(texts_of(table), rows, strict=True)]


@pytest.mark.parametrize(
    ("lines", "text", "spans"),
    [
        (["pay O", "10\u00a0000\tB-NUM", "now\tO"], "pay 10 000 now", ["10 000"]),
        (["pay O", "10\u00a0000 B-NUM", "now O"], "pay 10 000 now", ["10 000"]),
        (["in\tO", "New York City\tB-LOC", "now\tO"], "in New York City now", ["New York City"]),
        (["in\tO", "New York\tS-LOC", "Bonn\tS-LOC"], "in New York Bonn", ["New York", "Bonn"]),
        (["in\tO", "New York\tB-LOC", "City Hall\tI-LOC"], "in New York City Hall", ["New York City Hall"]),
        (["not here\tO", "Bonn\tB-LOC"], "not here Bonn", ["Bonn"]),
        (["one\tO", "\u00a0\tO", "two\tB-X"], "one two", ["two"]),
        (["one\tB-X", " \tI-X", "two\tI-X"], "one two", ["one two"]),
        (["Bonn\tNNP\tB-LOC\t", "  is  VBZ O "], "Bonn is", ["Bonn"]),
        (["# id 5\tdomain=en", "Bonn _ _ B-LOC"], "Bonn", ["Bonn"]),
    ],
)
def test_white_space_within_a_word_separates_words_of_one_span(
    tmp_path: Path, lines: list[str], text: str, spans: list[str]
) -> None:
    table = load_table(written(tmp_path, "rows.conll", "\n".join(lines)))
    assert texts_of(table) == [text]
    assert spans_of(table) == [spans]


CONLLU = ["# sent_id = 1", "1\tIn\tin\tADP\tIN\t_\t2\tcase\t_\t{0}", "2\tBonn\tBonn\tPROPN\tNNP\t_\t0\troot\t_\t{1}"]


@pytest.mark.parametrize("last", [("_", "_"), ("SpaceAfter=No", "_"), ("O", "B-LOC")])
@pytest.mark.parametrize("joined", [False, True])
def test_columns_of_conll_u_are_refused_in_words(tmp_path: Path, last: tuple[str, str], joined: bool) -> None:
    lines = [*CONLLU[:1], *(["1-2\tInBonn" + "\t_" * 7 + "\t{0}"] if joined else []), *CONLLU[1:]]
    told = refusal_of(written(tmp_path, "rows.conll", "\n".join(lines).format(*last)))
    assert "Line 2" in told
    assert "first column" in told


def test_a_first_column_that_counts_words_is_refused(tmp_path: Path) -> None:
    assert "first column" in refusal_of(written(tmp_path, "rows.conll", "1\tIn\tO\tO\n2\tBonn\tB-LOC\tO\n"))


@pytest.mark.parametrize("lines", [["1 O", "2 B-NUM"], ["1 CD B-NUM"], ["2 CD O", "1 CD O"], ["1 CD O", "+ SYM O"]])
def test_words_that_are_numbers_are_read(tmp_path: Path, lines: list[str]) -> None:
    assert len(load_table(written(tmp_path, "rows.conll", "\n".join(lines))).rows) == 1


def test_a_tag_without_a_word_is_named(tmp_path: Path) -> None:
    assert "Line 2 has no word" in refusal_of(written(tmp_path, "rows.conll", "Ada\tB-PER\n\tO\n"))


def test_a_sentence_has_the_number_of_its_first_line(tmp_path: Path) -> None:
    table = load_table(written(tmp_path, "rows.conll", "# one\nAda B-PER\nis O\n\n\nBonn B-LOC\n"))
    assert [table.row_number(place) for place in (0, 1)] == [2, 6]
