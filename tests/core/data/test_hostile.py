"""Broken and hostile data files are read rightly, or refused naming file, row and remedy; never a hang or silence."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.projects import make_project
from trainer_core.data import sources
from trainer_core.data.prepare import examine_data, prepare_data
from trainer_core.data.sources import load_table
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.tasks.classification import Classification

TASK = Classification()

GOOD = [(f"a good day number {n}", "good") for n in range(8)] + [(f"a bad day number {n}", "bad") for n in range(8)]
PLAIN = "text,label\n" + "".join(f"{text},{label}\n" for text, label in GOOD)


def project_on(tmp_path: Path, name: str, content: bytes, *, columns: dict[str, Any] | None = None) -> Path:
    path = make_project(tmp_path, "starter:all-MiniLM-L6-v2", data={"train": name, "validation": None, "header": None})
    (tmp_path / name).write_bytes(content)
    if columns:
        path.write_text(
            path.read_text(encoding="utf-8") + f"[data.columns]\ntext = {json.dumps(columns['text'])}\n"
            f"label = {json.dumps(columns['label'])}\n",
            encoding="utf-8",
        )
    return path


def rows_of(tmp_path: Path, name: str, content: bytes, **options: Any) -> list[tuple[str, str]]:
    project = load_project(project_on(tmp_path, name, content, **options))
    prepared = prepare_data(project, tmp_path, TASK)
    return sorted([*prepared.train, *prepared.validation])


def refusal(tmp_path: Path, name: str, content: bytes) -> str:
    project = load_project(project_on(tmp_path, name, content))
    with pytest.raises(InputError) as refused:
        prepare_data(project, tmp_path, TASK)
    assert all(problem.what and problem.remedy for problem in refused.value.problems)
    return str(refused.value)


# --- letters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "latin-1"),
        (b"", "utf-8"),
    ],
)
def test_every_encoding_gives_the_same_rows(tmp_path: Path, mark: bytes, encoding: str) -> None:
    rows = [(text.replace("day", "Tag für Möwen, bei Straßenlärm"), label) for text, label in GOOD]
    text = "text,label\n" + "".join(f'"{cell}",{label}\n' for cell, label in rows)
    assert rows_of(tmp_path, "rows.csv", mark + text.encode(encoding)) == sorted(rows)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_gives_the_same_rows(tmp_path: Path, end: str) -> None:
    assert rows_of(tmp_path, "rows.csv", PLAIN.replace("\n", end).encode()) == sorted(GOOD)


def test_mixed_line_ends_give_the_same_rows(tmp_path: Path) -> None:
    lines = PLAIN.splitlines()
    mixed = "".join(line + ("\r\n" if place % 2 else "\n") for place, line in enumerate(lines))
    assert rows_of(tmp_path, "rows.csv", mixed.encode()) == sorted(GOOD)


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl"])
def test_nul_bytes_are_refused_as_no_text(tmp_path: Path, name: str) -> None:
    content = PLAIN.replace("number 3", "number \0 3").encode()
    assert "binary data" in refusal(tmp_path, name, content)


def test_nul_bytes_far_down_do_not_pass_in_silence(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"a day of {n} hours,{'ab'[n % 2]}\n" for n in range(20_000)) + "nul \0,a\n"
    assert "binary data" in refusal(tmp_path, "rows.csv", content.encode())


LABELS = "very good|bаd|👍🏽|جيد|a\u200bb|Ⅳ|é|good; bad|-1|1e3|nan|None|null|#|'|="


@pytest.mark.parametrize("label", LABELS.split("|"))
def test_any_label_is_kept_as_it_is_written(tmp_path: Path, label: str) -> None:
    rows = [(text, label if name == "good" else name) for text, name in GOOD]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("text", "label"), *rows])
    found = rows_of(tmp_path, "rows.csv", text.getvalue().encode())
    assert found == sorted(rows)


def test_labels_that_look_alike_are_told_apart_and_warned_of(tmp_path: Path) -> None:
    rows = [(text, "bаd" if place % 2 else label) for place, (text, label) in enumerate(GOOD)]  # a Cyrillic а
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows)
    report = examine_data(load_project(project_on(tmp_path, "rows.csv", content.encode())), tmp_path, TASK)
    assert len(report.labels) == 3
    assert any("bаd" in finding.what and "bad" in finding.what for finding in report.findings)


def test_numbers_are_labels_like_others(tmp_path: Path) -> None:
    rows = [(text, {"good": "1", "bad": "0"}[label]) for text, label in GOOD]
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows)
    assert rows_of(tmp_path, "rows.csv", content.encode()) == sorted(rows)


def test_right_to_left_text_is_kept(tmp_path: Path) -> None:
    rows = [(f"{text} يوم جميل שלום", label) for text, label in GOOD]
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows)
    assert rows_of(tmp_path, "rows.csv", content.encode()) == sorted(rows)


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_a_field_of_50_megabytes_is_read(tmp_path: Path) -> None:
    long = "word " * 10_000_000
    content = "text,label\n" + f'"{long}",good\n' + PLAIN.partition("\n")[2]
    found = load_table(_written(tmp_path, "rows.csv", content.encode()))
    assert len(found.rows) == len(GOOD) + 1
    assert len(found.rows[0]["text"]) == len(long)


def test_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    names = ["text", "label", *(f"column {n}" for n in range(10_000))]
    more = "," + ",".join(map(str, range(10_000)))
    content = ",".join(names) + "\n" + "".join(f"{text},{label}{more}\n" for text, label in GOOD)
    columns = {"text": "text", "label": "label"}
    assert rows_of(tmp_path, "rows.csv", content.encode(), columns=columns) == sorted(GOOD)


# --- shape -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "columns"), [("one,two,three", 3), ("lonely", 1)])
def test_a_ragged_row_is_named(tmp_path: Path, row: str, columns: int) -> None:
    lines = PLAIN.splitlines()
    lines.insert(9, row)
    told = refusal(tmp_path, "rows.csv", "\n".join(lines).encode())
    assert "rows.csv, row 10" in told
    assert f"{columns} columns" in told


def test_a_quote_that_stands_for_itself_is_kept(tmp_path: Path) -> None:
    rows = [(text.replace("number 3", '3" wide'), label) for text, label in GOOD]
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows)
    assert rows_of(tmp_path, "rows.csv", content.encode()) == sorted(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("column", ["text", "label"])
def test_a_quote_that_is_never_closed_is_named_with_its_row(tmp_path: Path, column: str, encoding: str) -> None:
    """Far behind the sample from which the layout is found out."""
    lines = [f'"a day of {n} hours, or so",{"ab"[n % 2]}' for n in range(12_000)]
    lines[9_000] = '"a day of woe,a' if column == "text" else 'a day of woe,"a'
    told = refusal(tmp_path, "rows.csv", "\n".join(["text,label", *lines]).encode(encoding))
    assert "rows.csv, row 9002" in told


def test_a_quote_that_is_closed_rows_later_is_refused_or_keeps_all(tmp_path: Path) -> None:
    """Whoever forgets a quote loses rows into one cell; that has to be seen."""
    content = PLAIN.replace("a good day number 3", '"a good day number 3').replace("a bad day number 6", 'a bad" day')
    path = project_on(tmp_path, "rows.csv", content.encode())
    try:
        report = examine_data(load_project(path), tmp_path, TASK)
    except InputError:
        return
    assert sum(split.rows for split in report.splits) == len(GOOD) or report.findings


def test_doubled_header_names_are_told_apart(tmp_path: Path) -> None:
    content = "text,label,text\n" + "".join(f"{text},{label},other\n" for text, label in GOOD)
    columns = {"text": "text", "label": "label"}
    assert rows_of(tmp_path, "rows.csv", content.encode(), columns=columns) == sorted(GOOD)
    assert load_table(tmp_path / "rows.csv").columns == ["text", "label", "text (2)"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl", "rows.json", "rows.parquet"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    assert "empty" in refusal(tmp_path, name, b"")


def test_one_bad_line_of_json_is_named(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": label}) for text, label in GOOD]
    lines[6] = lines[6][:-3]
    told = refusal(tmp_path, "rows.jsonl", "\n".join(lines).encode())
    assert "rows.jsonl, row 7" in told


def test_half_a_parquet_file_is_refused(tmp_path: Path) -> None:
    texts, labels = zip(*GOOD, strict=True)
    whole = io.BytesIO()
    pq.write_table(pa.table({"text": texts, "label": labels}), whole)
    assert "cut off" in refusal(tmp_path, "rows.parquet", whole.getvalue()[: len(whole.getvalue()) // 2])


# --- what is no file -------------------------------------------------------------------------------------------------


def _written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    other = path.with_name("other.csv")
    path.symlink_to(other)
    other.symlink_to(path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere.csv"))


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are POSIX's")
@pytest.mark.parametrize("make", [_folder, _loop, _pipe, _dangling])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "rows.csv"
    make(path)
    before = time.monotonic()
    with pytest.raises(InputError, match=r"rows\.csv") as refused:
        load_table(path)
    assert refused.value.remedy
    assert time.monotonic() - before < 60


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written(tmp_path, "rows.csv", PLAIN.encode())
    real = sources.read_delimited

    def growing(*arguments: Any) -> Iterator[pa.RecordBatch]:
        yield from real(*arguments)
        with path.open("a", encoding="utf-8") as file:
            file.write("one more,good\n")

    with monkeypatch.context() as patched:
        patched.setattr(sources, "read_delimited", growing)
        with pytest.raises(InputError, match="changed while it was read"):
            load_table(path)
    assert len(load_table(path).rows) == len(GOOD) + 1


def test_a_file_that_never_ceases_to_grow_is_no_hang(tmp_path: Path) -> None:
    path = _written(tmp_path, "rows.csv", PLAIN.encode())
    over = threading.Event()

    def write() -> None:
        with path.open("a", encoding="utf-8") as file:
            while not over.wait(0.0005):
                file.write("one more,good\n")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        rows = len(load_table(path).rows)
    except InputError:
        rows = 0
    finally:
        over.set()
        writer.join()
    assert rows == 0 or rows >= len(GOOD)
