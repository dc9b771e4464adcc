"""The task on the Data page: what is offered, what another one changes, and what can be chosen about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from desktop_app.pages.base import PageState
from desktop_app.pages.data import build_page
from desktop_app.pages.data.presenter import DataPresenter
from desktop_app.pages.data.view import DataView
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.widgets.controls import Choice, Decimal, Switch, TextLine, Whole
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_data_view import FakeDataView
from tests.support.fake_views import Chooser
from tests.support.small_data import LABELLED, PAIRS, labels_report, pairs_report, small_task
from tests.support.widgets import assert_named, controls_of
from trainer_core.errors import InputError
from trainer_core.project.schema import Project
from trainer_core.tasks.facts import OptionFacts, TaskFacts

OPTIONAL_PAIRS = "Rating and similarity"


def project_of(workspace: Workspace) -> Project:
    assert workspace.project is not None
    return workspace.project


@pytest.fixture
def presenter(workspace: Workspace, chooser: Chooser, open_project: Callable[[], None]) -> DataPresenter:
    """Return the presenter of an open project, on a fake view."""
    view = FakeDataView()
    presenter = DataPresenter(view, workspace, chooser, parent=view)
    open_project()
    return presenter


@pytest.fixture
def told(presenter: DataPresenter) -> FakeDataView:
    """Return its view."""
    view = presenter.parent()
    assert isinstance(view, FakeDataView)
    return view


@pytest.fixture
def view(workspace: Workspace, open_project: Callable[[], None], qtbot: QtBot) -> DataView:
    """Return the real view of an open project, with its presenter."""
    page = build_page(workspace, Theme(ThemeChoice.LIGHT))
    assert isinstance(page.view, DataView)
    qtbot.addWidget(page.view)
    page.view.resize(1100, 1400)
    page.view.show()
    open_project()
    return page.view


def choose(qtbot: QtBot, view: DataView, title: str) -> None:
    """Choose a task with the keyboard, by the letters its title begins with."""
    view.task.task.setFocus()
    qtbot.keyClick(view.task.task, title[0])
    assert view.task.task.currentText() == title


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    """Click the mark of a button with a text beside it."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


# --- another task ----------------------------------------------------------------------------------------------------


def test_another_task_is_written_and_the_rows_are_read_anew(
    told: FakeDataView, workspace: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    assert [task.name for task in told.tasks] == [
        "classification",
        "multilabel",
        "pair_classification",
        "regression",
        "tagging",
    ]
    core.calls.clear()
    core.report, core.rows = pairs_report(), PAIRS * 100
    told.task_chosen.emit("regression")
    assert (project_of(workspace).task, told.task, told.mode) == ("regression", "regression", "busy")
    idle()
    assert "examine_data" in core.calls
    assert core.outputs[-1] == 1, "the head has one score"
    assert told.mode == "report"
    assert told.counts.title == "Rows by number"
    assert [need.title for need in told.needs] == ["Text", "Second text", "Number"]
    assert told.warning == ""


def test_what_another_task_lets_go_is_said(told: FakeDataView, workspace: Workspace, idle: Callable[[], None]) -> None:
    training = project_of(workspace).training.model_dump() | {"metric": "accuracy"}
    workspace.update(options={"class_weights": "balanced"}, training=training)
    told.task_chosen.emit("regression")
    assert (project_of(workspace).options, project_of(workspace).training.metric) == ({}, "auto")
    assert told.warning == "Let go, because this task knows no such thing: “Class weights”, judging by accuracy."
    idle()
    assert told.warning, "it stays while the rows are read"
    told.task_chosen.emit("classification")
    assert told.warning == ""


def test_the_same_task_once_more_changes_nothing(told: FakeDataView, workspace: Workspace, core: FakeCore) -> None:
    core.calls.clear()
    told.task_chosen.emit("classification")
    assert (workspace.modified, core.calls, told.warning) == (False, [], "")


def test_an_option_that_no_task_knows_goes_when_the_task_is_chosen_once_more(
    presenter: DataPresenter, told: FakeDataView, workspace: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    problem = InputError.one("options.depth", 'The task classification has no option "depth".', "It has none.")
    report, core.report = core.report, problem
    workspace.update(options={"depth": 3})
    idle()
    assert presenter.state is PageState.PROBLEM
    assert presenter.problems == [
        'Depth: The task “Classification” has no option "depth". '
        "Choose the task once more, and what it does not know is let go."
    ]
    core.report = report
    told.task_chosen.emit("classification")
    idle()
    assert (project_of(workspace).options, presenter.state) == ({}, PageState.OK)
    assert "“depth”" in told.warning


def test_tasks_that_are_not_known_yet_are_offered_when_they_are(
    workspace: Workspace, chooser: Chooser, project_file: Path, idle: Callable[[], None]
) -> None:
    view = FakeDataView()
    presenter = DataPresenter(view, workspace, chooser, parent=view)
    workspace.open(project_file)
    assert (view.tasks, view.task, view.options) == ((), "classification", {})
    view.task_chosen.emit("regression")
    assert project_of(workspace).task == "classification"
    idle()
    assert len(view.tasks) == 5
    assert view.options == {"class_weights": "equal", "label_smoothing": 0.0, "focal_gamma": 0.0}
    assert presenter.state is PageState.OK


def test_the_box_offers_the_tasks_by_their_titles(view: DataView, workspace: Workspace, qtbot: QtBot) -> None:
    box = view.task.task
    assert box.currentText() == "Classification"
    assert view.task.summary.text() == "One class for every text."
    assert box.itemData(1, Qt.ItemDataRole.ToolTipRole) == "All labels that hold, for every text"
    choose(qtbot, view, "Several labels")
    assert project_of(workspace).task == "multilabel"
    assert view.task.summary.text() == "All labels that hold, for every text."
    assert box.hasFocus()


def test_a_task_of_which_nothing_is_known_is_shown_by_its_name(view: DataView) -> None:
    view.task.show_tasks((), "token_labels")
    assert (view.task.task.currentText(), view.task.task.isEnabled()) == ("Token labels", False)
    assert not view.task.summary.isVisible()
    view.task.show_tasks((small_task("regression"),), "regression")
    assert [view.task.task.itemText(place) for place in range(view.task.task.count())] == [OPTIONAL_PAIRS]
    assert view.task.task.isEnabled()


# --- columns and rows ------------------------------------------------------------------------------------------------


def test_columns_can_have_the_roles_that_the_task_needs(
    view: DataView, workspace: Workspace, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    def roles() -> list[str]:
        box = view.columns.row(1).role
        return [box.itemText(place) for place in range(box.count())]

    assert roles() == ["Text", "Label", "Not used"]
    core.report, core.rows = pairs_report(), PAIRS
    choose(qtbot, view, OPTIONAL_PAIRS)
    idle()
    assert roles() == ["Text", "Second text", "Number", "Not used"]
    shown = [view.columns.row(place).role.currentText() for place in range(4)]
    assert shown == ["Not used", "Text", "Second text", "Number"]
    box = view.columns.row(0).role
    assert "the text and the second text and learns to answer the number" in box.toolTip()
    box.setFocus()
    qtbot.keyClick(box, "S")
    assert project_of(workspace).data.columns.model_dump(exclude_none=True) == {"second_text": "genre"}


def test_boxes_are_wide_enough_for_the_roles_of_another_task(view: DataView, workspace: Workspace) -> None:
    """Qt keeps the least width of the entries that a box had at first."""
    box = view.columns.row(1).role
    before = box.minimumSizeHint().width()
    report = workspace.report
    assert report is not None
    view.show_columns(report.columns, small_task("regression").needs)
    assert box.minimumSizeHint().width() == box.sizeHint().width() > before


def test_a_guessed_column_that_need_not_be_says_how_to_do_without(
    told: FakeDataView, core: FakeCore, workspace: Workspace, idle: Callable[[], None]
) -> None:
    core.report = pairs_report()
    told.task_chosen.emit("regression")
    idle()
    told.role_chosen.emit(2, "")
    assert "sentence2" in told.warning
    assert "rename the column" in told.warning
    assert project_of(workspace).data.columns.second_text is None


def test_rows_stand_under_the_roles_of_their_cells(
    view: DataView, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    def headings() -> list[Any]:
        model = view.rows.table.model()
        return [model.headerData(place, Qt.Orientation.Horizontal) for place in range(model.columnCount())]

    assert headings() == ["Text", "Label"]
    core.report, core.rows = pairs_report(), PAIRS * 100
    choose(qtbot, view, OPTIONAL_PAIRS)
    idle()
    assert headings() == ["Text", "Second text", "Number"]
    table = view.rows.table
    table.selectRow(1)
    assert view.rows.label.whole_text == "3.6"
    assert view.rows.text.toPlainText() == f"Text: {PAIRS[1][0]}\n\nSecond text: {PAIRS[1][1]}"
    assert table.columnWidth(0) == pytest.approx(table.columnWidth(1), abs=2)
    assert table.columnWidth(2) < table.columnWidth(0)


def test_labels_are_counted_by_rows_of_which_one_may_have_several(
    view: DataView, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    core.report, core.rows = labels_report(), LABELLED * 10
    choose(qtbot, view, "Several labels")
    idle()
    assert view.classes._title.text() == "4 labels"
    assert not view.classes.baseline.isVisible()
    model = view.classes.model
    assert [model.data(model.index(row)) for row in (0, 3)] == ["delay: 402 · 50 %", "luggage: 64 · 7.9 %"]


def test_where_nothing_is_counted_no_room_is_taken(view: DataView, core: FakeCore, workspace: Workspace) -> None:
    view.show_report((), type(view.classes._counts)())
    assert not view.classes.isVisible()


# --- what can be chosen about a task ---------------------------------------------------------------------------------


def test_options_are_chosen_by_click_and_key(
    view: DataView, workspace: Workspace, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    fields = view.options.fields
    assert list(fields) == ["class_weights", "label_smoothing", "focal_gamma"]
    weights, smoothing, gamma = (field.control for field in fields.values())
    assert isinstance(weights, Choice)
    qtbot.keyClick(weights, Qt.Key.Key_Down)
    assert project_of(workspace).options == {"class_weights": "balanced"}
    assert isinstance(gamma, Decimal)
    gamma.stepUp()
    assert project_of(workspace).options == {"class_weights": "balanced", "focal_gamma": 0.5}
    assert isinstance(smoothing, Decimal)
    smoothing.selectAll()
    qtbot.keyClicks(smoothing, "0.15")
    qtbot.keyClick(smoothing, Qt.Key.Key_Return)
    assert project_of(workspace).options["label_smoothing"] == 0.15
    qtbot.keyClick(weights, Qt.Key.Key_Up)
    gamma.stepDown()
    assert project_of(workspace).options == {"label_smoothing": 0.15}, "what holds anyway is not written"
    idle()


def test_a_number_stays_between_the_least_and_the_most(view: DataView, workspace: Workspace, qtbot: QtBot) -> None:
    gamma = view.options.fields["focal_gamma"].control
    assert isinstance(gamma, Decimal)
    assert (gamma.minimum(), gamma.maximum()) == (0.0, 10.0)
    gamma.stepDown()
    assert project_of(workspace).options == {}
    gamma.setValue(99.0)
    assert project_of(workspace).options == {"focal_gamma": 10.0}


def test_a_switch_and_a_text(view: DataView, workspace: Workspace, qtbot: QtBot, idle: Callable[[], None]) -> None:
    choose(qtbot, view, "Several labels")
    idle()
    assert list(view.options.fields) == ["separator", "tune_thresholds"]
    line, switch = (field.control for field in view.options.fields.values())
    assert isinstance(switch, Switch)
    assert switch.isChecked()
    click(qtbot, switch)
    assert project_of(workspace).options == {"tune_thresholds": False}
    assert isinstance(line, TextLine)
    assert line.placeholderText() == "choose for me"
    qtbot.keyClicks(line, " / ")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert project_of(workspace).options["separator"] == " / ", "white space may be what matters"
    click(qtbot, switch)
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert project_of(workspace).options == {}


def test_a_task_without_options_has_no_card_for_them(
    view: DataView, workspace: Workspace, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    """Thaw's own tasks have some; one of another package may have none."""
    *others, tagging = workspace.tasks.all
    workspace.tasks.take([*others, dataclasses.replace(tagging, options=())])
    assert view.options.isVisible()
    choose(qtbot, view, "Tagging")
    idle()
    assert not view.options.isVisible()
    assert view.options.fields == {}


def test_a_whole_number_and_one_without_ends(view: DataView, workspace: Workspace) -> None:
    options = (
        OptionFacts("beams", "Beams", "How many answers are followed", 4, least=1, most=16),
        OptionFacts("penalty", "Penalty", "For long answers", 1.0),
    )
    view.show_options(options, {"beams": 8})
    beams, penalty = (field.control for field in view.options.fields.values())
    assert isinstance(beams, Whole)
    assert (beams.value(), beams.minimum(), beams.maximum()) == (8, 1, 16)
    assert isinstance(penalty, Decimal)
    assert penalty.value() == 1.0
    penalty.setValue(-20.5)
    assert penalty.value() == -20.5


def test_a_value_that_the_task_refuses_is_shown_as_far_as_it_can_be(view: DataView) -> None:
    task: TaskFacts = small_task("classification")
    view.show_options(task.options, {"class_weights": "heavy", "label_smoothing": "much", "focal_gamma": True})
    weights, smoothing, gamma = (field.control for field in view.options.fields.values())
    assert isinstance(weights, Choice)
    assert weights.currentText() == "heavy"
    assert isinstance(smoothing, Decimal)
    assert isinstance(gamma, Decimal)
    assert (smoothing.value(), gamma.value()) == (0.0, 0.0)


def test_every_control_has_a_name_and_a_tooltip(
    view: DataView, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    assert_named(controls_of(view))
    choose(qtbot, view, "Several labels")
    idle()
    assert_named(controls_of(view))
