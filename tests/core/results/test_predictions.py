"""Files of predictions: whole, harmless in a spreadsheet, and never over an existing file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_core.errors import InputError
from trainer_core.inference.prediction import ClassPrediction, Prediction
from trainer_core.results.predictions import check_target, without_formula, write_predictions


def answer(text: str = "a text", label: str = "x") -> Prediction:
    """Return a prediction."""
    return ClassPrediction({"text": text}, False, label, {label: 0.75, "other": 0.25})


@pytest.mark.parametrize(("ending", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_a_table_holds_text_label_and_probability(tmp_path: Path, ending: str, delimiter: str) -> None:
    path = tmp_path / f"answers{ending}"
    texts = ["plain", 'with "quotes", and\na line break', "tab\there", "Größe 漢字"]
    assert write_predictions(map(answer, texts), path) == 4
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    assert rows == [["text", "label", "probability"], *([text, "x", "0.750000"] for text in texts)]


def test_json_lines_hold_every_probability(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    write_predictions([answer("=1+1")], path)
    assert json.loads(path.read_text()) == {"text": "=1+1", "label": "x", "probabilities": {"x": 0.75, "other": 0.25}}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_taken_for_a_formula(tmp_path: Path, start: str) -> None:
    path = tmp_path / "answers.csv"
    write_predictions([answer(f"{start}cmd|' /C calc'!A0", f"{start}label")], path)
    with path.open(newline="") as file:
        row = list(csv.reader(file))[1]
    assert [cell[0] for cell in row[:2]] == ["'", "'"]


@given(cell=st.text())
def test_other_cells_stay_as_they_are(cell: str) -> None:
    safe = without_formula(cell)
    assert safe.removeprefix("'") == cell.removeprefix("'") or safe == cell
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_an_existing_file_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("precious")
    with pytest.raises(InputError, match="there already"):
        write_predictions([answer()], path)
    assert path.read_text() == "precious"
    write_predictions([answer()], path, overwrite=True)
    assert path.read_text() != "precious"


@pytest.mark.parametrize(("name", "part"), [("answers.xlsx", ".csv"), ("none/answers.csv", "no such folder")])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str, part: str) -> None:
    with pytest.raises(InputError, match=part):
        check_target(tmp_path / name)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        check_target(tmp_path / "file" / "answers.csv")


def test_an_error_on_the_way_leaves_no_half_file(tmp_path: Path) -> None:
    def some() -> Iterator[Prediction]:
        yield answer()
        raise RuntimeError("broke")

    with pytest.raises(RuntimeError):
        write_predictions(some(), tmp_path / "answers.csv")
    assert list(tmp_path.iterdir()) == []
