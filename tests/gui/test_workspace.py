"""The state all pages share: what is told when, and what is found out again after which change."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from pytestqt.qtbot import QtBot

from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.small import small_facts
from tests.support.small_data import small_report
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.resources import starter_projects


def test_opening_finds_out_about_data_and_model(ready: Workspace, core: FakeCore) -> None:
    assert ready.report is core.report
    assert ready.facts is core.facts
    assert not ready.modified


def test_a_file_that_cannot_be_read_leaves_the_open_project(ready: Workspace, tmp_path: Path) -> None:
    before = ready.project
    with pytest.raises(InputError):
        ready.open(tmp_path / "none.thaw")
    assert ready.project is before


def test_errors_of_the_core_are_kept_and_told(
    workspace: Workspace, core: FakeCore, project_file: Path, qtbot: QtBot
) -> None:
    core.report = InputError.one("tickets.tsv", "There is no such file.")
    core.facts = InputError.one("model", "There is no such model.")
    workspace.open(project_file)
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert workspace.report is None
    assert workspace.report_error is core.report
    assert workspace.facts_error is core.facts


def test_only_what_a_change_touches_is_found_out_again(ready: Workspace, core: FakeCore, qtbot: QtBot) -> None:
    core.calls.clear()
    assert ready.project is not None
    ready.update(training=ready.project.training.model_dump() | {"batch_size": 8})
    qtbot.waitUntil(lambda: not ready.jobs.is_busy)
    assert core.calls == []
    ready.update(data=ready.project.data.model_dump() | {"limit": 50})
    qtbot.waitUntil(lambda: not ready.jobs.is_busy)
    assert core.calls == ["examine_data"]
    core.calls.clear()
    ready.update(model=ready.project.model.model_dump() | {"source": "starter:tiny-bert"})
    qtbot.waitUntil(lambda: not ready.jobs.is_busy)
    assert "inspect_model" in core.calls


def test_a_value_that_may_not_be_leaves_the_project(ready: Workspace) -> None:
    before = ready.project
    assert before is not None
    with pytest.raises(ValidationError):
        ready.update(training=before.training.model_dump() | {"batch_size": 0})
    assert ready.project is before
    assert not ready.modified


def test_the_same_value_is_no_change(ready: Workspace, qtbot: QtBot) -> None:
    assert ready.project is not None
    with qtbot.assertNotEmitted(ready.project_changed):
        ready.update(seed=ready.project.seed)
    assert not ready.modified


def test_default_stages_become_the_projects_own_when_changed(ready: Workspace) -> None:
    assert ready.project is not None
    assert ready.project.stage == ()
    ready.replace_stage(1, epochs=9)
    assert [stage.epochs for stage in ready.project.stage] == [2, 9, 5]


def test_the_chosen_stage_stays_one_there_is(ready: Workspace) -> None:
    ready.choose_stage(2)
    ready.replace_stages(ready.stages()[:1])
    assert ready.stage == 0


def test_saving_elsewhere_keeps_the_data_found(ready: Workspace, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    ready.save(tmp_path / "sub" / "copy.thaw")
    assert Path(load_project(tmp_path / "sub" / "copy.thaw").data.train) == tmp_path / "tickets.tsv"


def test_the_example_is_never_written_over(workspace: Workspace, qtbot: QtBot) -> None:
    workspace.open(starter_projects()[0].path)
    assert workspace.needs_new_place
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


def test_a_model_with_another_number_of_classes_is_looked_at_again(
    workspace: Workspace, core: FakeCore, project_file: Path, qtbot: QtBot
) -> None:
    core.facts = small_facts(outputs=2)
    workspace.open(project_file)
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert core.outputs[-1] == small_report().outputs == 6
