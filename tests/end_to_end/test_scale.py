"""Many rows, classes and steps: a small part of ``python -m tests.campaigns.scale``, and a run of 10,000 classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns.scale import measured, write_rows
from tests.support.projects import HEAD, make_project
from tests.support.sessions import run_project
from trainer_core.inference.predictor import Predictor
from trainer_core.training.events import RunFinished


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_rows_are_opened_in_memory_that_hardly_grows_with_them(tmp_path: Path) -> None:
    found = {}
    for rows in (1_000, 400_000):
        write_rows(tmp_path / f"{rows}.csv", rows)
        found[rows] = measured("open_rows_of", tmp_path / f"{rows}.csv")
        assert found[rows]["rows"] == rows
    size = (tmp_path / "400000.csv").stat().st_size / 2**20
    assert found[400_000]["resident_mib"] - found[1_000]["resident_mib"] < 200 + 2 * size


def test_a_run_of_very_many_steps_is_shown_whole(tmp_path: Path) -> None:
    found = measured("open_run_of", tmp_path, 20_000)
    assert (found["steps"], found["points"]) == (20_000, 20_000)


def test_ten_thousand_classes_are_learnt_and_told_apart(tmp_path: Path, bert: Path) -> None:
    rows = [(f"word {number} of many", f"class {number}") for number in range(10_000) for _ in range(2)]
    stages = [HEAD]
    path = make_project(
        tmp_path, bert, rows=rows, validation=rows[:200], stages=stages, training={"batch_size": 512, "probe": False}
    )
    events, folder = run_project(path)
    assert isinstance(events[-1], RunFinished)
    assert len(folder.load_plan().data.labels) == 10_000
    (prediction,) = Predictor.load(folder.path).predict(["word 3 of many"])
    assert len(prediction.probabilities) == 10_000
