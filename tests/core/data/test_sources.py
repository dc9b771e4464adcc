"""Data files of every kind become tables, exactly as they were written; others are refused in words."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from trainer_core.data.sources import load_table
from trainer_core.errors import InputError

ROWS = [("good film", "pos"), ("bad film", "neg"), ("Größe, «schön» 漢字", "pos")]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file; return its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(path: Path, header: bool | None = None) -> list[tuple[Any, ...]]:
    """Return all rows of a file as tuples."""
    table = load_table(path, header=header)
    return list(zip(*(table.rows[:][name] for name in table.columns), strict=True))


def problem_of(path: Path, header: bool | None = None) -> str:
    """Return what is told about a file that cannot be read; every problem has its remedy."""
    with pytest.raises(InputError) as caught:
        load_table(path, header=header)
    assert all(problem.remedy for problem in caught.value.problems)
    assert path.name in caught.value.problems[0].where
    return str(caught.value)


# --- kinds of files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".tab", ".CSV", ".jsonl", ".ndjson", ".json", ".parquet"])
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows{ending}"
    records = [{"text": text, "label": label} for text, label in ROWS]
    if ending in {".jsonl", ".ndjson"}:
        written(tmp_path, path.name, "\n".join(json.dumps(record) for record in records) + "\n\n")
    elif ending == ".json":
        written(tmp_path, path.name, json.dumps(records, ensure_ascii=False))
    elif ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="," if ending.lower() == ".csv" else "\t")
            writer.writerows([("text", "label"), *ROWS])
    table = load_table(path)
    assert table.columns == ["text", "label"]
    assert rows_of(path) == ROWS


def test_rows_are_memory_mapped_and_converted_once(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", "text,label\na b,x\nc d,y\n")
    first, again = load_table(path), load_table(path)
    assert isinstance(first.rows, Dataset)
    assert first.rows.cache_files[0]["filename"] == again.rows.cache_files[0]["filename"]
    path.write_text("text,label\na b,x\nc d,y\ne f,x\n")
    assert len(load_table(path).rows) == 3
    assert len(first.rows) == 2


def test_json_may_hold_its_rows_under_a_key(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.json", json.dumps({"version": 1, "data": [{"text": "a", "label": 3}]}))
    assert rows_of(path) == [("a", "3")]


def test_json_cells_that_are_no_text_are_kept_as_text(tmp_path: Path) -> None:
    lines = ['{"text": "a", "label": 1}', '{"text": null, "label": true}', '{"label": 2.5}']
    path = written(tmp_path, "rows.jsonl", "\n".join(lines))
    assert rows_of(path) == [("a", "1"), ("", "true"), ("", "2.5")]


def test_half_of_a_character_in_json_is_no_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.jsonl", '{"text": "cut \\ud83d off", "label": "x"}\n')
    ((text, label),) = rows_of(path)
    assert (text.startswith("cut "), text.endswith(" off"), label) == (True, True, "x")


# --- encodings -----------------------------------------------------------------------------------------------------

GERMAN = "text\tlabel\n" + "".join(
    f"Die Größe {number} paßt mir überhaupt nicht, bitte schön zurück\t{label}\n"
    for number, label in enumerate(["Rückgabe", "Lieferung"] * 5)
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]
)
@pytest.mark.parametrize("ending", ["tsv", "jsonl"])
def test_every_usual_encoding_gives_the_same_text(tmp_path: Path, encoding: str, ending: str) -> None:
    lines = GERMAN.splitlines()
    if ending == "jsonl":
        cells = [line.split("\t") for line in lines[1:]]
        content = "\n".join(json.dumps({"text": a, "label": b}, ensure_ascii=False) for a, b in cells)
    else:
        content = GERMAN
    path = written(tmp_path, f"rows.{ending}", content.encode(encoding))
    assert load_table(path).columns == ["text", "label"]
    assert rows_of(path)[0] == ("Die Größe 0 paßt mir überhaupt nicht, bitte schön zurück", "Rückgabe")
    assert len(rows_of(path)) == 10


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_one_accent_far_behind_is_read(tmp_path: Path, ending: str) -> None:
    plain = ["a plain row of words", "x"]
    rows = [plain] * 20_000 + [["ein schöner Tag in München, und überhaupt", "y"]]
    if ending == "csv":
        content = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows)
    else:
        content = "".join(json.dumps({"text": a, "label": b}, ensure_ascii=False) + "\n" for a, b in rows)
    path = written(tmp_path, f"rows.{ending}", content.encode("latin-1"))
    assert rows_of(path)[-1] == ("ein schöner Tag in München, und überhaupt", "y")


# --- delimited files -----------------------------------------------------------------------------------------------


def test_line_breaks_and_delimiters_within_quotes_stay(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", 'text,label\n"two\nlines, and ""quotes""",x\n"one\r\nmore",y\n')
    assert rows_of(path) == [('two\nlines, and "quotes"', "x"), ("one\r\nmore", "y")]


def test_lone_quotes_in_a_tab_separated_file_are_characters(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.tsv", 'text\tlabel\n"so-called" film\tneg\n5" screen\tpos\nhe said "no\tneg\n')
    assert [text for text, _ in rows_of(path)] == ['"so-called" film', '5" screen', 'he said "no']


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", [True, False])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str, header: bool) -> None:
    rows = [f"a film, and a long one{delimiter}pos", f"another{delimiter}neg", f"a film, yes, good{delimiter}pos"]
    if delimiter == ",":
        rows = ['"a film, and a long one",pos', "another,neg", '"a film, yes, good",pos']
    lines = [f"text{delimiter}label", *rows] if header else rows
    path = written(tmp_path, "rows.csv", "\n".join(lines) + "\n")
    assert rows_of(path, header) == [
        ("a film, and a long one", "pos"),
        ("another", "neg"),
        ("a film, yes, good", "pos"),
    ]


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("text,label\ngood,pos\nbad,neg\n", True),
        ("Review Text,Rating\ngood,5\nbad,1\n", True),
        ("good film,pos\nbad film,neg\nfine film,pos\n", False),
        ("good film,1\nbad film,0\n", False),
        ("a,a\nb,c\n", False),
        (f"{'word ' * 20},pos\nbad,neg\n", False),
        ("only,one\n", False),
    ],
)
def test_a_header_is_found(tmp_path: Path, content: str, header: bool) -> None:
    assert load_table(written(tmp_path, "rows.csv", content)).header is header


def test_the_project_decides_on_the_header(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", "text,label\ngood,pos\n")
    assert rows_of(path, header=False) == [("text", "label"), ("good", "pos")]
    assert load_table(path, header=False).columns == ["column 0", "column 1"]
    other = written(tmp_path, "other.csv", "good film,pos\nbad film,pos\n")
    assert load_table(other, header=True).columns == ["good film", "pos"]
    assert len(load_table(other, header=True).rows) == 1


def test_columns_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", "a,a,,label\n1,2,3,x\n")
    assert load_table(path, header=True).columns == ["a", "a (1)", "column 2", "label"]


def test_cells_stay_as_they_were_written(tmp_path: Path) -> None:
    cells = ["007", "1e5", "NULL", "nan", "true", " padded ", "2024-01-01"]
    path = written(tmp_path, "rows.csv", "text,label\n" + "".join(f"{cell},x\n" for cell in cells))
    assert [text for text, _ in rows_of(path)] == cells


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t,;\"'"), max_size=12)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_what_the_csv_module_writes_is_read_again(rows: list[tuple[str, str]], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *rows])
    assert rows_of(path, header=True) == rows


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, ends: str) -> None:
    path = written(tmp_path, "rows.csv", ends.join(["text,label", "a b,x", "c d,y", ""]))
    assert rows_of(path) == [("a b", "x"), ("c d", "y")]


def test_a_file_without_a_last_line_end_is_read_whole(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, "rows.csv", "text,label\na b,x\nc d,y")) == [("a b", "x"), ("c d", "y")]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", "\n\ntext,label\na b,x\n\nc d,y\n\n\n")
    assert rows_of(path) == [("a b", "x"), ("c d", "y")]


@pytest.mark.parametrize("header", [True, False])
def test_a_row_of_another_length_is_named_by_its_number(tmp_path: Path, header: bool) -> None:
    lines = (["text,label"] if header else []) + ["first,x", '"two\nlines",y', "a, comma,x", "last,y"]
    path = written(tmp_path, "rows.csv", "\n".join(lines) + "\n")
    told = problem_of(path, header)
    assert f"Row {3 + header} has 3 columns where 2 were expected" in told


def test_a_short_row_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.tsv", "text\tlabel\ngood film\tpos\nno label here\nbad\tneg\n")
    assert "Row 3 has 1 columns where 2" in problem_of(path)


def test_numbers_of_rows_count_the_header(tmp_path: Path) -> None:
    table = load_table(written(tmp_path, "rows.csv", "text,label\na,x\nb,y\n"), header=True)
    assert [table.row_number(place) for place in (0, 1)] == [2, 3]
    assert load_table(written(tmp_path, "other.csv", "a,x\nb,y\n"), header=False).row_number(0) == 1


# --- refused -------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "no such file" in problem_of(tmp_path / "none.csv")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").mkdir()
    assert "folder" in problem_of(tmp_path / "rows.csv")


def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path) -> None:
    assert problem_of(tmp_path / ("x" * 300 + ".csv"))


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.json", "rows.parquet"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    assert "empty" in problem_of(written(tmp_path, name, ""))


@pytest.mark.parametrize(("name", "content"), [("rows.csv", "\n \n"), ("rows.jsonl", "\n\n"), ("rows.json", "[]")])
def test_a_file_of_nothing_is_refused(tmp_path: Path, name: str, content: str) -> None:
    assert problem_of(written(tmp_path, name, content))


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert "no rows" in problem_of(written(tmp_path, "rows.csv", "text,label\n"), header=True)


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    assert "no rows" in problem_of(path)


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl", "rows.json", "rows.parquet"])
@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 40,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00\x01\x02\x03\xff" * 50,
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + b"\xfe\x00\x9c" * 50,
        b"\xff\xfe\x00",
    ],
    ids=["bytes", "picture", "archive", "stub"],
)
def test_binary_rubbish_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert problem_of(written(tmp_path, name, content))


ENDINGS = ["csv", "tsv", "txt", "jsonl", "json", "parquet", "conll"]


@given(content=st.binary(min_size=1, max_size=200), ending=st.sampled_from(ENDINGS))
def test_any_bytes_are_read_or_refused_in_words(content: bytes, ending: str, tmp_path_factory: Any) -> None:
    path = written(tmp_path_factory.mktemp("rubbish"), f"rows.{ending}", content)
    try:
        rows, problems = len(load_table(path).rows), ()
    except InputError as error:
        rows, problems = 0, error.problems
    assert rows or problems
    assert all(problem.what and problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("rows.jsonl", '{"text": "a"}\n{"text": \n', "row 2"),
        ("rows.jsonl", '{"text": "a"}\n["b"]\n', "row 2"),
        ("rows.json", '{"text": "a"}', "list of rows"),
        ("rows.json", '[{"text": "a"}, 3]', "row 2"),
        ("rows.json", "[" * 100_000, "JSON"),
        ("rows.jsonl", "text,label\na,b\n", "row 1"),
        ("rows.xlsx", "x", "Rename"),
        ("rows", "x", "Rename"),
        ("rows.parquet", "PAR1 but no more", "Parquet"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str, content: str, part: str) -> None:
    assert part in problem_of(written(tmp_path, name, content))


def test_a_failed_conversion_leaves_nothing_behind(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.csv", "text,label\na,b,c\n")
    problem_of(path, header=True)
    path_again = written(tmp_path, "rows.csv", "text,label\na,bcd\n")
    assert rows_of(path_again, header=True) == [("a", "bcd")]


# --- the real files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "header", "count"),
    [
        ("sst2/train.tsv", False, 6920),
        ("sst2/dev.tsv", False, 872),
        ("banking77/train.csv", True, 10_003),
        ("banking77/test.csv", True, 3080),
        ("stsb/dev.csv", False, 1500),
        ("instructions/seed_tasks.jsonl", False, 175),
    ],
)
def test_public_files_are_read_whole(shared_data: Path, name: str, header: bool, count: int) -> None:
    table = load_table(shared_data / name)
    assert (table.header, len(table.rows)) == (header, count)
