"""The data page: its presenter against a fake view, and the whole page with real widgets and clicks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QUrl, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox
from pytestqt.qtbot import QtBot

from desktop_app.adapters.class_shares import LENGTH_ROLE, NUMBERS_ROLE
from desktop_app.adapters.rows_model import RowsModel
from desktop_app.background.jobs import Jobs
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.data import build_page
from desktop_app.pages.data.contract import DataSettings
from desktop_app.pages.data.presenter import DataPresenter
from desktop_app.pages.data.view import DataView
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import LABELS, SAMPLE, FakeCore, small_report
from trainer_core.data.report import ColumnInfo, ColumnRole, DataReport, Finding, Severity, SplitInfo
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import DataSection


class FakeDataView(QObject):
    """Keeps what it was last told."""

    file_dropped = Signal(str)
    file_wanted = Signal()
    reread_wanted = Signal()
    role_chosen = Signal(int, str)
    guess_wanted = Signal()
    header_chosen = Signal(object)
    validation_file_wanted = Signal()
    share_chosen = Signal(float)
    limit_chosen = Signal(object)
    skip_chosen = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.mode = ""
        self.settings: DataSettings | None = None
        self.columns: Sequence[ColumnInfo] = ()
        self.findings: Sequence[Finding] = ()
        self.splits: Sequence[SplitInfo] = ()
        self.baseline = ""
        self.failure: Exception | None = None
        self.rows: RowsModel | None = None
        self.count = (0, 0)
        self.errors: list[Exception] = []
        self.warning = ""

    def show_empty(self) -> None:
        self.mode = "empty"

    def show_settings(self, settings: DataSettings) -> None:
        self.settings = settings

    def show_columns(self, columns: Sequence[ColumnInfo]) -> None:
        self.columns = columns

    def show_busy(self) -> None:
        self.mode = "busy"

    def show_report(self, findings: Sequence[Finding], splits: Sequence[SplitInfo], baseline: str) -> None:
        self.mode, self.findings, self.splits, self.baseline = "report", findings, splits, baseline

    def show_failure(self, findings: Sequence[Finding], error: Exception | None) -> None:
        self.mode, self.findings, self.failure = "failure", findings, error

    def set_rows(self, rows: RowsModel) -> None:
        self.rows = rows

    def show_row_count(self, shown: int, total: int) -> None:
        self.count = (shown, total)

    def show_error(self, error: Exception) -> None:
        self.errors.append(error)

    def show_warning(self, text: str) -> None:
        self.warning = text

    def clear_notice(self) -> None:
        self.errors, self.warning = [], ""


class Chooser:
    """Stands for the file dialog: answers with what was put in."""

    def __init__(self) -> None:
        self.answer: Path | None = None
        self.asked: list[tuple[str, Path]] = []

    def __call__(self, title: str, folder: Path) -> Path | None:
        self.asked.append((title, folder))
        return self.answer


@pytest.fixture
def workspace(qapp: QApplication, core: FakeCore) -> Iterator[Workspace]:
    jobs = Jobs()
    yield Workspace(core, jobs)
    jobs.wait()


@pytest.fixture
def chooser() -> Chooser:
    return Chooser()


@pytest.fixture
def idle(qtbot: QtBot, workspace: Workspace) -> Callable[[], None]:
    return lambda: qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


@pytest.fixture
def faked(workspace: Workspace, chooser: Chooser) -> tuple[FakeDataView, DataPresenter]:
    view = FakeDataView()
    return view, DataPresenter(view, workspace, chooser, parent=view)


@pytest.fixture
def opened(
    faked: tuple[FakeDataView, DataPresenter], workspace: Workspace, project_file: Path, idle: Callable[[], None]
) -> tuple[FakeDataView, DataPresenter]:
    workspace.open(project_file)
    idle()
    return faked


def data_of(workspace: Workspace) -> DataSection:
    assert workspace.project is not None
    return workspace.project.data


# --- the presenter ---------------------------------------------------------------------------------------------------


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
    assert view.baseline == "Always answering “Billing” would be right for 22 %."
    assert [split.name for split in view.splits] == ["train", "validation"]
    assert view.settings is not None
    assert (view.settings.name, view.settings.header_found) == ("tickets.tsv", True)


def test_findings_that_forbid_training_are_problems_in_the_words_of_the_window(
    faked: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    core: FakeCore,
    project_file: Path,
    idle: Callable[[], None],
) -> None:
    remedy = "Fill them in, or leave them out with data.skip_incomplete = true."
    error = Finding(Severity.ERROR, "tickets.tsv", "2 rows without a text: row 3, 4.", remedy, (3, 4))
    core.report = dataclasses.replace(small_report(), findings=(error, *small_report().findings))
    workspace.open(project_file)
    idle()
    assert faked[1].state is PageState.PROBLEM
    assert faked[1].problems == [
        "2 rows without a text: row 3, 4. Fill them in, or tick “Leave out incomplete rows”.",
    ]


def test_a_file_that_cannot_be_read_is_shown_problem_by_problem(
    faked: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    core: FakeCore,
    project_file: Path,
    idle: Callable[[], None],
) -> None:
    problems = [
        Problem("data.columns.text", "t.tsv has no column “x”.", "Its columns are: a."),
        Problem("t.tsv", "Bad."),
    ]
    core.report = InputError(problems)
    workspace.open(project_file)
    idle()
    view, presenter = faked
    assert (view.mode, view.failure, presenter.state) == ("failure", None, PageState.PROBLEM)
    assert [finding.what for finding in view.findings] == ["t.tsv has no column “x”.", "Bad."]
    assert presenter.problems == ["t.tsv has no column “x”. Its columns are: a.", "t.tsv: Bad."]
    assert view.rows is not None
    assert view.rows.rowCount() == 0


def test_an_error_nobody_foresaw_is_shown_whole(
    faked: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    core: FakeCore,
    project_file: Path,
    idle: Callable[[], None],
) -> None:
    core.report = ZeroDivisionError("oh")
    workspace.open(project_file)
    idle()
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
    faked: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    core: FakeCore,
    project_file: Path,
    idle: Callable[[], None],
) -> None:
    core.rows = OSError("the disk is gone")
    workspace.open(project_file)
    idle()
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


def choose_role(opened: tuple[FakeDataView, DataPresenter], position: int, role: ColumnRole) -> None:
    opened[0].role_chosen.emit(position, role.value)


def test_a_role_is_written_by_name_where_there_is_a_header(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    choose_role(opened, 0, ColumnRole.LABEL)
    assert (data_of(workspace).columns.text, data_of(workspace).columns.label) == (None, "id")


def without_header() -> DataReport:
    columns = [dataclasses.replace(c, name=f"column {c.position}") for c in small_report().columns]
    return dataclasses.replace(small_report(), header=False, columns=tuple(columns))


def test_a_role_is_written_by_position_where_there_is_none(
    faked: tuple[FakeDataView, DataPresenter],
    workspace: Workspace,
    core: FakeCore,
    project_file: Path,
    idle: Callable[[], None],
) -> None:
    core.report = without_header()
    workspace.open(project_file)
    idle()
    choose_role(faked, 0, ColumnRole.TEXT)
    assert (data_of(workspace).columns.text, data_of(workspace).columns.label) == (0, None)


def test_columns_that_take_each_others_role_swap(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    choose_role(opened, 1, ColumnRole.LABEL)
    assert (data_of(workspace).columns.text, data_of(workspace).columns.label) == ("category", "text")


def test_a_guessed_role_cannot_be_left_to_nobody(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    opened[0].columns = ()
    choose_role(opened, 1, ColumnRole.IGNORE)
    assert "has to be the text" in opened[0].warning
    assert opened[0].columns == small_report().columns
    assert not workspace.modified


def test_the_first_row_decides_about_names_so_roles_are_guessed_anew(
    opened: tuple[FakeDataView, DataPresenter], workspace: Workspace
) -> None:
    choose_role(opened, 0, ColumnRole.LABEL)
    opened[0].header_chosen.emit(False)
    assert data_of(workspace).header is False
    assert data_of(workspace).columns.label is None


# --- the whole page --------------------------------------------------------------------------------------------------


@pytest.fixture
def page(workspace: Workspace, chooser: Chooser, project_file: Path, qtbot: QtBot, idle: Callable[[], None]) -> Page:
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), choose_file=chooser)
    qtbot.addWidget(page.view)
    page.view.resize(1100, 720)
    page.view.show()
    workspace.open(project_file)
    idle()
    return page


@pytest.fixture
def view(page: Page) -> DataView:
    assert isinstance(page.view, DataView)
    return page.view


def pick(qtbot: QtBot, box: QComboBox, letter: str) -> None:
    """Choose the entry that begins with a letter, with the keyboard."""
    box.setFocus()
    qtbot.keyClicks(box, letter)


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    """Click the mark of a button with a text beside it."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def test_showing_a_project_does_not_write_it(page: Page, workspace: Workspace, view: DataView) -> None:
    assert not workspace.modified
    changed = DataSection(
        train="tickets.tsv", validation_share=0.333, limit=77, header=False, skip_incomplete=True, columns={"text": 0}
    )
    workspace.update(data=changed.model_dump())
    assert data_of(workspace) == changed
    assert (view.reading.limit.value(), view.reading.skip.isChecked()) == (77, True)
    assert view.validation.share.value() == 33.3
    assert view.reading.header.currentText() == "No names"


def test_roles_are_changed_with_the_box_and_guesses_are_marked(
    view: DataView, workspace: Workspace, qtbot: QtBot
) -> None:
    rows = [view.columns.row(place) for place in range(3)]
    assert [row.role.currentText() for row in rows] == ["Not used", "Text", "Label"]
    assert [row.guessed.isVisible() for row in rows] == [False, True, True]
    assert not view.columns.guess.isVisible()
    pick(qtbot, rows[0].role, "L")
    assert data_of(workspace).columns.label == "id"
    assert view.columns.guess.isVisible()
    qtbot.mouseClick(view.columns.guess, Qt.MouseButton.LeftButton)
    assert data_of(workspace).columns.label is None


def test_while_busy_no_role_can_be_chosen_and_the_keyboard_comes_back(
    view: DataView, workspace: Workspace, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    box = view.columns.row(0).role
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    workspace.examine_data()
    assert not box.isEnabled()
    idle()
    assert box.isEnabled()
    assert box.hasFocus()


def test_reading_is_set_with_clicks(view: DataView, workspace: Workspace, qtbot: QtBot) -> None:
    assert view.reading.header.currentText() == "Find out (names)"
    click(qtbot, view.reading.skip)
    assert data_of(workspace).skip_incomplete
    assert not view.reading.limit.isEnabled()
    click(qtbot, view.reading.limited)
    assert data_of(workspace).limit == 1_000
    view.reading.limit.selectAll()
    qtbot.keyClicks(view.reading.limit, "250")
    assert data_of(workspace).limit == 1_000
    qtbot.keyClick(view.reading.limit, Qt.Key.Key_Return)
    assert data_of(workspace).limit == 250
    click(qtbot, view.reading.limited)
    assert data_of(workspace).limit is None


def test_validation_goes_back_when_the_dialog_is_closed(
    view: DataView, workspace: Workspace, qtbot: QtBot, chooser: Chooser, tmp_path: Path
) -> None:
    panel = view.validation
    click(qtbot, panel.by_file)
    assert len(chooser.asked) == 1
    assert panel.by_share.isChecked()
    chooser.answer = tmp_path / "dev.tsv"
    click(qtbot, panel.by_file)
    assert panel.by_file.isChecked()
    assert panel.file.whole_text == "dev.tsv"
    assert not panel.share.isEnabled()
    click(qtbot, panel.by_share)
    assert data_of(workspace).validation_share == 0.1
    panel.share.stepBy(5)
    assert data_of(workspace).validation_share == 0.15


def test_clicking_the_share_that_holds_already_writes_nothing(
    view: DataView, workspace: Workspace, qtbot: QtBot
) -> None:
    click(qtbot, view.validation.by_share)
    assert not workspace.modified


def test_findings_tell_severity_in_words(view: DataView) -> None:
    words = [row.words for row in view.findings.findings]
    assert words[0] == [
        "Warning · tickets.tsv",
        'The label "Billling" looks like "Billing" (3 rows).',
        "Correct the spelling in the file, or keep both classes.",
        "See rows 17, 203, 411.",
        "“I was billed for something I did not order”",
    ]
    assert len(words) == 2


def test_class_shares_are_shown_per_split_largest_first(view: DataView, qtbot: QtBot) -> None:
    model = view.classes.model
    assert [model.data(model.index(row)) for row in range(2)] == ["Billing: 132 · 23 %", "Account: 120 · 21 %"]
    assert model.data(model.index(0), LENGTH_ROLE) == 1.0
    assert model.data(model.index(5), NUMBERS_ROLE) == "52 · 9.0 %"
    qtbot.mouseClick(view.classes.split_button(1), Qt.MouseButton.LeftButton)
    assert model.data(model.index(0)) == "Billing: 14 · 22 %"
    assert model.rowCount() == len(LABELS)


def test_a_chosen_row_is_shown_whole(view: DataView, qtbot: QtBot, core: FakeCore) -> None:
    table = view.rows.table
    assert view.rows.count.text() == "600 rows"
    place = table.visualRect(table.model().index(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.rows.text.toPlainText() == SAMPLE[1][0]
    assert view.rows.label.whole_text == SAMPLE[1][1]
    qtbot.keyClick(table, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: view.rows.text.toPlainText() == SAMPLE[599 % len(SAMPLE)][0])


def test_an_unforeseen_error_is_shown_and_the_old_report_gone(
    page: Page, view: DataView, workspace: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    core.report = RuntimeError("the reader broke")
    workspace.examine_data()
    idle()
    assert "the reader broke" in view.findings.notice.text
    assert view.findings.findings == []
    assert view.classes.model.rowCount() == 0
    assert page.presenter.state is PageState.PROBLEM


def drop(view: DataView, mime: QMimeData) -> bool:
    """Drag something over the page and let go; return whether it was taken."""
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, left, none)
    enter.ignore()
    QApplication.sendEvent(view, enter)
    if enter.isAccepted():
        QApplication.sendEvent(view, QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, left, none))
    return enter.isAccepted()


@pytest.mark.filterwarnings("ignore:Function. 'QDragEnterEvent:DeprecationWarning")  # newer ones take a QPointF
def test_a_file_can_be_dropped_anywhere_on_the_page(view: DataView, workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("a,b\n", encoding="utf-8")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    assert drop(view, mime)
    assert data_of(workspace).train == "new.csv"


def test_a_dropped_text_is_not_taken(view: DataView, workspace: Workspace) -> None:
    mime = QMimeData()
    mime.setText("not a file")
    assert not drop(view, mime)
    assert not workspace.modified


def test_the_report_moves_below_the_columns_where_there_is_no_room(view: DataView, qtbot: QtBot) -> None:
    wide = view.findings.mapTo(view, view.findings.rect().topLeft())
    assert wide.x() > view.rows.mapTo(view, view.rows.rect().topRight()).x()
    view.resize(700, 600)
    qtbot.waitUntil(lambda: view.findings.mapTo(view, view.findings.rect().topLeft()).x() < 100)
    assert view.width() == 700
    view.resize(1100, 600)
    qtbot.waitUntil(lambda: view.findings.mapTo(view, view.findings.rect().topLeft()).x() > 600)


def test_every_control_has_a_name_and_a_tooltip(view: DataView) -> None:
    controls: list[Any] = [
        widget
        for kind in (QAbstractButton, QAbstractSpinBox, QComboBox)
        for widget in view.findChildren(kind)
        if widget.objectName() == "" and widget.isVisible()
    ]
    assert len(controls) > 10
    for control in controls:
        words = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert words, control
        assert control.toolTip(), words
