"""From a project to labelled rows: columns, findings, splits, numbers of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.projects import make_project, write_delimited
from tests.support.toy_texts import toy_rows
from trainer_core.data.prepare import PreparedData, examine_data, open_rows, prepare_data
from trainer_core.data.report import DataReport, Severity
from trainer_core.data.roles import Role
from trainer_core.data.split import grouped_split, stratified_split
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.project.schema import DataSection, Project
from trainer_core.tasks.classification import Classification
from trainer_core.tasks.registry import load_task

TASK = Classification()


def project_on(folder: Path, rows: Sequence[Sequence[str]], seed: int = 7, **data: Any) -> Project:
    """Write rows to ``train.csv`` and return a project on them."""
    header = data.pop("names", ("text", "label"))
    write_delimited(folder / "train.csv", rows, header=header)
    return Project(seed=seed, data=DataSection.model_validate({"train": "train.csv", "header": bool(header)} | data))


def prepared(folder: Path, rows: Sequence[Sequence[str]], **data: Any) -> PreparedData:
    """Return the rows of a project, checked and split."""
    return prepare_data(project_on(folder, rows, **data), folder, TASK)


def examined(folder: Path, rows: Sequence[Sequence[str]], **data: Any) -> DataReport:
    """Return the report on rows."""
    return examine_data(project_on(folder, rows, **data), folder, TASK)


def refusal(folder: Path, rows: Sequence[Sequence[str]], **data: Any) -> str:
    """Return what is told about rows that cannot be trained on; every problem has its remedy."""
    with pytest.raises(InputError) as caught:
        prepared(folder, rows, **data)
    assert all(problem.remedy for problem in caught.value.problems)
    return str(caught.value)


# --- columns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (("id", "Review", "sentiment"), "Review", "sentiment"),
        (("a", "b", "c"), "b", "c"),
        (("label", "x", "text"), "text", "label"),
        (None, "column 1", "column 2"),
    ],
)
def test_columns_are_guessed_from_names_and_content(
    tmp_path: Path, names: tuple[str, ...] | None, text: str, label: str
) -> None:
    drawn = toy_rows(12)
    if names == ("label", "x", "text"):
        rows = [(kind, str(number), words) for number, (words, kind) in enumerate(drawn)]
    else:
        rows = [(str(number), words, kind) for number, (words, kind) in enumerate(drawn)]
    report = examined(tmp_path, rows, names=names)
    roles = {column.role: column for column in report.columns if column.role}
    assert (roles[Role.TEXT].name, roles[Role.LABEL].name) == (text, label)
    assert all(column.guessed for column in roles.values())


@pytest.mark.parametrize("columns", [{"text": 1, "label": 0}, {"text": "b", "label": "a"}, {"text": "b"}, {"label": 0}])
def test_columns_are_taken_by_name_or_position(tmp_path: Path, columns: dict[str, Any]) -> None:
    rows = [(label, text) for text, label in toy_rows(12)]
    data = prepared(tmp_path, rows, names=("a", "b"), columns=columns)
    assert data.train.columns[Role.TEXT] == "b"
    assert set(data.labels) == {"billing", "delivery", "returns"}
    guessed = {column.role.value for column in data.report.columns if column.guessed}
    assert guessed == {"text", "label"} - set(columns)


def test_a_position_counts_before_a_name_that_is_a_number(tmp_path: Path) -> None:
    rows = [(text, label) for text, label in toy_rows(12)]
    data = prepared(tmp_path, rows, names=("1", "0"), columns={"text": 0, "label": "0"})
    assert data.train.columns[Role.TEXT] == "1"


def test_every_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    told = refusal(tmp_path, toy_rows(6), columns={"text": "body", "label": 7})
    assert 'train.csv has no column "body"' in told
    assert "text, label" in told
    assert "no column 7" in told
    assert "0 to 1" in told


def test_one_column_cannot_play_both_roles(tmp_path: Path) -> None:
    told = refusal(tmp_path, toy_rows(6), columns={"text": 0, "label": "text"})
    assert 'The column "text" is named for text and label' in told


def test_a_file_of_one_column_has_no_labels(tmp_path: Path) -> None:
    told = refusal(tmp_path, [(text,) for text, _ in toy_rows(6)], names=("text",))
    assert "data.columns.label" in told


def test_positions_hold_in_a_validation_file_without_header_that_looks_like_one(tmp_path: Path) -> None:
    """A short validation file can look as if its first row were a header; the training file has told that it is not."""
    write_delimited(tmp_path / "train.tsv", toy_rows(30), header=None, delimiter="\t")
    write_delimited(
        tmp_path / "dev.tsv", [("late parcel", "delivery"), ("broken", "returns")], header=None, delimiter="\t"
    )
    project = Project(data=DataSection(train="train.tsv", validation="dev.tsv"))
    data = prepare_data(project, tmp_path, TASK)
    assert list(data.validation) == [("late parcel", "delivery"), ("broken", "returns")]


# --- what is wrong with rows ---------------------------------------------------------------------------------------


def test_rows_without_text_are_named_by_their_numbers(tmp_path: Path) -> None:
    rows = toy_rows(9)
    rows[2], rows[5] = ("", rows[2][1]), ("  \t", rows[5][1])
    told = refusal(tmp_path, rows)
    assert "2 rows without a text: row 4, 7." in told
    assert "skip_incomplete" in told


def test_empty_labels_are_named_by_their_numbers(tmp_path: Path) -> None:
    rows = toy_rows(9)
    rows[0] = (rows[0][0], " ")
    assert "1 row without a label: row 2." in refusal(tmp_path, rows)


def test_incomplete_rows_can_be_left_out(tmp_path: Path) -> None:
    rows = [*toy_rows(30), ("", "billing"), ("the order", "")]
    data = prepared(tmp_path, rows, skip_incomplete=True)
    assert len(data.train) + len(data.validation) == 30
    warnings = [finding for finding in data.report.findings if "without a" in finding.what]
    assert [(finding.severity, finding.rows) for finding in warnings] == [
        (Severity.WARNING, (32,)),
        (Severity.WARNING, (33,)),
    ]


def test_rows_that_are_all_incomplete_are_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path, [("", "x"), ("y", "")], skip_incomplete=True)
    assert 'No row can be used, as the columns are read: "text" as the text, "label" as the label.' in told
    assert "1 row without a text: row 2" in told
    assert "1 row without a label: row 3" in told


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path, [(text, "same") for text, _ in toy_rows(9)])
    assert 'Every row has the label "same"' in told


def test_labels_that_are_texts_are_refused(tmp_path: Path) -> None:
    rows = [(text, f"reason {number}") for number, (text, _) in enumerate(toy_rows(40))]
    assert "does not look like classes" in refusal(tmp_path, rows)


def test_too_few_rows_to_hold_some_out_are_refused(tmp_path: Path) -> None:
    assert "too few rows" in refusal(tmp_path, [("a b", "x"), ("c d", "y")])


def test_a_label_unknown_to_the_training_rows_is_refused(tmp_path: Path) -> None:
    write_delimited(tmp_path / "dev.csv", [*toy_rows(6), ("what is this", "other")])
    told = refusal(tmp_path, toy_rows(12), validation="dev.csv")
    assert '1 label never occurs in the training rows: "other", of 1 row: row 8.' in told
    assert "dev.csv" in told


def test_a_missing_validation_file_is_named(tmp_path: Path) -> None:
    assert "dev.csv" in refusal(tmp_path, toy_rows(12), validation="dev.csv")


def test_all_errors_of_the_rows_come_at_once(tmp_path: Path) -> None:
    rows = [*toy_rows(9), ("", "billing"), ("the order", "")]
    write_delimited(tmp_path / "dev.csv", [("", "billing"), ("a", "other")])
    told = refusal(tmp_path, rows, validation="dev.csv")
    assert len(told.splitlines()) == 4


def test_small_classes_and_spelling_variants_are_warned_of(tmp_path: Path) -> None:
    rows = [*toy_rows(40), ("why the", "Billing "), ("why not", "Billing"), ("again", "Rare"), ("now", "Rare")]
    report = examined(tmp_path, rows)
    told = {finding.what for finding in report.findings}
    assert any('"Rare" (1)' in what for what in told)
    assert any('"billing"' in what and '"Billing"' in what for what in told)
    assert not report.errors


def test_validation_rows_that_also_stand_in_the_training_rows_are_found(tmp_path: Path) -> None:
    rows = toy_rows(18)
    fresh = ("not again, please", "billing")
    write_delimited(tmp_path / "dev.csv", [fresh, (rows[4][0].upper() + "  ", rows[4][1]), rows[5]])
    report = examined(tmp_path, rows, validation="dev.csv")
    (leak,) = (finding for finding in report.findings if "also stand" in finding.what)
    assert leak.what.startswith("2 rows")
    assert leak.rows == (3, 4)
    assert leak.example.split() == rows[4][0].upper().split()
    assert leak.severity is Severity.WARNING


def test_columns_that_were_guessed_may_be_called_otherwise_in_the_validation_file(tmp_path: Path) -> None:
    write_delimited(tmp_path / "dev.csv", toy_rows(9, seed=1), header=("sentence", "class"))
    data = prepared(tmp_path, toy_rows(12), validation="dev.csv")
    assert data.validation.columns == {Role.TEXT: "sentence", Role.LABEL: "class"}
    told = refusal(tmp_path, toy_rows(12), validation="dev.csv", columns={"label": "label"})
    assert 'dev.csv has no column "label"' in told


@pytest.mark.parametrize("header", [("text", "is_weekend"), ("seen", "label"), None])
def test_another_column_of_the_validation_file_is_never_taken_for_what_is_learnt(
    tmp_path: Path, header: tuple[str, str] | None
) -> None:
    write_delimited(tmp_path / "dev.csv", toy_rows(9, seed=1), header=header)
    assert "dev.csv has no column" in refusal(tmp_path, toy_rows(12), validation="dev.csv")


# --- labels, limits, baselines -------------------------------------------------------------------------------------


def test_labels_are_trimmed_and_numbers_sort_by_size(tmp_path: Path) -> None:
    rows = [(text, (" 10", "9 ", "2")[number % 3]) for number, (text, _) in enumerate(toy_rows(30))]
    data = prepared(tmp_path, rows)
    assert data.labels == ("2", "9", "10")
    assert data.train[0][1] in data.labels


@given(order=st.permutations(["nan", "3", "inf", "b", "-1", "nan", "a"]))
def test_the_order_of_labels_does_not_depend_on_the_rows(order: list[str], tmp_path_factory: Any) -> None:
    rows = [(f"text {number}", label) for number, label in enumerate(order * 4)]
    report = examined(tmp_path_factory.mktemp("labels"), rows)
    assert report.labels[:2] == ("-1", "3")
    assert set(report.labels) == set(order)
    assert report.labels == tuple(sorted(report.labels, key=report.labels.index))
    assert report.labels[-4:] == ("a", "b", "inf", "nan")


def test_only_the_first_rows_are_taken_under_a_limit(tmp_path: Path) -> None:
    write_delimited(tmp_path / "dev.csv", toy_rows(9, seed=1))
    rows = toy_rows(30)
    data = prepared(tmp_path, rows, limit=12, validation="dev.csv")
    assert list(data.train) == rows[:12]
    assert len(data.validation) == 9
    assert list(open_rows(project_on(tmp_path, rows, limit=5), tmp_path, TASK)) == rows[:5]


def test_a_limit_hides_what_lies_behind_it(tmp_path: Path) -> None:
    assert len(prepared(tmp_path, [*toy_rows(30), ("", "")], limit=30).train) == 27


def test_the_baseline_is_that_of_the_most_frequent_class(tmp_path: Path) -> None:
    train = [(f"text {n}", "a" if n < 8 else "b") for n in range(10)]
    write_delimited(tmp_path / "dev.csv", [("one", "a"), ("two", "b"), ("three", "b"), ("four", "b")])
    assert "“a” would be right for 25.0%" in examined(tmp_path, train, validation="dev.csv").baseline


def test_rows_are_a_sequence_on_disk(tmp_path: Path) -> None:
    drawn = toy_rows(9)
    rows = open_rows(project_on(tmp_path, drawn), tmp_path, TASK)
    assert (len(rows), rows[0], rows[2:4], list(rows)) == (9, drawn[0], drawn[2:4], drawn)
    assert rows[-1] == drawn[-1]
    with pytest.raises(IndexError):
        rows[9]


def test_parquet_cells_of_other_kinds_become_text(tmp_path: Path) -> None:
    texts = [text for text, _ in toy_rows(12)]
    kinds = pa.array([str(n % 2) for n in range(12)]).dictionary_encode()
    pq.write_table(pa.table({"text": texts, "label": kinds, "score": [0.5] * 12}), tmp_path / "t.parquet")
    project = Project(data=DataSection(train="t.parquet"))
    assert prepare_data(project, tmp_path, TASK).labels == ("0", "1")


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [["a"], ["b"]], "label": ["x", "y"]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="not text"):
        prepare_data(Project(data=DataSection(train="t.parquet")), tmp_path, TASK)


# --- the split -----------------------------------------------------------------------------------------------------

CLASSES = st.lists(st.integers(0, 5), min_size=1, max_size=200).map(lambda values: np.array(values, dtype=np.int64))


@given(classes=CLASSES, share=st.floats(0.01, 0.99), seed=st.integers(0, 2**32 - 1))
def test_a_split_keeps_every_row_once_and_every_class_its_share(classes: Any, share: float, seed: int) -> None:
    train, held = stratified_split(classes, share, seed)
    assert sorted([*train, *held]) == list(range(len(classes)))
    assert list(train) == sorted(train)
    assert list(held) == sorted(held)
    for number in np.unique(classes):
        count = int(np.sum(classes == number))
        outside = int(np.sum(classes[held] == number))
        assert outside < count
        if count > 1:
            assert outside >= 1
            assert abs(outside - share * count) <= 1
    again = stratified_split(classes, share, seed)
    assert np.array_equal(train, again[0])
    assert np.array_equal(held, again[1])


def test_another_seed_splits_otherwise(tmp_path: Path) -> None:
    rows = toy_rows(60)
    first = prepared(tmp_path, rows, validation_share=0.25, seed=1)
    again = prepared(tmp_path, rows, validation_share=0.25, seed=1)
    other = prepared(tmp_path, rows, validation_share=0.25, seed=2)
    assert list(first.validation) == list(again.validation)
    assert list(first.validation) != list(other.validation)
    assert len(first.validation) == 15
    assert {*first.train} | {*first.validation} == {*rows}


def test_public_rows_are_prepared(shared_data: Path) -> None:
    project = Project(data=DataSection(train="banking77/train.csv", validation="banking77/test.csv"))
    data = prepare_data(project, shared_data, TASK)
    assert (len(data.labels), len(data.train), len(data.validation)) == (77, 10_003, 3080)
    assert data.train.columns[Role.TEXT] == "text"


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=2, max_size=60), st.integers(0, 5))
def test_rows_of_a_group_stay_together_whatever_the_groups_numbers_are(rows: list[tuple[int, int]], seed: int) -> None:
    classes, groups = (np.array(column) for column in zip(*rows, strict=True))
    train, held = grouped_split(classes, groups, 0.3, seed)
    assert sorted([*train, *held]) == list(range(len(rows)))
    assert not set(groups[train]) & set(groups[held])
    again = grouped_split(classes, 1_000 - 7 * groups, 0.3, seed)
    assert [part.tolist() for part in again] == [train.tolist(), held.tolist()]


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("answering", lambda n: (f"what {n}", f"the parcel {n // 4} is late", "late")),
        ("pair_classification", lambda n: (f"my parcel {n // 4}", f"is late {n}", "same" if n % 2 else "other")),
    ],
)
def test_what_rows_share_is_never_on_both_sides(
    tmp_path: Path, task: str, row: Callable[[int], tuple[str, ...]]
) -> None:
    rows = [row(number) for number in range(80)]
    path = make_project(tmp_path, "none", task=task, rows=rows, data={"validation": None, "validation_share": 0.25})
    data = prepare_data(load_project(path), tmp_path, load_task(task))
    place = 1 if task == "answering" else 0
    train, held = ({fields[place] for fields in part.fields(slice(None))} for part in (data.train, data.validation))
    assert not train & held
    assert len(held) == 5


def test_rows_that_all_share_one_text_are_split_nevertheless(tmp_path: Path) -> None:
    rows = [(f"what {number}", "the parcel is late", "late") for number in range(20)]
    data = {"validation": None, "validation_share": 0.25}
    path = make_project(tmp_path, "none", task="answering", rows=rows, data=data)
    assert len(prepare_data(load_project(path), tmp_path, load_task("answering")).validation) == 5
