"""Numbers: how they are read and scaled, the metrics against SciPy, and answers in the units of the data."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.stats import pearsonr, spearmanr

from tests.support.command_line import thaw
from tests.support.projects import HEAD, TOP, make_project, write_delimited
from tests.support.sessions import run_project
from tests.support.toy_tasks import toy_rows_of
from trainer_core.data.prepare import PreparedData, prepare_data
from trainer_core.data.roles import Role
from trainer_core.errors import InputError
from trainer_core.inference.prediction import NumberPrediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project
from trainer_core.tasks.regression import BANDS, Regression
from trainer_core.training.events import RunFinished, RunStarted

TASK = Regression()
HEADER = ("text", "score")


def read(folder: Path, cells: Sequence[str], *, validation: Sequence[str] = ("1", "2"), **data: object) -> PreparedData:
    """Return rows with these cells as their numbers, checked."""
    rows = [(f"text number {number}", cell) for number, cell in enumerate(cells)]
    held = [(f"other text {number}", cell) for number, cell in enumerate(validation)]
    path = make_project(folder, "none", task="regression", rows=rows, validation=held, data=dict(data))
    return prepare_data(load_project(path), folder, TASK)


def values_of(place: Path, rows: Sequence[str | tuple[str, ...]]) -> npt.NDArray[np.float64]:
    """Return the numbers that a model answers."""
    answers = Predictor.load(place).predict(rows)
    return np.array([answer.value for answer in answers if isinstance(answer, NumberPrediction)])


NO_NUMBERS = ("many", "nan", "inf", "-Infinity", "1e39", "1 000", "1_000", "3 stars", "10%")

# --- reading ---------------------------------------------------------------------------------------------------------


def test_numbers_are_read_in_every_way_of_writing_them(tmp_path: Path) -> None:
    data = read(tmp_path, ["1", " 2.5 ", "-3e2", "+.5", "1E-3", "1000000"])
    assert data.train.targets.dtype == np.float32
    assert data.train.targets.tolist() == pytest.approx([1, 2.5, -300, 0.5, 0.001, 1e6])
    assert data.labels == ()
    assert data.report.outputs == 1
    assert list(data.report.splits[0].counts.values()) == [5, 0, 0, 0, 1]
    assert "off by" in data.report.baseline


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("", "1 row without a number: row 4"),
        (" ", "1 row without a number: row 4"),
        ("1,000", 'a cell such as "1,000" has a comma'),
        ("1,000,000.5", 'a cell such as "1,000,000.5" has a comma'),
        *((cell, f'since a cell such as "{cell}" is no finite number: row 4') for cell in NO_NUMBERS),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_its_row(tmp_path: Path, cell: str, told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)) as refused:
        read(tmp_path, ["1", "2", cell, "3"])
    assert "data.columns.label" in refused.value.remedy
    data = read(tmp_path, ["1", "2", cell, "3"], skip_incomplete=True)
    assert data.train.targets.tolist() == [1.0, 2.0, 3.0]
    assert any("row 4" in finding.what for finding in data.report.findings)


def test_the_rows_of_one_cause_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, ["1", "n/a", "1,000", "none", "", "2", "3"])
    told = [problem.what for problem in refused.value.problems]
    assert told == [
        '2 rows with numbers that cannot be used, since a cell such as "n/a" is no finite number: row 3, 5.',
        '1 row with numbers that cannot be used, since a cell such as "1,000" has a comma; a decimal point, and '
        "nothing between thousands, can be read: row 4.",
        "1 row without a number: row 6.",
    ]


@pytest.mark.parametrize("cells", [["0,5", "1", "-2,25", "1,125", "3"], ["0,5"] * 4 + ["2"], ["0,798", "1,190"]])
def test_decimal_commas_are_read_where_there_are_no_points(tmp_path: Path, cells: list[str]) -> None:
    wanted = [float(cell.replace(",", ".")) for cell in cells]
    assert read(tmp_path, cells).train.targets.tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("cells", [["0,5", "1.5", "2"], ["0,5", "1,000,000", "2"]])
def test_commas_among_points_or_thousands_are_not_guessed_at(tmp_path: Path, cells: list[str]) -> None:
    with pytest.raises(InputError, match='such as "0,5" has a comma'):
        read(tmp_path, cells)


def test_where_no_row_can_be_used_it_is_told_how_the_columns_were_read(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, ["ten", "twenty"])
    first, cause = refused.value.problems
    assert first.what == 'No row can be used, as the columns are read: "text" as the text, "score" as the number.'
    assert "[data.columns]" in first.remedy
    assert 'such as "ten" is no finite number: row 2, 3' in cause.what


def test_a_number_that_is_always_the_same_teaches_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Every row has the number 2\.5, so there is nothing to learn"):
        read(tmp_path, ["2.5"] * 9)


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        (("id", "review", "stars"), "{n},a text of some words,{n}.5", {"text": "review", "label": "stars"}),
        (("number", "words", "worth"), "{n},a text of some words,{n}.5", {"text": "words", "label": "worth"}),
        (
            ("sentence1", "sentence2", "score"),
            "a text {n},another one,{n}.5",
            {"text": "sentence1", "second_text": "sentence2", "label": "score"},
        ),
        (("text", "score", "note"), "a text {n},{n}.5,some words of it", {"text": "text", "label": "score"}),
    ],
)
def test_columns_are_guessed_and_a_second_text_only_by_its_name(
    tmp_path: Path, header: tuple[str, ...], row: str, found: dict[str, str]
) -> None:
    rows = [row.format(n=number).split(",") for number in range(1, 13)]
    path = make_project(tmp_path, "none", task="regression", rows=rows, validation=rows, header=header)
    data = prepare_data(load_project(path), tmp_path, TASK)
    assert {role.value: name for role, name in data.train.columns.items()} == found
    assert data.train.targets.tolist() == [number + 0.5 for number in range(1, 13)]


def test_of_two_files_without_names_both_texts_are_read(tmp_path: Path) -> None:
    rows = [
        (f"{number}", f"a text of some words {number}", f"what is said of it {number}", f"0.{number}")
        for number in range(10, 22)
    ]
    write_delimited(tmp_path / "pairs.tsv", rows, header=None, delimiter="\t")
    data = {"train": "pairs.tsv", "validation": "pairs.tsv", "header": False}
    path = make_project(tmp_path, "none", task="regression", data=data)
    prepared = prepare_data(load_project(path), tmp_path, TASK)
    assert [prepared.train.columns[role] for role in prepared.train.given] == ["column 1", "column 2"]
    assert prepared.train[0] == (rows[0][1], rows[0][2], rows[0][3])


def test_a_text_that_only_the_validation_file_has_is_not_read(tmp_path: Path) -> None:
    path = make_project(tmp_path, "none", task="regression")
    rows = [(text, "what is said of it", score) for text, score in toy_rows_of("regression", 9, seed=4)]
    write_delimited(tmp_path / "dev.csv", rows, header=("text", "reply", "score"))
    data = prepare_data(load_project(path), tmp_path, TASK)
    assert data.train.given == data.validation.given == (Role.TEXT,)


def test_rows_are_held_out_from_all_bands_of_numbers(tmp_path: Path) -> None:
    cells = [str(number**3) for number in range(100)]
    data = {"validation": None, "validation_share": 0.2}
    rows = [(f"text number {number}", cell) for number, cell in enumerate(cells)]
    path = make_project(tmp_path, "none", task="regression", rows=rows, data=data)
    prepared = prepare_data(load_project(path), tmp_path, TASK)
    bands = np.cbrt(prepared.validation.targets).round().astype(int) // BANDS
    assert np.bincount(bands).tolist() == [2] * BANDS


# --- the metrics -----------------------------------------------------------------------------------------------------


def learnt(targets: npt.NDArray[np.float32]) -> Regression:
    """Return the task as it is after these training rows."""
    return Regression(facts=TASK.find_facts(targets))


def test_facts_tell_the_scale_and_the_range() -> None:
    targets = np.array([10.0, 20.0, 30.0, 60.0], dtype=np.float32)
    facts = TASK.find_facts(targets)
    assert facts["scale"] == pytest.approx([targets.mean(), targets.std()])
    assert facts["range"] == [10.0, 60.0]
    assert TASK.find_facts(np.full(3, 7.0, dtype=np.float32))["scale"] == [7.0, 1.0]


@pytest.mark.parametrize(("center", "spread"), [(0.0, 1.0), (3e6, 400.0), (-40.0, 0.02)])
def test_metrics_are_those_of_scipy_whatever_the_units(center: float, spread: float) -> None:
    generator = np.random.default_rng(5)
    plain = generator.normal(size=60)
    targets = (center + spread * plain.round(1)).astype(np.float32)  # with numbers alike
    scores = (plain + generator.normal(size=60)).astype(np.float32)[:, None]
    task = learnt(targets)
    mean, deviation = task.facts["scale"]
    values = scores[:, 0].astype(np.float64) * deviation + mean
    wanted = targets.astype(np.float64)
    assert task.measure(scores, targets) == pytest.approx(
        {
            "pearson": pearsonr(scores[:, 0].astype(np.float64), wanted).statistic,
            "spearman": spearmanr(scores[:, 0], wanted).statistic,
            "mae": np.abs(values - wanted).mean(),
            "loss": np.square((values - wanted) / deviation).mean(),
        },
        rel=2e-3,  # numbers are kept in float32
    )
    assert set(task.measure(scores, targets)) == set(task.metrics_offered)


def test_the_loss_is_the_squared_error_in_deviations_summed_over_rows() -> None:
    task = learnt(np.array([0.0, 20.0], dtype=np.float32))  # mean 10, deviation 10
    scores = torch.tensor([[0.0], [2.0]], requires_grad=True)
    loss = task.loss(scores, torch.tensor([20.0, 10.0]))
    assert loss.item() == pytest.approx(1.0 + 4.0)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert gradient.flatten().tolist() == pytest.approx([-2.0, 4.0])


@pytest.mark.parametrize(
    ("scores", "targets"), [([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0, 2.0], [3.0, 3.0])], ids=str
)
def test_a_correlation_that_is_none_is_zero(scores: list[float], targets: list[float]) -> None:
    measured = TASK.measure(np.array(scores, dtype=np.float32)[:, None], np.array(targets, dtype=np.float32))
    assert (measured["pearson"], measured["spearman"]) == (0.0, 0.0)
    assert measured["mae"] > 0


def test_scores_that_are_no_numbers_are_no_good_ones() -> None:
    scores, targets = np.array([[np.nan], [1.0]], dtype=np.float32), np.array([0.0, 0.1], dtype=np.float32)
    measured = TASK.measure(scores, targets)
    assert math.isnan(measured["mae"])
    assert math.isnan(measured["loss"])
    assert (measured["pearson"], measured["spearman"]) == (0.0, 0.0)


def test_the_baseline_answers_the_mean() -> None:
    train, validation = np.array([1.0, 2.0, 6.0], dtype=np.float32), np.array([3.0, 5.0], dtype=np.float32)
    assert TASK.baselines(train, validation) == {"mae": 1.0}


# --- answers ---------------------------------------------------------------------------------------------------------


def test_answers_are_in_the_units_of_the_data_and_the_metrics_are_theirs(tmp_path: Path, bert: Path) -> None:
    events, folder = run_project(make_project(tmp_path, bert, task="regression", stages=[HEAD, TOP]))
    started, finished = events[0], events[-1]
    assert isinstance(started, RunStarted)
    assert isinstance(finished, RunFinished)
    rows = toy_rows_of("regression", 51)[36:]
    wanted = np.array([float(score) for _, score in rows])
    values = values_of(folder.path, [text for text, _ in rows])
    assert finished.metrics["mae"] == pytest.approx(np.abs(values - wanted).mean(), rel=1e-3)
    assert finished.metrics["spearman"] == pytest.approx(spearmanr(values, wanted).statistic, abs=1e-3)
    assert values == pytest.approx(wanted, abs=40.0)  # they are all between 200 and 250
    assert finished.metrics["spearman"] > 0.25
    assert set(started.baselines) == {"mae"}
    assert (finished.best.metric, started.labels) == ("spearman", [])
    told = thaw("predict", folder.path, rows[0][0], "--json").events()[0]
    assert told == {"text": rows[0][0], "value": pytest.approx(values[0], rel=1e-5), "truncated": False}


def test_the_best_by_error_is_the_one_of_least_error(tmp_path: Path, bert: Path) -> None:
    stage = HEAD | {"epochs": 4, "learning_rate": 0.5}
    path = make_project(tmp_path, bert, task="regression", stages=[stage], training={"metric": "mae", "probe": False})
    events, _ = run_project(path)
    errors = [event.metrics["mae"] for event in events if event.event == "evaluation_finished"]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert len(set(errors)) > 1
    assert finished.best.value == min(errors)


@pytest.mark.parametrize(("pairs", "turns"), [("apart", False), ("together", True)])
def test_a_number_for_two_texts(tmp_path: Path, bert: Path, pairs: str, turns: bool) -> None:
    """Read apart, it makes no difference which text is the first; read together, it does."""
    generator = np.random.default_rng(0)
    texts = [text for text, _ in toy_rows_of("regression", 51)]
    others = [texts[place] for place in generator.permutation(51)]
    rows = [(one, two, str(len({*one.split()} & {*two.split()}))) for one, two in zip(texts, others, strict=True)]
    header = ("sentence1", "sentence2", "score")
    options = {"pairs": pairs}
    path = make_project(
        tmp_path, bert, task="regression", rows=rows[:36], validation=rows[36:], header=header, options=options
    )
    _, folder = run_project(path)
    predictor = Predictor.load(folder.path)
    assert predictor.columns == {Role.TEXT: "sentence1", Role.SECOND_TEXT: "sentence2"}
    there, back = predictor.predict([rows[0][:2], (rows[0][1], rows[0][0])])
    assert isinstance(there, NumberPrediction)
    assert isinstance(back, NumberPrediction)
    assert there.fields == {"text": rows[0][0], "second_text": rows[0][1]}
    assert (there.value != pytest.approx(back.value, abs=1e-5)) == turns
    with pytest.raises(InputError, match="reads 2 texts at a time, not 1"):
        predictor.predict(["alone"])


@pytest.mark.parametrize(
    ("value", "lowest", "highest", "answer"),
    [
        (2.5, 0.0, 5.0, "2.5"),
        (0.123456, 0.0, 1.0, "0.1235"),
        (-0.00001, 0.0, 1.0, "0"),
        (245_312.7, 20_000.0, 900_000.0, "245313"),
        (1_000_001.26, 1_000_000.0, 1_000_003.0, "1000001.26"),
        (7.5, 7.0, 7.0, "7.5"),
    ],
)
def test_an_answer_has_the_digits_that_its_range_makes_sensible(
    value: float, lowest: float, highest: float, answer: str
) -> None:
    assert NumberPrediction({"text": "t"}, False, value, lowest, highest).answer == answer
