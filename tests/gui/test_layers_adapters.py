"""Adapters on the Layers page: the logic against a fake view, then real buttons, menus and keys."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.adapters.layer_model import ADAPTER_ROLE
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.layers import build_page
from desktop_app.pages.layers.presenter import LayersPresenter
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace
from tests.gui.test_layers_page import FakeView, click_box, row_of, rules, tick, widgets
from tests.support.small import small_facts, small_tree
from trainer_core.layers.freeze import adapted_tree, match_rule, resolve_freeze
from trainer_core.layers.tree import ParameterSpec, build_layer_tree
from trainer_core.models.facts import Telling


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, filled: Workspace) -> LayersPresenter:
    return LayersPresenter(view, filled)


@pytest.fixture
def page(qtbot: QtBot, filled: Workspace) -> Page:
    page = build_page(filled, Theme())
    qtbot.addWidget(page.view)
    page.view.resize(1000, 800)
    with qtbot.waitExposed(page.view):
        page.view.show()
    return page


def wish(presenter: LayersPresenter, path: str, on: bool = True) -> None:
    node = next(node for node in presenter.model.tree.nodes if node.path == path)
    assert presenter.model.setData(presenter.model.index_of(node), on, ADAPTER_ROLE)


# --- the logic ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("blocks", "expected"), [(6, ("head", "adapter:blocks")), (2, ("head", "adapter:top:2"))])
def test_adapters_in_the_top_blocks_or_in_all(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace, blocks: int, expected: tuple[str, ...]
) -> None:
    view.adapters_wished.emit(blocks)
    assert rules(workspace) == expected
    tree = adapted_tree(small_tree(), expected, 16)
    assert presenter.model.trainable == resolve_freeze(expected, tree).trainable
    assert presenter.model.tree == small_tree()
    assert view.summary.tensors.endswith(f"of {len(tree.parameters)} tensors")
    assert view.summary.learning.endswith(f"of {tree.parameter_count:,}")
    assert view.adaptable


def test_adapters_become_the_shortest_rules_of_the_stage_and_are_undone(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    wish(presenter, "encoder.layer.5")
    assert rules(workspace) == ("head", "adapter:top:1")
    assert view.summary.words == "the head, adapters in the top block"
    for block in range(6):
        wish(presenter, f"encoder.layer.{block}.attention.self.query")
    assert rules(workspace) == ("head", "adapter:top:1", "adapter:*.attention.self.query")
    wish(presenter, "encoder")
    assert rules(workspace) == ("head", "adapter:blocks")
    tick(presenter, "encoder.layer.5")
    assert rules(workspace)[:2] == ("head", "top:1")
    for expected in (("head", "adapter:blocks"), ("head", "adapter:top:1", "adapter:*.attention.self.query")):
        view.undo.trigger()
        assert rules(workspace) == expected


def test_adapters_of_other_stages_count_to_the_whole_and_are_not_shown(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    workspace.replace_stage(1, train=("adapter:blocks",))
    added = adapted_tree(small_tree(), ("adapter:blocks",), 16).parameter_count
    assert presenter.model.trainable == match_rule("head", small_tree())
    assert view.summary.learning == f"2,310 of {added:,}"


def test_train_only_and_freeze_up_to_take_adapters_away(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    view.adapters_wished.emit(6)
    view.freeze_up_to_wished.emit("encoder.layer.3")
    assert rules(workspace) == ("head", "adapter:top:2")
    view.only_wished.emit("encoder.layer.4")
    assert rules(workspace) == ("encoder.layer.4",)


def test_another_rank_is_counted_without_a_reset_and_without_forgetting(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace, qtbot: QtBot
) -> None:
    view.adapters_wished.emit(6)
    before = view.summary.learning
    with qtbot.assertNotEmitted(presenter.model.modelReset):
        workspace.update(adapter={"kind": "dora", "rank": 4, "alpha": 8, "dropout": 0.0})
    assert view.summary.learning != before
    assert view.undo.isEnabled()
    assert presenter.model.whole == adapted_tree(small_tree(), ("adapter:blocks",), 4, magnitudes=True)


def test_a_wrong_adapter_rule_is_named(presenter: LayersPresenter, view: FakeView, workspace: Workspace) -> None:
    workspace.replace_stage(0, train=("head", "adapter:*.querry"))
    assert 'Did you mean "adapter:*.query"?' in view.problem
    assert (presenter.state, len(presenter.problems)) == (PageState.PROBLEM, 1)


def test_a_language_model_keeps_its_head_beside_adapters(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    specs = [spec for spec in small_tree().parameters if not spec.name.startswith("head.")]
    tree = build_layer_tree([*specs, ParameterSpec("head.model.weight", (30_522, 384), specs[0].name)])
    workspace.facts = dataclasses.replace(small_facts(), tree=tree, telling=Telling.NEXT)
    workspace.facts_changed.emit()
    assert (presenter.state, rules(workspace)) == (PageState.OK, ("adapter:blocks",))
    view.adapters_wished.emit(2)
    assert rules(workspace) == ("adapter:top:2",)


def test_a_model_without_blocks_offers_no_adapters(
    presenter: LayersPresenter, view: FakeView, workspace: Workspace
) -> None:
    tree = build_layer_tree([ParameterSpec("body.weight", (4, 4)), ParameterSpec("head.weight", (2, 4))])
    workspace.facts = dataclasses.replace(small_facts(), tree=tree)
    workspace.facts_changed.emit()
    assert not view.adaptable


# --- the widgets -------------------------------------------------------------------------------------------------


def test_adapters_by_button_menu_and_key(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    view = widgets(page)
    qtbot.mouseClick(view.presets.adapters.button, Qt.MouseButton.LeftButton)
    assert rules(workspace) == ("head", "adapter:blocks")
    view.tree.setCurrentIndex(row_of(page, "encoder.layer.0"))
    assert view.adapter.text() == "Take &adapter away"
    qtbot.mouseClick(view.adapter, Qt.MouseButton.LeftButton)
    assert rules(workspace) == ("head", "adapter:top:5")
    assert view.adapter.text() == "Put &adapter here"
    next(action for action in view.build_menu().actions() if "Put an" in action.text()).trigger()
    assert rules(workspace) == ("head", "adapter:blocks")
    qtbot.keyClick(view.tree, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert rules(workspace) == ("head", "adapter:top:5")
    view.tree.setCurrentIndex(row_of(page, "embeddings"))
    assert not view.adapter.isEnabled()
    assert not next(action for action in view.build_menu().actions() if "adapter" in action.text()).isEnabled()


def test_a_click_on_the_box_of_a_row_with_adapters_lets_it_learn(
    qtbot: QtBot, page: Page, workspace: Workspace
) -> None:
    widgets(page).presets.adapters.count.setValue(1)
    qtbot.mouseClick(widgets(page).presets.adapters.button, Qt.MouseButton.LeftButton)
    assert rules(workspace) == ("head", "adapter:top:1")
    click_box(qtbot, page, "encoder.layer.5")
    assert rules(workspace) == ("head", "top:1")
    click_box(qtbot, page, "encoder.layer.5")
    assert rules(workspace) == ("head",)
