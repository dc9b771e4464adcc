"""The logic of the Data page, against a fake view."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.pages.base import PageState
from desktop_app.pages.data.presenter import DataPresenter
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_data_view import FakeDataView
from tests.support.fake_views import Chooser
from tests.support.small_data import SAMPLE, small_report
from trainer_core.data.report import DataReport, Finding, Severity
from trainer_core.data.roles import Role
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import DataSection


@pytest.fixture
def faked(workspace: Workspace, chooser: Chooser) -> tuple[FakeDataView, DataPresenter]:
    view = FakeDataView()
    return view, DataPresenter(view, workspace, chooser, parent=view)


@pytest.fixture
def opened(
    faked: tuple[FakeDataView, DataPresenter], open_project: Callable[[], None]
) -> tuple[FakeDataView, DataPresenter]:
    open_project()
    return faked


def data_of(workspace: Workspace) -> DataSection:
    assert workspace.project is not None
    return workspace.project.data


def test_without_a_project_the_page_is_empty(faked: tuple[FakeDataView, DataPresenter]) -> None:
    view, presenter = faked
    assert (view.mode, presenter.state, presenter.problems) == ("empty", PageState.EMPTY, [])


def test_while_the_rows_are_read_the_page_is_busy_and_then_all_well(
    faked: tuple[FakeDataView, DataPresenter], workspace: Workspace, project_file: Path, idle: Callable[[], None]
) -> None:
    view, presenter = faked
    states: list[PageState] = []
    presenter.state_changed.connect(lambda: states.append(presenter.state))
    workspace.open(project_file)
    assert (view.mode, presenter.state) == ("busy", PageState.BUSY)
    idle()
    assert (view.mode, presenter.state) == ("report", PageState.OK)
    assert states[-1] is PageState.OK
    assert view.counts.baseline == "Always answering “Billing” would be right for 21.9%."
    assert [split.name for split in view.counts.splits] == ["train", "validation"]
    assert view.settings is not None
    assert (view.settings.name, view.settings.header_found) == ("tickets.tsv", True)


def test_findings_that_forbid_training_are_problems_in_the_words_of_the_window(
    faked: tuple[FakeDataView, DataPresenter], core: FakeCore, open_project: Callable[[], None]
) -> None:
    remedy = "Fill them in, or leave them out with data.skip_incomplete = true."
    error = Finding(Severity.ERROR, "tickets.tsv", "2 rows without a text: row 3, 4.", remedy, (3, 4))
    core.report = dataclasses.replace(small_report(), findings=(error, *small_report().findings))
    open_project()
    assert faked[1].state is PageState.PROBLEM
    assert faked[1].problems == [
        "2 rows without a text: row 3, 4. Fill them in, or tick “Leave out incomplete rows”.",
    ]


def test_a_file_that_cannot_be_read_is_shown_problem_by_problem(
    faked: tuple[FakeDataView, DataPresenter], core: FakeCore, open_project: Callable[[], None]
) -> None:
    problems = [
        Problem("data.columns.text", "t.tsv has no column “x”.", "Its columns are: a."),
        Problem("t.tsv", "Bad."),
    ]
    core.report = InputError(problems)
    open_project()
    view, presenter = faked
    assert (view.mode, view.failure, presenter.state) == ("failure", None, PageState.PROBLEM)
    assert [finding.what for finding in view.findings] == ["t.tsv has no column “x”.", "Bad."]
    assert presenter.problems == ["t.tsv has no column “x”. Its columns are: a.", "t.tsv: Bad."]
    assert view.rows is not None
    assert view.rows.rowCount() == 0


def test_an_error_nobody_foresaw_is_shown_whole(
    faked: tuple[FakeDataView, DataPresenter], core: FakeCore, open_project: Callable[[], None]
) -> None:
    core.report = ZeroDivisionError("oh")
    open_project()
    assert faked[0].failure is core.report
    assert faked[1].problems == ["oh"]


def test_all_rows_can_be_scrolled_through(
    opened: tuple[FakeDataView, DataPresenter], idle: Callable[[], None], qtbot: QtBot
) -> None:
    view, _ = opened
    rows = view.rows
    assert rows is not None
    assert view.count == (600, 600)
    assert rows.rowCount() == 600
    assert rows.row_at(0) == SAMPLE[0]
    qtbot.waitUntil(lambda: rows.row_at(599) is not None)
    assert rows.row_at(599) == SAMPLE[599 % len(SAMPLE)]
    assert rows.headerData(0, Qt.Orientation.Vertical) == "2"


def test_the_sample_is_shown_until_the_rows_are_open(
    faked: tuple[FakeDataView, DataPresenter], core: FakeCore, open_project: Callable[[], None]
) -> None:
    core.rows = OSError("the disk is gone")
    open_project()
    view, _ = faked
    assert view.rows is not None
    assert [view.rows.row_at(row) for row in range(view.rows.rowCount())] == list(SAMPLE)
    assert view.count == (len(SAMPLE), 640)
    assert view.errors == [core.rows]


@pytest.mark.parametrize(("inside", "written"), [(True, "sub/other.csv"), (False, None)])
def test_a_dropped_file_is_named_relative_to_the_project_where_it_lies_below(
    opened: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    inside: bool,
    written: str | None,
) -> None:
    folder = tmp_path if inside else tmp_path_factory.mktemp("elsewhere")
    path = folder / "sub" / "other.csv"
    path.parent.mkdir()
    path.write_text("a,b\n", encoding="utf-8")
    opened[0].file_dropped.emit(str(path))
    assert data_of(workspace).train == (written or str(path.resolve()))


def test_another_file_forgets_what_belonged_to_the_old_one(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace, tmp_path: Path
) -> None:
    columns = {"text": "text", "label": "category"}
    held = {"validation": "dev.tsv", "validation_share": None, "header": True, "columns": columns, "limit": 9}
    workspace.update(data=data_of(workspace).model_dump() | held)
    path = tmp_path / "other.csv"
    path.write_text("a,b\n", encoding="utf-8")
    opened[0].file_dropped.emit(str(path))
    assert data_of(workspace) == DataSection(train="other.csv", limit=9)
    assert "validation file" in opened[0].warning


@pytest.mark.parametrize("name", ["photo.png", "folder"])
def test_what_is_no_data_file_is_refused_in_words(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"x") if path.suffix else path.mkdir()
    opened[0].file_dropped.emit(str(path))
    assert name in opened[0].warning
    assert data_of(workspace).train == "tickets.tsv"


def test_a_file_begins_a_project_where_there_is_none(
    faked: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    chooser: Chooser,
    project_file: Path,
    idle: Callable[[], None],
) -> None:
    chooser.answer = project_file.with_name("tickets.tsv")
    faked[0].file_wanted.emit()
    idle()
    assert workspace.project is not None
    assert faked[0].mode == "report"


def test_a_dialog_that_is_closed_changes_nothing(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace, chooser: Chooser
) -> None:
    opened[0].file_wanted.emit()
    opened[0].validation_file_wanted.emit()
    assert [folder for _, folder in chooser.asked] == [workspace.folder] * 2
    assert not workspace.modified


def test_a_validation_file_and_a_share_replace_each_other(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace, chooser: Chooser, tmp_path: Path
) -> None:
    opened[0].share_chosen.emit(0.25)
    assert data_of(workspace).validation_share == 0.25
    chooser.answer = tmp_path / "dev.tsv"
    opened[0].validation_file_wanted.emit()
    assert (data_of(workspace).validation, data_of(workspace).validation_share) == ("dev.tsv", None)
    opened[0].share_chosen.emit(0.1)
    assert (data_of(workspace).validation, data_of(workspace).validation_share) == (None, 0.1)


def test_a_refused_value_is_explained_and_the_project_shown_again(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    view, _ = opened
    view.settings = None
    view.share_chosen.emit(1.5)
    assert data_of(workspace).validation_share is None
    assert "Validation share" in str(view.errors[0])
    assert "less than 1" in str(view.errors[0])
    assert view.settings is not None
    assert view.settings.share == 0.1
    view.share_chosen.emit(0.2)
    assert view.errors == []


def choose_role(opened: tuple[FakeDataView, DataPresenter], position: int, role: str) -> None:
    opened[0].role_chosen.emit(position, role)


def test_a_role_is_written_by_name_where_there_is_a_header(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    choose_role(opened, 0, Role.LABEL)
    assert (data_of(workspace).columns.text, data_of(workspace).columns.label) == (None, "id")


def without_header() -> DataReport:
    columns = [dataclasses.replace(c, name=f"column {c.position}") for c in small_report().columns]
    return dataclasses.replace(small_report(), header=False, columns=tuple(columns))


def test_a_role_is_written_by_position_where_there_is_none(
    faked: tuple[FakeDataView, DataPresenter], workspace: Workspace, core: FakeCore, open_project: Callable[[], None]
) -> None:
    core.report = without_header()
    open_project()
    choose_role(faked, 0, Role.TEXT)
    assert (data_of(workspace).columns.text, data_of(workspace).columns.label) == (0, None)


def test_columns_that_take_each_others_role_swap(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    choose_role(opened, 1, Role.LABEL)
    assert (data_of(workspace).columns.text, data_of(workspace).columns.label) == ("category", "text")


def test_a_guessed_role_cannot_be_left_to_nobody(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    opened[0].columns = ()
    choose_role(opened, 1, "")
    assert "has to be the text" in opened[0].warning
    assert opened[0].columns == small_report().columns
    assert not workspace.modified


def test_the_first_row_decides_about_names_so_roles_are_guessed_anew(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    choose_role(opened, 0, Role.LABEL)
    opened[0].header_chosen.emit(False)
    assert data_of(workspace).header is False
    assert data_of(workspace).columns.label is None
