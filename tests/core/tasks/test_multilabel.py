"""Several labels a text: how they are read, judged against scikit-learn, and answered by tuned thresholds."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score, f1_score

from tests.core.engines.test_resume import break_off
from tests.support.projects import ALL, HEAD, TOP, make_project, write_delimited
from tests.support.sessions import run_project
from tests.support.toy_tasks import toy_rows_of
from trainer_core.data.encoded import Encoded
from trainer_core.data.label_sets import find_separator
from trainer_core.data.prepare import PreparedData, examine_data, prepare_data
from trainer_core.data.report import Severity
from trainer_core.data.rows import Rows
from trainer_core.errors import InputError
from trainer_core.inference.prediction import LabelsPrediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.schema import DataSection, Project
from trainer_core.results.predictions import write_predictions
from trainer_core.tasks.multilabel import Multilabel, MultilabelOptions, best_thresholds

Labels = list[list[str] | None]
TASK = Multilabel()
SETS: Labels = [["b", "a"], ["c"], [], ["a"], None, ["c", "b"]] * 4
HELD = [["a", "b"], ["c"], [], ["a"], [], ["b", "c"]] * 4
UNTUNED = {"tune_thresholds": False}


def read(folder: Path, train: str, *, task: Multilabel = TASK, **data: Any) -> PreparedData:
    """Return the rows of a file in a folder, checked and split."""
    return prepare_data(Project(task="multilabel", data=DataSection(train=train, **data)), folder, task)


def held(rows: Rows) -> list[list[str]]:
    """Return the labels that hold for each row, in the order of their numbers."""
    return [[rows.labels[number] for number in np.flatnonzero(row)] for row in rows.targets]


def write_cells(path: Path, cells: Sequence[str]) -> Path:
    """Write a delimited file of made-up texts and these cells of labels."""
    rows = [(f"text number {number}", cell) for number, cell in enumerate(cells)]
    return write_delimited(path, rows, header=("text", "labels"))


def write_sets(path: Path, sets: Labels, kind: str) -> Path:
    """Write made-up texts with their labels as a file of a kind."""
    texts = [f"text number {number}" for number in range(len(sets))]
    if kind == ".jsonl":
        records = (json.dumps({"text": text, "labels": some}) for text, some in zip(texts, sets, strict=True))
        path.write_text("\n".join(records))
    elif kind in {"list", "large list"}:
        of = pa.list_(pa.string()) if kind == "list" else pa.large_list(pa.large_string())
        pq.write_table(pa.table({"text": texts, "labels": pa.array(sets, type=of)}), path)
    else:
        write_cells(path, [kind.join(some or []) for some in sets])
    return path


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [".jsonl", "list", "large list", "|", ";", ",", " , "])
def test_lists_and_separated_texts_are_read_alike_and_an_empty_cell_holds_none(tmp_path: Path, kind: str) -> None:
    ending = {".jsonl": ".jsonl", "list": ".parquet", "large list": ".parquet"}.get(kind, ".csv")
    write_sets(tmp_path / f"train{ending}", SETS, kind)
    data = read(tmp_path, f"train{ending}", validation=f"train{ending}")
    assert data.labels == ("a", "b", "c")
    assert held(data.train) == held(data.validation) == HELD
    assert data.report.splits[0].counts == {"a": 8, "b": 8, "c": 8}
    assert data.report.outputs == 3


@pytest.mark.parametrize("sets", [[[3, None, 10], [10], [], [3]], [["3 ", " ", "10"], ["10"], [""], ["3", "3"]]])
def test_numbers_are_labels_and_gaps_in_lists_are_none(tmp_path: Path, sets: list[list[Any]]) -> None:
    records = [{"text": f"text {number}", "labels": some} for number, some in enumerate(sets * 3)]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, records)))
    data = read(tmp_path, "train.jsonl", validation="train.jsonl")
    assert held(data.train) == [["3", "10"], ["10"], [], ["3"]] * 3


@pytest.mark.parametrize(
    ("cells", "separator"),
    [(["a|b;c", "d"], "|"), (["a;b,c", "d"], ";"), (["a, b"], ","), (["a b", "c"], ""), (["", " "], "")],
)
def test_the_separator_is_found_out(cells: list[str], separator: str) -> None:
    assert find_separator(cells) == separator


@pytest.mark.parametrize("spell", [json.dumps, str])
def test_lists_written_into_cells_are_read_as_lists(tmp_path: Path, spell: Callable[[Any], str]) -> None:
    write_cells(tmp_path / "train.csv", [spell(some or []) for some in SETS])
    data = read(tmp_path, "train.csv", validation="train.csv")
    assert (data.labels, held(data.train)) == (("a", "b", "c"), HELD)


def test_lists_and_single_labels_may_take_turns(tmp_path: Path) -> None:
    records = [{"text": f"text {number}", "labels": some} for number, some in enumerate(["a", ["b", "a"], "", []] * 3)]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, records)))
    data = read(tmp_path, "train.jsonl", validation="train.jsonl")
    assert held(data.train) == [["a"], ["a", "b"], [], []] * 3


def test_lists_as_numpy_writes_them_are_read(tmp_path: Path) -> None:
    write_cells(tmp_path / "train.csv", ["['joy' 'anger']", "['joy']", "['anger']", "[]"] * 3)
    assert read(tmp_path, "train.csv").labels == ("anger", "joy")


def test_a_bracket_alone_makes_no_list(tmp_path: Path) -> None:
    write_cells(tmp_path / "train.csv", ["[urgent]|b", "[urgent]", "b", ""] * 3)
    assert read(tmp_path, "train.csv").labels == ("[urgent]", "b")


def test_few_rows_are_parted_by_the_labels_that_are_known(tmp_path: Path) -> None:
    write_cells(tmp_path / "train.csv", ["a|b", "a", "b, c", ""] * 3)
    write_cells(tmp_path / "dev.csv", [*["a"] * 150, "a;b", "b, c"])
    data = read(tmp_path, "train.csv", validation="dev.csv")
    assert held(data.validation)[-2:] == [["a", "b"], ["b, c"]]


def test_a_separator_in_hardly_any_cell_is_none() -> None:
    assert find_separator(["one"] * 300 + ["this, that"]) == ""


def test_a_separator_that_is_named_always_holds(tmp_path: Path) -> None:
    write_cells(tmp_path / "train.csv", ["toys, games + books", "books", "toys, games"] * 4)
    task = Multilabel(MultilabelOptions(separator="+"))
    assert read(tmp_path, "train.csv", task=task, validation="train.csv").labels == ("books", "toys, games")


def test_what_stands_in_a_label_does_not_part_the_labels_of_validation_rows(tmp_path: Path) -> None:
    write_cells(tmp_path / "train.csv", ["toys, games|books", "books", "toys, games"] * 4)
    write_cells(tmp_path / "dev.csv", ["toys, games", "books"])
    data = read(tmp_path, "train.csv", validation="dev.csv")
    assert held(data.validation) == [["toys, games"], ["books"]]


def test_labels_of_validation_rows_that_nobody_can_have_learnt_are_named(tmp_path: Path) -> None:
    write_cells(tmp_path / "train.csv", ["a|b", "a", "b", ""] * 3)
    write_cells(tmp_path / "dev.csv", ["a|new", "newer|b", "new"])
    with pytest.raises(InputError) as refused:
        read(tmp_path, "train.csv", validation="dev.csv")
    told = str(refused.value)
    assert "dev.csv" in told
    assert '2 labels never occur in the training rows: "new", "newer", of 3 rows: row 2, 3, 4.' in told


def test_lists_of_something_else_are_refused(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"text {n}", "labels": [{"name": "a"}]}) for n in range(5)]
    (tmp_path / "train.jsonl").write_text("\n".join(rows))
    with pytest.raises(InputError, match=r'column "labels" of train\.jsonl holds .* not lists of labels'):
        read(tmp_path, "train.jsonl")


FINDINGS: dict[str, tuple[list[str], Severity | None, str]] = {
    "fine": (["a|b", "a", "b|c", "", "c"] * 6, None, ""),
    "no label at all": ([""] * 6, Severity.ERROR, "No row has a label"),
    "all alike": (["a|b"] * 8, Severity.ERROR, "Every row has the same labels"),
    "one always holds": (["a|b", "a|c", "a"] * 6, Severity.WARNING, "Every row has: a."),
    "one hardly ever holds": ([*["a|b", "b", "a"] * 6, "a|c"], Severity.WARNING, "1 class has fewer than 5 rows"),
    "never two": (["a", "b", "c", ""] * 6, Severity.WARNING, "No row has more than one label"),
    "two spellings": (["a|b", "A", "b"] * 6, Severity.WARNING, 'look like one: "A" (6), "a" (6)'),
    "free text": ([f"word {n}|thing {n}" for n in range(20)], Severity.ERROR, "does not look like classes"),
    "many labels, some often": ([f"a|b|c|d|only {n}" for n in range(20)], Severity.WARNING, "20 classes have fewer"),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_labels_that_cannot_be_learnt_are_found(tmp_path: Path, case: str) -> None:
    cells, severity, part = FINDINGS[case]
    write_cells(tmp_path / "train.csv", cells)
    write_cells(tmp_path / "dev.csv", ["a"] if "a" in cells[0] else [""])
    project = Project(task="multilabel", data=DataSection(train="train.csv", validation="dev.csv"))
    findings = [
        finding for finding in examine_data(project, tmp_path, TASK).findings if "also stand" not in finding.what
    ]
    if severity is None:
        assert findings == []
    else:
        assert (severity, True) in {(finding.severity, part in finding.what) for finding in findings}
        assert all(finding.remedy for finding in findings)
    assert any(finding.severity is Severity.ERROR for finding in findings) is (severity is Severity.ERROR)


# --- the metrics -----------------------------------------------------------------------------------------------------


def scores_and_sets(seed: int = 0, rows: int = 120) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return scores and labels that hold, one of them rarely and one never, of which the scores know something."""
    generator = np.random.default_rng(seed)
    targets = (generator.random((rows, 5)) < [0.5, 0.3, 0.2, 0.04, 0.0]).astype(np.uint8)
    scores = generator.normal(size=targets.shape) + 2.0 * targets - [0.0, 2.0, -1.0, 3.0, 4.0]
    return scores.astype(np.float32), targets


def test_without_tuning_the_metrics_are_those_of_scikit_learn() -> None:
    scores, targets = scores_and_sets()
    measured = Multilabel(MultilabelOptions(**UNTUNED)).measure(scores, targets)
    answers = expit(scores) >= 0.5
    counted = (targets.sum(axis=0) > 0) | answers.any(axis=0)
    shares = expit(scores.astype(np.float64)).clip(1e-15, 1 - 1e-15)
    entropy = -(targets * np.log(shares) + (1 - targets) * np.log(1 - shares))
    assert measured == pytest.approx(
        {
            "micro_f1": f1_score(targets, answers, average="micro"),
            "macro_f1": f1_score(targets[:, counted], answers[:, counted], average="macro"),
            "map": average_precision_score(targets[:, :4], scores[:, :4], average="macro"),
            "exact_match": np.mean((targets == answers).all(axis=1)),
            "loss": entropy.mean(),
        }
    )
    assert set(measured) == set(TASK.metrics_offered)


def rows_with(targets: npt.NDArray[Any]) -> Encoded:
    """Return rows of one token each, of which this is to be learnt."""
    count = len(targets)
    return Encoded(np.zeros(count, np.int32), np.arange(count + 1), targets, np.zeros(count, np.bool_), pad_id=0)


def test_each_half_is_judged_by_the_thresholds_of_the_other() -> None:
    scores, targets = scores_and_sets(1)
    shares, answers = expit(scores.astype(np.float64)), np.zeros_like(targets)
    for half, other in ((0, 1), (1, 0)):
        thresholds = TASK.calibrate(rows_with(targets[other::2]), scores[other::2])["thresholds"]
        answers[half::2] = shares[half::2] >= thresholds
    measured = TASK.measure(scores, targets)
    assert measured["micro_f1"] == pytest.approx(f1_score(targets, answers, average="micro"))
    untuned = Multilabel(MultilabelOptions(**UNTUNED)).measure(scores, targets)
    assert measured["macro_f1"] > untuned["macro_f1"] + 0.05
    assert measured["map"] == untuned["map"]


@pytest.mark.parametrize("seed", range(6))
def test_no_other_threshold_has_a_better_f1(seed: int) -> None:
    scores, targets = scores_and_sets(seed, rows=30)
    shares = np.round(expit(scores.astype(np.float64)), 1 if seed % 2 else 6)  # with rows alike, and without
    thresholds = best_thresholds(shares, targets.astype(np.bool_))
    for label in range(4):
        tried = [-1.0, *shares[:, label], *(shares[:, label] + 1e-9)]
        best = max(f1_score(targets[:, label], shares[:, label] >= mark, zero_division=0) for mark in tried)
        found = f1_score(targets[:, label], shares[:, label] >= thresholds[label], zero_division=0)
        assert found == pytest.approx(best)


def test_a_label_of_which_too_little_is_known_keeps_the_usual_threshold() -> None:
    scores, targets = scores_and_sets()
    targets[:, 0], targets[:, 3] = 1, 0
    targets[7, 3] = 1
    thresholds = TASK.calibrate(rows_with(targets), scores)["thresholds"]
    assert (thresholds[0], thresholds[3], thresholds[4]) == (0.5, 0.5, 0.5)
    assert thresholds[1] != 0.5
    assert Multilabel(MultilabelOptions(**UNTUNED)).calibrate(rows_with(targets), scores) == {"thresholds": [0.5] * 5}


def test_the_baseline_answers_the_most_frequent_set() -> None:
    train = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.uint8)
    validation = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0]], dtype=np.uint8)
    assert TASK.baselines(train, validation) == pytest.approx({"exact_match": 0.5, "micro_f1": 10 / 13})


def test_scores_that_are_no_numbers_are_measured_all_the_same() -> None:
    scores, targets = scores_and_sets()
    measured = TASK.measure(np.full_like(scores, np.nan), targets)
    assert math.isnan(measured.pop("loss"))
    assert all(0 <= value <= 1 for value in measured.values())


# --- answers ---------------------------------------------------------------------------------------------------------


def answers_of(place: Path, texts: Sequence[str]) -> list[LabelsPrediction]:
    found = Predictor.load(place).predict(texts)
    return [answer for answer in found if isinstance(answer, LabelsPrediction)]


def thresholds_for(place: Path, rows: Rows) -> dict[str, float]:
    """Return the thresholds of best F1 of a model's own probabilities of rows."""
    texts = [fields[0] for fields in rows.fields(slice(None))]
    shares = np.array([[answer.probabilities[name] for name in rows.labels] for answer in answers_of(place, texts)])
    return dict(zip(rows.labels, best_thresholds(shares, rows.targets.astype(np.bool_)).tolist(), strict=True))


def test_tuned_thresholds_come_with_the_checkpoint_and_with_the_model_folder(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, task="multilabel", stages=[HEAD, ALL | {"average_epochs": 0.5}])
    events, folder = run_project(path)
    validation = read(tmp_path, "train.csv", validation="dev.csv").validation
    texts = [text for text, _ in toy_rows_of("multilabel", 20, seed=3)]
    from_model = answers_of(folder.model, texts)
    expected = thresholds_for(folder.model, validation)
    shutil.rmtree(folder.model)
    from_checkpoint = answers_of(folder.path, texts)
    assert len(from_model) == len(from_checkpoint) == len(texts)
    for left, right in zip(from_model, from_checkpoint, strict=True):
        assert left.thresholds == right.thresholds == pytest.approx(expected, abs=1e-5)
        assert left.labels == right.labels
        assert left.labels == tuple(name for name, share in left.probabilities.items() if share >= expected[name])
    assert all(threshold != 0.5 for threshold in expected.values())
    assert len({answer.labels for answer in from_model}) > 2
    assert events[-1].event == "run_finished"


def test_thresholds_of_a_run_that_is_not_at_its_end_are_there_as_well(tmp_path: Path, bert: Path) -> None:
    probe = {"probe": False}
    path = make_project(tmp_path, bert, task="multilabel", stages=[HEAD, TOP], training=probe)
    folder = break_off(path, 7)
    assert not folder.model.exists()
    validation = read(tmp_path, "train.csv", validation="dev.csv").validation
    (answer,) = answers_of(folder.path, ["my parcel"])
    assert answer.thresholds == pytest.approx(thresholds_for(folder.path, validation), abs=1e-5)
    assert set(answer.thresholds.values()) != {0.5}


def test_without_tuning_every_threshold_is_the_usual_one(tmp_path: Path, bert: Path) -> None:
    events, folder = run_project(make_project(tmp_path, bert, task="multilabel", options=UNTUNED))
    rows = read(tmp_path, "train.csv", validation="dev.csv").validation
    answers = answers_of(folder.path, [fields[0] for fields in rows.fields(slice(None))])
    assert all(set(answer.thresholds.values()) == {0.5} for answer in answers)
    right = np.mean([sorted(answer.labels) == some for answer, some in zip(answers, held(rows), strict=True)])
    assert events[-1].event == "run_finished"
    assert events[-1].metrics["exact_match"] == pytest.approx(right)


def test_labels_are_written_side_by_side(tmp_path: Path) -> None:
    answer = LabelsPrediction(
        {"text": "t"}, False, ("b", "a"), {"b": 0.9, "a": 0.6, "c": 0.1}, dict.fromkeys("abc", 0.5)
    )
    none = LabelsPrediction({"text": "u"}, False, (), {"b": 0.2, "a": 0.1, "c": 0.1}, dict.fromkeys("abc", 0.5))
    assert (answer.answer, none.answer) == ("b, a", "–")
    write_predictions([answer, none], tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().split()
    assert lines == ["text,labels,probabilities", "t,b|a,0.900000|0.600000", "u,,"]
    write_predictions([answer, none], tmp_path / "a.jsonl")
    first, second = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert (first["labels"], second["labels"]) == (["b", "a"], [])
    assert first["thresholds"] == {"a": 0.5, "b": 0.5, "c": 0.5}
