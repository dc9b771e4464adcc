"""Runs and projects of earlier versions, kept as they were written: they open, and what was broken off goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tomlkit

from trainer_core.data.roles import Role
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.inference.prediction import ClassPrediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project
from trainer_core.runs.folder import RunFolder, list_runs
from trainer_core.runs.history import RunStatus
from trainer_core.stages.plan import PLAN_VERSION
from trainer_core.training.control import Control
from trainer_core.training.events import RunFinished
from trainer_core.versioned import brought_up_to_date

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("version-*"))
CHANGED_AFTER = {"version-1": [], "version-2": [11]}
"""After which steps a stage was changed while it ran."""


@pytest.fixture(params=SAMPLES, ids=lambda path: path.name)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of what a version left: a project, its data, its model, and a run that was put aside."""
    folder = Path(shutil.copytree(request.param, tmp_path / "sample"))
    for run in list_runs(folder / "runs"):
        for file in (run.plan_file, run.journal_file):
            file.write_text(file.read_text(encoding="utf-8").replace("@FOLDER@", folder.as_posix()), encoding="utf-8")
    return folder


@pytest.fixture
def changed_after(request: pytest.FixtureRequest, sample: Path) -> list[int]:
    """Return after which steps the sample's run was changed."""
    return CHANGED_AFTER[request.node.callspec.params["sample"].name]


def run_of(sample: Path) -> RunFolder:
    (run,) = list_runs(sample / "runs")
    return run


def test_there_is_a_sample_of_every_earlier_version() -> None:
    assert [path.name for path in SAMPLES] == [f"version-{number}" for number in range(1, PLAN_VERSION)]


def test_an_old_run_is_read_and_its_files_stay_as_they_were(sample: Path, changed_after: list[int]) -> None:
    run = run_of(sample)
    before = run.plan_file.read_bytes()
    plan = run.load_plan()
    assert plan.version == PLAN_VERSION
    assert [change.step for change in plan.changes] == changed_after
    assert (plan.data.columns, plan.data.facts, plan.data.outputs) == ({"text": "text"}, {}, 3)
    assert run.load_history().status is RunStatus.PUT_ASIDE
    assert run.plan_file.read_bytes() == before


def test_an_old_run_goes_on_to_its_end_with_what_was_changed(sample: Path, changed_after: list[int]) -> None:
    run = run_of(sample)
    *_, end = LocalEngine().resume(run.path, Control())
    assert isinstance(end, RunFinished)
    history = run.load_history()
    assert [change.step for change in run.load_plan().changes] == changed_after
    assert history.status is RunStatus.FINISHED
    assert history.step == run.load_plan().steps
    assert Predictor.load(run.path).predict(["my parcel is late"])[0].answer


def test_an_old_project_trains(sample: Path) -> None:
    path = sample / "small.thaw"
    *_, end = LocalEngine().run(load_project(path), path, sample / "new", Control())
    assert isinstance(end, RunFinished)


def test_a_model_folder_of_version_1_answers_as_it_did() -> None:
    sample = SAMPLES[1]
    told = json.loads((sample / "finished-answers.json").read_text(encoding="utf-8"))
    predictor = Predictor.load(sample / "finished")
    assert json.loads((sample / "finished" / "thaw.json").read_text(encoding="utf-8"))["version"] == 1
    assert predictor.columns == {Role.TEXT: "text"}
    for answer in predictor.predict(list(told)):
        assert isinstance(answer, ClassPrediction)
        assert list(answer.probabilities) == list(told[answer.text])
        assert answer.probabilities == pytest.approx(told[answer.text], abs=1e-5)


def test_migrations_are_made_in_their_order() -> None:
    steps = [lambda values: {**values, "told": "one"}, lambda values: {**values, "told": values["told"] + " two"}]
    assert brought_up_to_date({"version": 1}, steps, where="", what="files") == {"version": 3, "told": "one two"}
    assert brought_up_to_date({"version": 3}, steps, where="", what="files") == {"version": 3}
    assert brought_up_to_date({}, steps, where="", what="files") == {"version": 3}
    with pytest.raises(InputError, match="version 4 of files; this Thaw reads 3"):
        brought_up_to_date({"version": 4}, steps, where="", what="files")


@pytest.mark.parametrize("version", [0, -1, True, "one", 1.5])
def test_a_version_that_is_none_is_refused(sample: Path, version: object) -> None:
    run = run_of(sample)
    values = tomlkit.parse(run.plan_file.read_text(encoding="utf-8"))
    values["version"] = version
    run.plan_file.write_text(tomlkit.dumps(values), encoding="utf-8")
    with pytest.raises(InputError):
        run.load_plan()
