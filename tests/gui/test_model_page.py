"""The model page: its presenter against a fake view, and the whole page with real widgets and clicks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.adapters.starters_model import HEADINGS, SIZE, StartersModel, count_words
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.model import build_page
from desktop_app.pages.model.code_dialog import CodeDialog
from desktop_app.pages.model.contract import ModelSettings
from desktop_app.pages.model.presenter import ModelPresenter
from desktop_app.pages.model.view import ModelView
from desktop_app.pages.model.words import size_words, source_words
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_views import Chooser, FakeNoticeView
from tests.support.small import small_code, small_facts, small_starters
from tests.support.widgets import assert_named, controls_of
from trainer_core.errors import ForeignCode, InputError, PickledWeights
from trainer_core.models.facts import ModelFacts, StarterModel
from trainer_core.models.foreign_code import ModelCode
from trainer_core.project.schema import ModelSection, Pooling

PICKLE = PickledWeights.one(
    "model.source (/m)", "This model has its weights only as a pickle.", "Get the model's safetensors version."
)
PICKLE.folder = Path("/models/m")
FOREIGN = ForeignCode.one("model.source (/m)", "This model needs Python code of its own (2 files).", "Read the code.")
FOREIGN.folder = Path("/models/own")


class FakeModelView(FakeNoticeView):
    """Keeps what it was last told."""

    starter_chosen = Signal(str)
    folder_wanted = Signal()
    hub_chosen = Signal(str)
    max_length_chosen = Signal(int)
    pooling_chosen = Signal(str)
    retry_wanted = Signal()
    convert_wanted = Signal()
    code_wanted = Signal()
    code_allowed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.settings: ModelSettings | None = None
        self.starters: Sequence[StarterModel] = ()
        self.starters_error: Exception | None = None
        self.facts: ModelFacts | None = None
        self.facts_error: Exception | None = None
        self.code: ModelCode | None = None

    def show_starters(self, models: Sequence[StarterModel]) -> None:
        self.starters = models

    def show_starters_error(self, error: Exception) -> None:
        self.starters_error = error

    def show_settings(self, settings: ModelSettings) -> None:
        self.settings = settings

    def show_busy(self) -> None:
        self.mode, self.facts = "busy", None

    def show_facts(self, facts: ModelFacts) -> None:
        self.mode, self.facts = "facts", facts

    def show_facts_error(self, error: Exception) -> None:
        self.mode, self.facts, self.facts_error = "error", None, error

    def show_code(self, code: ModelCode) -> None:
        self.code = code


@pytest.fixture
def faked(workspace: Workspace, chooser: Chooser) -> tuple[FakeModelView, ModelPresenter]:
    view = FakeModelView()
    return view, ModelPresenter(view, workspace, chooser, parent=view)


@pytest.fixture
def opened(
    faked: tuple[FakeModelView, ModelPresenter], open_project: Callable[[], None]
) -> tuple[FakeModelView, ModelPresenter]:
    open_project()
    return faked


def model_of(workspace: Workspace) -> ModelSection:
    assert workspace.project is not None
    return workspace.project.model


# --- the presenter ---------------------------------------------------------------------------------------------------


def test_without_a_project_the_page_is_empty(faked: tuple[FakeModelView, ModelPresenter]) -> None:
    assert (faked[0].mode, faked[1].state, faked[1].problems) == ("empty", PageState.EMPTY, [])


def test_while_the_model_is_looked_at_the_page_is_busy_and_then_all_well(
    faked: tuple[FakeModelView, ModelPresenter], workspace: Workspace, project_file: Path, idle: Callable[[], None]
) -> None:
    view, presenter = faked
    workspace.open(project_file)
    assert (view.mode, presenter.state) == ("busy", PageState.BUSY)
    idle()
    assert (view.mode, presenter.state) == ("facts", PageState.OK)
    assert view.settings == ModelSettings("starter:all-MiniLM-L6-v2", 128, 512, Pooling.AUTO)


def test_a_model_that_cannot_be_used_is_a_problem_and_its_facts_are_gone(
    opened: tuple[FakeModelView, ModelPresenter], workspace: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    view, presenter = opened
    core.facts = PICKLE
    view.starter_chosen.emit("starter:tiny-bert")
    assert view.facts is None
    idle()
    assert (view.mode, view.facts_error, presenter.state) == ("error", PICKLE, PageState.PROBLEM)
    assert presenter.problems == ["This model has its weights only as a pickle. Get the model's safetensors version."]
    core.facts = small_facts()
    view.retry_wanted.emit()
    idle()
    assert (view.mode, presenter.state) == ("facts", PageState.OK)


def test_pickled_weights_are_converted_beside_and_the_project_uses_that(
    opened: tuple[FakeModelView, ModelPresenter],
    workspace: Workspace,
    core: FakeCore,
    idle: Callable[[], None],
    tmp_path: Path,
) -> None:
    view, _ = opened
    error = PickledWeights.one("model.source", "This model has its weights only as a pickle.", "Convert it.")
    error.folder, core.facts = tmp_path / "old", error
    (tmp_path / "old-safetensors").mkdir()  # somebody's own, which stays as it is
    view.starter_chosen.emit("starter:tiny-bert")
    idle()
    core.facts = small_facts()
    view.convert_wanted.emit()
    assert view.mode == "busy"
    idle()
    target = tmp_path.resolve() / "old-safetensors-2"
    assert core.converted == [(tmp_path / "old", target)]
    assert model_of(workspace).source == str(target)
    assert view.mode == "facts"


def test_a_conversion_that_fails_is_told_and_nothing_is_changed(
    opened: tuple[FakeModelView, ModelPresenter], workspace: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    view, _ = opened
    core.facts, core.conversion = PICKLE, InputError.one("/models/m", "Its weights were not opened.", "Use another.")
    view.starter_chosen.emit("starter:tiny-bert")
    idle()
    view.convert_wanted.emit()
    idle()
    assert (view.mode, view.facts_error) == ("error", core.conversion)
    assert model_of(workspace).source == "starter:tiny-bert"


def test_a_models_own_code_is_shown_and_allowed(
    opened: tuple[FakeModelView, ModelPresenter], core: FakeCore, idle: Callable[[], None]
) -> None:
    view, _ = opened
    core.facts = FOREIGN
    view.starter_chosen.emit("starter:tiny-bert")
    idle()
    view.code_wanted.emit()
    idle()
    assert view.code == small_code()
    assert core.allowed == []
    core.facts = small_facts()
    view.code_allowed.emit(view.code)
    idle()
    assert (view.mode, core.allowed) == ("facts", [small_code()])


def test_code_that_changed_while_it_was_read_is_not_allowed(
    opened: tuple[FakeModelView, ModelPresenter], core: FakeCore, idle: Callable[[], None]
) -> None:
    view, _ = opened
    core.facts, core.allowing = FOREIGN, InputError.one("/models/own", "The code has changed since.", "Read it again.")
    view.starter_chosen.emit("starter:tiny-bert")
    idle()
    view.code_allowed.emit(small_code())
    idle()
    assert (view.mode, view.facts_error, core.allowed) == ("error", core.allowing, [])


def test_a_length_beyond_the_model_is_a_problem(
    faked: tuple[FakeModelView, ModelPresenter], core: FakeCore, open_project: Callable[[], None]
) -> None:
    core.facts = dataclasses.replace(small_facts(), max_positions=64)
    open_project()
    view, presenter = faked
    assert presenter.state is PageState.PROBLEM
    assert "64" in presenter.problems[0]
    view.max_length_chosen.emit(64)
    assert (presenter.state, presenter.problems) == (PageState.OK, [])


def test_starters_are_listed_once_and_again_after_a_failure(
    faked: tuple[FakeModelView, ModelPresenter], core: FakeCore, idle: Callable[[], None]
) -> None:
    view, presenter = faked
    broken = OSError("no list")

    def fail() -> list[StarterModel]:
        raise broken

    core.starter_models = fail  # type: ignore[method-assign]
    presenter.load_starters()
    idle()
    assert view.starters_error is broken
    del core.starter_models
    presenter.load_starters()
    presenter.load_starters()
    idle()
    assert view.starters == small_starters()
    assert core.calls.count("starter_models") == 1


def test_a_folder_becomes_the_source(
    opened: tuple[FakeModelView, ModelPresenter], workspace: Workspace, chooser: Chooser, tmp_path: Path
) -> None:
    opened[0].folder_wanted.emit()
    assert not workspace.modified
    chooser.answer = tmp_path
    opened[0].folder_wanted.emit()
    assert model_of(workspace).source == str(tmp_path.resolve())


@pytest.mark.parametrize(
    "text", ["org/name-1.0", " hub:org/name-1.0 ", "https://huggingface.co/org/name-1.0/"], ids=["name", "hub", "url"]
)
def test_a_hub_name_becomes_the_source(
    opened: tuple[FakeModelView, ModelPresenter], workspace: Workspace, text: str
) -> None:
    opened[0].hub_chosen.emit(text)
    assert model_of(workspace).source == "hub:org/name-1.0"


@pytest.mark.parametrize("text", ["two words", "a/b/c", "../x", "ünï/x", "/"])
def test_what_is_no_hub_name_is_refused_in_words(
    opened: tuple[FakeModelView, ModelPresenter], workspace: Workspace, text: str
) -> None:
    opened[0].hub_chosen.emit(text)
    assert "organisation/name" in opened[0].warning
    assert not workspace.modified


def test_a_refused_length_is_explained_and_the_project_shown_again(
    opened: tuple[FakeModelView, ModelPresenter], workspace: Workspace
) -> None:
    view, _ = opened
    view.settings = None
    view.max_length_chosen.emit(2)
    assert model_of(workspace).max_length == 128
    assert "Max length" in str(view.errors[0])
    assert view.settings is not None
    assert view.settings.max_length == 128


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("starter:a", "a (starter model)"),
        ("hub:o/a", "o/a (from the model hub)"),
        ("/home/a", "/home/a (a folder)"),
        ("C:\\models\\a", "C:\\models\\a (a folder)"),
    ],
)
def test_sources_are_told_in_words(source: str, words: str) -> None:
    assert source_words(source) == words


def test_amounts_are_told_in_words() -> None:
    assert [count_words(n) for n in (900, 22_713_216, 1_240_000_000)] == ["900", "22.7 million", "1.24 billion"]
    assert [size_words(n) for n in (900, 90_868_376, 2_500_000_000)] == ["900 bytes", "90.9 MB", "2.5 GB"]


def test_the_table_keeps_the_rules_of_qt(qtmodeltester: object) -> None:
    model = StartersModel()
    model.show_models(small_starters())
    qtmodeltester.check(model)  # type: ignore[attr-defined]


# --- the whole page --------------------------------------------------------------------------------------------------


@pytest.fixture
def page(workspace: Workspace, chooser: Chooser, open_project: Callable[[], None], qtbot: QtBot) -> Page:
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), choose_folder=chooser)
    qtbot.addWidget(page.view)
    page.view.resize(1000, 720)
    page.view.show()
    page.shown()
    open_project()
    return page


@pytest.fixture
def view(page: Page) -> ModelView:
    assert isinstance(page.view, ModelView)
    return page.view


def cell(view: ModelView, row: int, heading: str = "Name") -> str:
    model = view.starters.table.model()
    return str(model.data(model.index(row, HEADINGS.index(heading))))


def test_starters_can_be_sorted_searched_and_chosen(view: ModelView, workspace: Workspace, qtbot: QtBot) -> None:
    table = view.starters.table
    assert [cell(view, row) for row in range(2)] == ["tiny-bert", "✓ all-MiniLM-L6-v2"]
    assert [index.row() for index in table.selectionModel().selectedRows()] == [1]
    header = table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(SIZE) + 10, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert cell(view, 0) == "✓ all-MiniLM-L6-v2"
    qtbot.keyClicks(view.starters.search, "TRYING")
    assert table.model().rowCount() == 1
    assert not workspace.modified
    spot = table.visualRect(table.model().index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert model_of(workspace).source == "starter:tiny-bert"
    assert cell(view, 0) == "✓ tiny-bert"


def test_walking_the_list_with_the_keyboard_chooses_only_on_enter(
    view: ModelView, workspace: Workspace, qtbot: QtBot
) -> None:
    table = view.starters.table
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Up)
    assert view.starters.purpose.text() == "tiny-bert: trying out"
    assert not workspace.modified
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert model_of(workspace).source == "starter:tiny-bert"


def _code_dialogs() -> list[CodeDialog]:
    return [box for box in QApplication.topLevelWidgets() if isinstance(box, CodeDialog) and box.isVisible()]


def test_every_file_of_code_has_to_be_looked_at_before_it_is_allowed(
    view: ModelView, workspace: Workspace, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    core.facts = FOREIGN
    workspace.update(model={"source": "/models/own"})
    idle()
    assert view.facts.code.isVisible()
    assert not view.facts.convert.isVisible()
    qtbot.mouseClick(view.facts.code, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(_code_dialogs()) == 1)
    (dialog,) = _code_dialogs()
    assert_named(controls_of(dialog))
    assert dialog.text.toPlainText() == "A = 1\n"
    assert dialog.text.isReadOnly()
    assert not dialog.allow.isEnabled()
    qtbot.keyClick(dialog.files, Qt.Key.Key_Down)
    assert dialog.text.toPlainText() == "B = '<U+202E>'\n"
    assert dialog.allow.isEnabled()
    core.facts = small_facts()
    qtbot.mouseClick(dialog.allow, Qt.MouseButton.LeftButton)
    idle()
    assert core.allowed == [small_code()]
    assert view.facts.values
    assert not view.facts.code.isVisible()
    qtbot.waitUntil(lambda: not _code_dialogs())


def test_code_that_is_not_allowed_stays_so(
    view: ModelView, workspace: Workspace, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    core.facts = FOREIGN
    workspace.update(model={"source": "/models/own"})
    idle()
    qtbot.mouseClick(view.facts.code, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(_code_dialogs()) == 1)
    (dialog,) = _code_dialogs()
    qtbot.mouseClick(dialog.refuse, Qt.MouseButton.LeftButton)
    idle()
    assert core.allowed == []
    assert not view.facts.values


def test_a_search_without_hit_says_so(view: ModelView, qtbot: QtBot) -> None:
    qtbot.keyClicks(view.starters.search, "klingon")
    assert view.starters.table.model().rowCount() == 0
    assert "klingon" in view.starters.nothing.text()
    assert view.starters.nothing.isVisible()
    view.starters.search.clear()
    assert not view.starters.nothing.isVisible()


def test_the_selection_follows_the_project(view: ModelView, workspace: Workspace) -> None:
    table = view.starters.table
    workspace.update(model={"source": "/some/folder"})
    assert table.selectionModel().selectedRows() == []
    assert view.facts.name.whole_text == "/some/folder (a folder)"
    workspace.update(model={"source": "starter:tiny-bert"})
    assert [index.row() for index in table.selectionModel().selectedRows()] == [0]
    workspace.update(model={"source": "hub:org/name"})
    assert view.others.hub.text() == "org/name"


def test_facts_are_shown_and_go_when_the_model_fails(
    view: ModelView, workspace: Workspace, core: FakeCore, qtbot: QtBot, idle: Callable[[], None]
) -> None:
    assert view.facts.values == {
        "Family": "bert",
        "Parameters": f"{small_facts().tree.parameter_count:,}",
        "Blocks": "6",
        "Hidden size": "384",
        "Longest text": "512 tokens",
        "Vocabulary": "30,522 tokens",
        "On disk": "90.9 MB",
        "Licence": "Apache-2.0",
        "Folder": str(Path("/models/all-MiniLM-L6-v2")),
    }
    core.facts = PICKLE
    workspace.update(model={"source": "/m"})
    assert view.facts.values == {}
    assert view.facts.busy.isVisible()
    idle()
    assert view.facts.values == {}
    assert not view.facts.busy.isVisible()
    assert view.facts.notice.text.endswith("only as a pickle.\nGet the model's safetensors version.")
    core.facts = small_facts()
    qtbot.mouseClick(view.facts.retry, Qt.MouseButton.LeftButton)
    idle()
    assert view.facts.values["Family"] == "bert"
    assert view.facts.notice.text == ""
    assert not view.facts.retry.isVisible()


def test_showing_a_project_does_not_write_it(view: ModelView, workspace: Workspace, idle: Callable[[], None]) -> None:
    assert not workspace.modified
    wanted = ModelSection(source="hub:o/n", max_length=9_999, pooling=Pooling.LAST)
    workspace.update(model=wanted.model_dump())
    idle()
    assert model_of(workspace) == wanted
    assert view.settings.max_length.value() == 9_999
    assert "too long" in view.settings.length_words.text()
    assert view.settings.pooling.currentText() == "Last token"


def test_the_length_is_limited_by_the_model_and_its_consequence_told(
    view: ModelView, workspace: Workspace, qtbot: QtBot
) -> None:
    box = view.settings.max_length
    assert box.maximum() == 512
    assert "cut" in box.toolTip()
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "64")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert model_of(workspace).max_length == 64
    assert view.settings.length_words.text() == "Longer texts are cut. 64 tokens are about 50 English words."


def test_pooling_is_chosen_with_the_keyboard_and_explained(view: ModelView, workspace: Workspace, qtbot: QtBot) -> None:
    view.settings.pooling.setFocus()
    qtbot.keyClicks(view.settings.pooling, "A")
    assert model_of(workspace).pooling is Pooling.MEAN
    assert "average" in view.settings.pooling_words.text().lower()


def test_a_hub_model_needs_a_name_and_tells_of_the_network(view: ModelView, workspace: Workspace, qtbot: QtBot) -> None:
    assert not view.others.take.isEnabled()
    assert "network" in view.others.hub.toolTip()
    qtbot.keyClicks(view.others.hub, "not a name")
    qtbot.mouseClick(view.others.take, Qt.MouseButton.LeftButton)
    assert "organisation/name" in view.notice.text
    view.others.hub.clear()
    qtbot.keyClicks(view.others.hub, "org/name")
    qtbot.keyClick(view.others.hub, Qt.Key.Key_Return)
    assert model_of(workspace).source == "hub:org/name"
    assert view.notice.text == ""


def test_the_page_can_be_as_narrow_as_the_window(view: ModelView, qtbot: QtBot) -> None:
    view.resize(640, 480)
    qtbot.waitUntil(lambda: view.settings.y() > view.facts.y())
    assert view.width() == 640


def test_every_control_has_a_name_and_a_tooltip(view: ModelView) -> None:
    controls = controls_of(view)
    assert len(controls) >= 6
    assert_named(controls)
