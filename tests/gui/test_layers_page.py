"""The Layers page: the logic against a fake view, then the real widgets with real clicks and keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.adapters.layer_model import Column, LayerModel
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.layers import build_page
from desktop_app.pages.layers.presenter import LayersPresenter
from desktop_app.pages.layers.view import LayersPage
from desktop_app.pages.layers.words import LayersSummary, names_up_to
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace
from tests.support.fake_views import FakeWaitingView
from tests.support.layers_pages import fill
from tests.support.small import small_facts, small_tree
from trainer_core.errors import InputError
from trainer_core.layers.freeze import match_rule, resolve_freeze

CHECK = Qt.ItemDataRole.CheckStateRole
CHECKED, UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class FakeView(FakeWaitingView):
    """Remembers what it is told."""

    stage_picked = Signal(int)
    preset_wished = Signal(str)
    top_wished = Signal(int)
    adapters_wished = Signal(int)
    only_wished = Signal(str)
    freeze_up_to_wished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.summary: LayersSummary | None = None
        self.stages: tuple[list[str], int] = ([], 0)

    def set_model(self, model: LayerModel) -> None:
        self.model = model

    def set_undo_actions(self, undo: QAction, redo: QAction) -> None:
        self.undo, self.redo = undo, redo

    def set_stages(self, names: list[str], chosen: int) -> None:
        self.stages = (names, chosen)

    def set_block_count(self, count: int) -> None:
        self.block_count = count

    def set_adaptable(self, adaptable: bool) -> None:
        self.adaptable = adaptable

    def set_summary(self, summary: LayersSummary) -> None:
        self.summary = summary

    def set_forecast(self, words: ForecastWords | None) -> None:
        self.forecast = words


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, filled: Workspace) -> LayersPresenter:
    return LayersPresenter(view, filled)


def tick(presenter: LayersPresenter, path: str, state: Qt.CheckState = CHECKED) -> None:
    node = next(node for node in presenter.model.tree.nodes if node.path == path)
    assert presenter.model.setData(presenter.model.index_of(node), state.value, CHECK)


def rules(workspace: Workspace, place: int = 0) -> tuple[str, ...]:
    return workspace.stages()[place].train


# --- the logic ---------------------------------------------------------------------------------------------------


def test_without_a_project_without_facts_and_with_an_error_it_says_so(workspace: Workspace, view: FakeView) -> None:
    presenter = LayersPresenter(view, workspace)
    assert (view.shown, presenter.state) == ("No project is open", PageState.EMPTY)
    fill(workspace)
    workspace.facts = None
    workspace.facts_changed.emit()
    assert (view.shown, presenter.state) == ("Looking at the model…", PageState.BUSY)
    workspace.facts_error = InputError.one("starter:x", "This model is not known.", "Choose another.")
    workspace.facts_changed.emit()
    assert view.shown == "error: starter:x: This model is not known. Choose another."


def test_the_look_again_button_asks_the_workspace(qtbot: QtBot, view: FakeView, filled: Workspace) -> None:
    presenter = LayersPresenter(view, filled)
    with qtbot.waitSignal(filled.facts_changed, check_params_cb=lambda: filled.facts is not None):
        view.look_again_wished.emit()
    assert "inspect_model" in filled.core.calls
    filled.jobs.wait()
    qtbot.waitUntil(lambda: not filled.jobs.is_busy)
    assert presenter.state is PageState.OK


def test_a_tick_becomes_rules_of_the_stage_and_default_stages_the_projects_own(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    assert workspace.project.stage == ()
    tick(presenter, "encoder.layer.5")
    assert rules(workspace) == ("head", "top:1")
    assert [stage.name for stage in workspace.project.stage] == ["head", "top", "all"]
    assert view.summary.learning == "1,776,774 of 22,567,686"
    assert view.summary.share == "7.9 %"
    assert view.summary.tensors == "18 of 103 tensors"
    assert view.summary.checkpoint == "7.1 MB"
    assert view.summary.rules == "head, top:1"


def test_ticks_hold_for_the_chosen_stage_only(presenter: LayersPresenter, view: FakeView, workspace: Workspace) -> None:
    view.stage_picked.emit(1)
    assert view.stages == (["head", "top", "all"], 1)
    assert presenter.model.trainable == resolve_freeze(("head", "top:2"), small_tree()).trainable
    tick(presenter, "embeddings")
    assert rules(workspace, 0) == ("head",)
    assert rules(workspace, 1) == ("head", "embeddings", "top:2")


def test_freezing_everything_is_shown_and_forbids_training(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    tick(presenter, "head", UNCHECKED)
    assert rules(workspace) == ("!all",)
    assert presenter.model.trainable == frozenset()
    assert "Nothing is left to train" in view.problem
    assert presenter.state is PageState.PROBLEM
    assert len(presenter.problems) == 1
    assert presenter.problems[0].startswith('Stage 1, "head": ')
    tick(presenter, "head")
    assert (presenter.state, presenter.problems, view.problem) == (PageState.OK, [], "")


def test_rules_changed_elsewhere_are_followed_without_a_reset(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(presenter.model.modelReset):
        workspace.replace_stage(0, train=("all", "!embeddings"))
    assert presenter.model.trainable == resolve_freeze(("all", "!embeddings"), small_tree()).trainable
    assert view.summary.words == "everything, not the embeddings"


def test_a_rule_that_matches_nothing_is_named_and_the_others_are_shown(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    workspace.replace_stage(0, train=("head", "encoder.layer.77"))
    assert presenter.model.trainable == match_rule("head", small_tree())
    assert '"encoder.layer.77" matches no layer' in view.problem
    assert presenter.state is PageState.PROBLEM


@pytest.mark.parametrize(
    ("wish", "value", "expected"),
    [
        ("preset_wished", "head only", ("head",)),
        ("preset_wished", "everything", ("all",)),
        ("preset_wished", "norms and biases", ("head", "norms", "biases")),
        ("preset_wished", "embeddings frozen", ("all", "!embeddings")),
        ("top_wished", 3, ("head", "top:3")),
        ("only_wished", "encoder.layer.2", ("encoder.layer.2",)),
        ("only_wished", "", ("all",)),
    ],
)
def test_ready_made_choices(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace, wish: str, value: Any, expected: tuple[str, ...]
) -> None:
    view.stage_picked.emit(1)
    getattr(view, wish).emit(value)
    assert rules(workspace, 1) == expected
    assert presenter.model.trainable == resolve_freeze(expected, small_tree()).trainable


def test_freeze_up_to_here_freezes_the_layer_and_all_nearer_the_input(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    view.preset_wished.emit("everything")
    view.freeze_up_to_wished.emit("encoder.layer.3.attention")
    learning = presenter.model.trainable
    assert not any(name.startswith(("embeddings", "encoder.layer.0", "encoder.layer.2")) for name in learning)
    assert not any(name.startswith("encoder.layer.3.attention") for name in learning)
    assert "encoder.layer.3.output.dense.weight" in learning
    assert match_rule("top:2", small_tree()) | match_rule("head", small_tree()) <= learning


def test_freeze_up_to_here_never_thaws(presenter: LayersPresenter, view: FakeView, workspace: Workspace) -> None:
    view.freeze_up_to_wished.emit("encoder.layer.0")
    assert rules(workspace) == ("head",)
    tree = small_tree()
    assert names_up_to(tree.root, tree) == {parameter.name for parameter in tree.parameters}


def test_ticks_are_undone_and_redone_across_stages(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    tick(presenter, "embeddings")
    view.stage_picked.emit(1)
    view.preset_wished.emit("everything")
    view.undo.trigger()
    assert rules(workspace, 1) == ("head", "top:2")
    view.undo.trigger()
    assert (rules(workspace, 0), workspace.stage) == (("head",), 0)
    assert not view.undo.isEnabled()
    view.redo.trigger()
    view.redo.trigger()
    assert (rules(workspace, 0), rules(workspace, 1)) == (("head", "embeddings"), ("all",))


def test_undo_forgets_when_the_rules_were_changed_elsewhere_but_not_for_other_values(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    tick(presenter, "embeddings")
    workspace.replace_stage(0, learning_rate=0.5)
    assert view.undo.isEnabled()
    workspace.replace_stage(1, train=("all",))
    assert not view.undo.isEnabled()


# --- the widgets -------------------------------------------------------------------------------------------------


@pytest.fixture
def page(qtbot: QtBot, filled: Workspace) -> Page:
    page = build_page(filled, Theme())
    qtbot.addWidget(page.view)
    page.view.resize(1000, 800)
    with qtbot.waitExposed(page.view):
        page.view.show()
    return page


def widgets(page: Page) -> LayersPage:
    assert isinstance(page.view, LayersPage)
    return page.view


def row_of(page: Page, path: str) -> QModelIndex:
    model, tree = page.presenter.model, widgets(page).tree
    node = next(node for node in model.tree.nodes if node.path == path)
    return tree.filter.mapFromSource(model.index_of(node))


def box_of(page: Page, path: str) -> QPoint:
    """Return the middle of the box of a row."""
    tree, index = widgets(page).tree, row_of(page, path)
    tree.scrollTo(index)
    option = QStyleOptionViewItem()
    option.initFrom(tree)
    option.rect = tree.visualRect(index)
    tree.itemDelegate().initStyleOption(option, index)
    return tree.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, tree).center()


def click_box(qtbot: QtBot, page: Page, path: str) -> None:
    qtbot.mouseClick(widgets(page).tree.viewport(), Qt.MouseButton.LeftButton, pos=box_of(page, path))


def test_the_page_names_itself(page: Page) -> None:
    assert (page.key, page.title) == ("layers", "Layers")


def test_a_click_on_the_box_ticks_and_a_partial_parent_becomes_whole(
    qtbot: QtBot, page: Page, workspace: Workspace
) -> None:
    click_box(qtbot, page, "encoder.layer.5")
    assert rules(workspace) == ("head", "top:1")
    click_box(qtbot, page, "encoder")
    assert rules(workspace) == ("head", "blocks")
    click_box(qtbot, page, "encoder")
    assert rules(workspace) == ("head",)


def test_a_click_beside_the_box_does_not_tick(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    tree = widgets(page).tree
    beside = tree.visualRect(row_of(page, "encoder.layer.5").siblingAtColumn(Column.MEANING)).center()
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert tree.current_path == "encoder.layer.5"
    assert rules(workspace) == ("head",)


def test_space_ticks_the_current_row_whichever_its_column(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    tree = widgets(page).tree
    tree.setCurrentIndex(row_of(page, "embeddings").siblingAtColumn(Column.SHARE))
    qtbot.keyClick(tree, Qt.Key.Key_Space)
    assert rules(workspace) == ("head", "embeddings")
    qtbot.keyClick(tree, Qt.Key.Key_Space)
    assert rules(workspace) == ("head",)


def test_typing_filters_keeps_what_is_above_and_clearing_folds_as_before(
    qtbot: QtBot, page: Page, workspace: Workspace
) -> None:
    tree, search = widgets(page).tree, widgets(page).search
    tree.expand(row_of(page, "encoder.layer.1"))
    tree.collapse(row_of(page, "embeddings"))
    qtbot.keyClicks(search, "attention layernorm")
    assert row_of(page, "encoder.layer.0.attention.output.LayerNorm").isValid()
    assert tree.isExpanded(row_of(page, "encoder.layer.0"))
    assert not row_of(page, "embeddings").isValid()
    assert not row_of(page, "encoder.layer.0.intermediate").isValid()
    assert widgets(page).found.isVisible()
    click_box(qtbot, page, "encoder.layer.0.attention.output.LayerNorm")
    assert rules(workspace) == ("head", "encoder.layer.0.attention.output.LayerNorm")
    search.clear()
    assert tree.isExpanded(row_of(page, "encoder.layer.1"))
    assert not tree.isExpanded(row_of(page, "encoder.layer.0"))
    assert not widgets(page).found.isVisible()


def test_a_search_without_a_hit_says_so(qtbot: QtBot, page: Page) -> None:
    qtbot.keyClicks(widgets(page).search, "xyzzy")
    assert widgets(page).found.text() == "No layer matches."


def test_a_tick_leaves_the_tree_unfolded_where_it_was(qtbot: QtBot, page: Page) -> None:
    tree = widgets(page).tree
    tree.expand(row_of(page, "encoder.layer.1.attention"))
    tree.expand(row_of(page, "encoder.layer.1"))
    with qtbot.assertNotEmitted(page.presenter.model.modelReset):
        click_box(qtbot, page, "encoder.layer.1")
    assert tree.isExpanded(row_of(page, "encoder.layer.1"))


def test_buttons_menu_and_undo_keys(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    view = widgets(page)
    qtbot.mouseClick(view.presets.buttons["everything"], Qt.MouseButton.LeftButton)
    assert rules(workspace) == ("all",)
    view.presets.top.count.setValue(4)
    qtbot.mouseClick(view.presets.top.button, Qt.MouseButton.LeftButton)
    assert rules(workspace) == ("head", "top:4")
    view.tree.setCurrentIndex(row_of(page, "encoder.layer.4"))
    qtbot.mouseClick(view.freeze, Qt.MouseButton.LeftButton)
    assert rules(workspace) == ("head", "top:1")
    next(action for action in view.build_menu().actions() if "only" in action.text()).trigger()
    assert rules(workspace) == ("encoder.layer.4",)
    view.tree.setFocus()
    qtbot.keyClick(view.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert rules(workspace) == ("head", "top:1")
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(view.tree, Qt.Key.Key_Z, both)
    assert rules(workspace) == ("encoder.layer.4",)


def test_the_amounts_follow_every_tick(qtbot: QtBot, page: Page) -> None:
    summary = widgets(page).summary
    assert summary.learning.text == "2,310 of 22,567,686"
    click_box(qtbot, page, "")
    assert (summary.learning.text, summary.share.text) == ("22,567,686 of 22,567,686", "100 %")
    assert summary.checkpoint.text == "90.3 MB"
    assert "everything" in summary.rules.text()


def test_another_model_replaces_the_tree_and_shows_its_blocks(page: Page, workspace: Workspace) -> None:
    fill(workspace, workspace.project, blocks=40)
    tree = widgets(page).tree
    assert tree.isExpanded(row_of(page, "encoder.layer"))
    assert widgets(page).presets.top.count.maximum() == 40


def test_the_error_page_tells_the_remedy(page: Page, workspace: Workspace) -> None:
    workspace.facts, workspace.facts_error = None, InputError.one("x", "No such model.", "Choose another.")
    workspace.facts_changed.emit()
    assert "Choose another." in widgets(page).error.text
    workspace.facts, workspace.facts_error = small_facts(), None
    workspace.facts_changed.emit()
    assert widgets(page).tree.isVisible()


def test_the_page_fits_900_pixels(page: Page) -> None:
    assert page.view.minimumSizeHint().width() <= 700
