"""Adapters as a state of rows: in the model, in the tree view, and in words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from desktop_app.adapters.layer_leaves import LayerLeaves, LayerState
from desktop_app.adapters.layer_model import ADAPTER_ROLE, ADAPTERS_ROLE, STATE_ROLE, Column, LayerModel
from desktop_app.adapters.layer_trees import KnownTrees
from desktop_app.adapters.layer_words import plan_problems, rule_words
from desktop_app.theme import Theme
from desktop_app.widgets.layer_tree import LayerTreeView
from tests.gui.test_layer_model import CHECK, CHECKED, PARTLY, UNCHECKED, Spy, find, states
from tests.support.small import small_facts, small_project, small_tree
from trainer_core.layers.adapters import PARTS, adaptable_modules, with_adapters
from trainer_core.layers.freeze import resolve_freeze
from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree
from trainer_core.stages.presets import adapter_stages

QUERY = "encoder.layer.1.attention.self.query"
ADDED = 4 * (384 + 384)
"""The values of the adapter of a square matrix."""


def whole_tree(blocks: int = 3, rank: int = 4) -> LayerTree:
    """Return the small model with adapters everywhere."""
    tree = small_tree(blocks=blocks)
    return with_adapters(tree, adaptable_modules(tree), rank)


@pytest.fixture
def whole() -> LayerTree:
    return whole_tree()


@pytest.fixture
def model(whole: LayerTree, qtbot: QtBot) -> LayerModel:
    model = LayerModel()
    model.set_tree(whole)
    return model


def wish(model: LayerModel, path: str, on: bool = True) -> bool:
    return model.setData(find(model, path), on, ADAPTER_ROLE)


def state(model: LayerModel, path: str) -> LayerState:
    return model.data(find(model, path), STATE_ROLE)


def learning(*rules: str, tree: LayerTree) -> frozenset[str]:
    return resolve_freeze(rules, tree).trainable


# --- the model -----------------------------------------------------------------------------------------------------


def test_adapters_are_no_rows(model: LayerModel) -> None:
    assert model.tree == small_tree(blocks=3)
    assert not any("lora" in path for path in states(model))


def test_a_block_with_adapters_stays_frozen_and_all_its_matrices_have_one(model: LayerModel, whole: LayerTree) -> None:
    model.setData(find(model, "encoder.layer.1"), CHECKED.value, CHECK)
    with_signal = Spy(model)
    assert wish(model, "encoder.layer.1")
    assert model.trainable == learning("adapter:encoder.layer.1", tree=whole)
    assert {state(model, path) for path in ("encoder.layer.1", QUERY, f"{QUERY}.weight")} == {LayerState.ADAPTED}
    assert state(model, f"{QUERY}.bias") is LayerState.FROZEN
    assert {state(model, path) for path in ("", "encoder", "encoder.layer")} == {LayerState.PARTLY}
    assert {"", "encoder.layer.1", QUERY, f"{QUERY}.weight", f"{QUERY}.bias"} <= set(with_signal.covered)
    assert "encoder.layer.0" not in with_signal.covered
    assert with_signal.resets == 0


def test_where_all_blocks_have_adapters_all_above_them_say_so(model: LayerModel, whole: LayerTree) -> None:
    assert wish(model, "")
    assert model.trainable == learning("adapter:blocks", tree=whole)
    assert {state(model, path) for path in ("", "encoder", "encoder.layer")} == {LayerState.ADAPTED}
    assert state(model, "embeddings") is LayerState.FROZEN


def test_what_lies_outside_the_blocks_stays_as_it_was(model: LayerModel, whole: LayerTree) -> None:
    model.set_trainable(learning("all", tree=whole))
    assert wish(model, "")
    assert model.trainable == learning("head", "embeddings", "adapter:blocks", tree=whole)


def test_a_tick_takes_the_adapters_away_and_unticking_brings_none_back(model: LayerModel, whole: LayerTree) -> None:
    wish(model, "encoder.layer.1")
    model.setData(find(model, QUERY), CHECKED.value, CHECK)
    assert (state(model, QUERY), state(model, "encoder.layer.1")) == (LayerState.LEARNING, LayerState.PARTLY)
    model.setData(find(model, QUERY), UNCHECKED.value, CHECK)
    assert state(model, QUERY) is LayerState.FROZEN
    assert not any(name.startswith(QUERY) for name in model.trainable)


def test_taking_adapters_away_leaves_what_is_frozen_frozen(model: LayerModel) -> None:
    wish(model, "encoder")
    wish(model, "encoder.layer.0", on=False)
    assert state(model, "encoder.layer.0") is LayerState.FROZEN
    assert (state(model, "encoder.layer"), state(model, "encoder.layer.1")) == (LayerState.PARTLY, LayerState.ADAPTED)


@pytest.mark.parametrize("path", ["embeddings", "head", f"{QUERY}.bias", "encoder.layer.0.output.LayerNorm"])
def test_where_no_matrix_lies_in_a_block_no_adapter_can_be(model: LayerModel, path: str) -> None:
    assert model.data(find(model, path), ADAPTER_ROLE) is None
    assert not wish(model, path)
    assert model.trainable == frozenset()


def test_without_adapters_in_the_tree_none_can_be_put(qtbot: QtBot) -> None:
    model = LayerModel()
    model.set_tree(small_tree(blocks=2))
    assert model.data(find(model, ""), ADAPTER_ROLE) is None
    assert not wish(model, "encoder")


def test_boxes_of_adapters_are_neither_ticked_nor_empty(model: LayerModel) -> None:
    wish(model, QUERY)
    assert model.data(find(model, QUERY), CHECK) is PARTLY
    assert model.data(find(model, QUERY), ADAPTER_ROLE) is True
    assert model.data(find(model, "encoder.layer.1"), ADAPTER_ROLE) is False


def test_cells_count_adapters_and_name_them(model: LayerModel) -> None:
    wish(model, QUERY)
    row = [model.data(find(model, QUERY).siblingAtColumn(column)) for column in Column]
    own = 384 * 384 + 384
    assert row == ["query", "attention: words look at each other", f"{own + ADDED:,}", "0.86 %", "adapter"]
    assert model.data(find(model, "").siblingAtColumn(Column.PARAMETERS)) == (
        f"{small_tree(blocks=3).parameter_count + ADDED:,}"
    )
    assert model.data(find(model, QUERY), ADAPTERS_ROLE) == 1
    tip = model.data(find(model, QUERY), Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines()[-2:] == [
        "0 of 2 tensors learn",
        f"an adapter learns beside what is frozen: {ADDED:,} numbers",
    ]
    spoken = [model.data(find(model, path), Qt.ItemDataRole.AccessibleTextRole) for path in (QUERY, "encoder.layer.1")]
    assert spoken == ["query, attention: words look at each other, adapter", "1, block 2, partly, with adapters"]


def test_a_matrix_may_learn_with_an_adapter_beside_it_where_rules_say_so(model: LayerModel, whole: LayerTree) -> None:
    model.set_trainable(learning("all", "adapter:top:1", tree=whole))
    assert state(model, "encoder.layer.2") is LayerState.LEARNING
    learns = find(model, "encoder.layer.2").siblingAtColumn(Column.LEARNS)
    assert model.data(learns, Qt.ItemDataRole.AccessibleTextRole) == "learning, with adapters"


def test_half_an_adapter_is_none(model: LayerModel) -> None:
    model.set_trainable([QUERY + PARTS[0]])
    assert model.trainable == frozenset()


def test_larger_adapters_are_counted_anew_without_a_reset(model: LayerModel) -> None:
    wish(model, QUERY)
    spy = Spy(model)
    model.set_tree(whole_tree(rank=8))
    assert spy.resets == 0
    assert {"", QUERY, "head"} <= set(spy.covered)
    assert model.data(find(model, QUERY).siblingAtColumn(Column.PARAMETERS)) == f"{384 * 384 + 384 + 2 * ADDED:,}"
    assert state(model, QUERY) is LayerState.ADAPTED
    model.set_tree(small_tree(blocks=3))
    assert (spy.resets, state(model, QUERY)) == (0, LayerState.FROZEN)


def test_tied_matrices_freeze_together_where_one_gets_an_adapter(qtbot: QtBot) -> None:
    specs = [ParameterSpec(f"layer.{block}.dense.weight", (4, 4)) for block in range(2)]
    specs[1] = ParameterSpec("layer.1.dense.weight", (4, 4), "layer.0.dense.weight")
    tree = build_layer_tree([*specs, ParameterSpec("head.weight", (2, 4))])
    leaves = LayerLeaves(with_adapters(tree, adaptable_modules(tree), 2))
    nodes = {node.path: node for node in leaves.tree.nodes}
    leaves.tick(nodes["layer.1"], on=True)
    leaves.adapt(nodes["layer.0"], on=True)
    assert not any(name.endswith("dense.weight") for name in leaves.trainable)
    assert leaves.state(nodes["layer.1"]) is LayerState.FROZEN


def test_the_model_keeps_the_rules_of_item_models(model: LayerModel) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for path in ("encoder", QUERY, "encoder.layer.2", ""):
        wish(model, path)
        wish(model, path, on=False)
    assert tester.model() is model


# --- the view ------------------------------------------------------------------------------------------------------


@pytest.fixture
def view(model: LayerModel, qtbot: QtBot) -> LayerTreeView:
    view = LayerTreeView(Theme())
    qtbot.addWidget(view)
    view.show_layers(model)
    view.resize(900, 500)
    with qtbot.waitExposed(view):
        view.show()
    return view


def row_of(view: LayerTreeView, model: LayerModel, path: str) -> QModelIndex:
    return view.filter.mapFromSource(find(model, path))


def test_shift_space_puts_adapters_and_takes_them_away(qtbot: QtBot, view: LayerTreeView, model: LayerModel) -> None:
    view.setCurrentIndex(row_of(view, model, "encoder.layer.1").siblingAtColumn(Column.SHARE))
    for expected in (LayerState.ADAPTED, LayerState.FROZEN):
        qtbot.keyClick(view, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
        assert state(model, "encoder.layer.1") is expected
    view.setCurrentIndex(row_of(view, model, "head"))
    qtbot.keyClick(view, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert state(model, "head") is LayerState.FROZEN


def test_space_lets_a_row_with_adapters_learn(qtbot: QtBot, view: LayerTreeView, model: LayerModel) -> None:
    wish(model, "encoder.layer.1")
    view.setCurrentIndex(row_of(view, model, "encoder.layer.1"))
    for expected in (LayerState.LEARNING, LayerState.FROZEN):
        qtbot.keyClick(view, Qt.Key.Key_Space)
        assert state(model, "encoder.layer.1") is expected


def pixels(view: LayerTreeView, place: QPoint, size: int) -> set[str]:
    """Return the colours around a place."""
    image: QImage = view.viewport().grab().toImage()
    scale = image.devicePixelRatio()
    found = set()
    for x in range(-size, size + 1):
        for y in range(-size, size + 1):
            found.add(QColor(image.pixel(round((place.x() + x) * scale), round((place.y() + y) * scale))).name())
    return found


def test_rows_with_adapters_have_a_mark_and_a_badge_of_their_own(view: LayerTreeView, model: LayerModel) -> None:
    color = Theme().color("series_3").name()
    index = row_of(view, model, "encoder.layer.1")
    option = QStyleOptionViewItem()
    option.initFrom(view)
    option.rect = view.visualRect(index)
    view.itemDelegate().initStyleOption(option, index)
    box = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view).center()
    badge = view.visualRect(index.siblingAtColumn(Column.LEARNS))
    at_badge = QPoint(badge.left() + 20, badge.center().y())
    assert color not in pixels(view, box, 5) | pixels(view, at_badge, 12)
    wish(model, "encoder.layer.1")
    assert color in pixels(view, box, 5)
    assert color in pixels(view, at_badge, 12)
    blocks = view.visualRect(row_of(view, model, "encoder.layer").siblingAtColumn(Column.LEARNS))
    assert color in pixels(
        view, QPoint(blocks.left() + blocks.width() // 2, blocks.center().y()), blocks.width() // 2 - 1
    )


# --- words and trees -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("adapter:blocks", "adapters in all blocks"),
        ("adapter:top:1", "adapters in the top block"),
        ("adapter:top:4", "adapters in the top 4 blocks"),
        ("adapter:*.query", "adapters in *.query"),
        ("!adapter:top:1", "no adapters in the top block"),
    ],
)
def test_adapter_rules_in_words(rule: str, words: str) -> None:
    assert rule_words(rule) == words


def test_trees_are_made_again_only_when_they_would_be_others() -> None:
    facts, trees = small_facts(), KnownTrees()
    stages = tuple(stage.model_dump() for stage in adapter_stages(facts.tree, "loss"))
    project = small_project().changed(stage=stages)
    planned, possible = trees.planned(project, facts), trees.possible(project, facts)
    assert planned == possible == with_adapters(facts.tree, adaptable_modules(facts.tree), project.adapter.rank)
    faster = project.changed(training=project.training.model_dump() | {"batch_size": 3})
    assert trees.planned(faster, facts) is planned
    assert trees.possible(faster, facts) is possible
    larger = project.changed(adapter=project.adapter.model_dump() | {"rank": 20, "kind": "dora"})
    assert trees.planned(larger, facts).parameter_count > planned.parameter_count
    assert trees.planned(small_project(), facts) is facts.tree


def test_problems_of_adapter_rules_name_the_stage() -> None:
    facts = small_facts()
    (stage,) = (stage.model_dump() for stage in adapter_stages(facts.tree, "loss"))
    project = small_project().changed(stage=(stage | {"train": ("head", "adapter:top:9")},))
    (problem,) = plan_problems(project, facts, rows=1)
    assert problem.startswith('Stage 1, "adapters": The rule "adapter:top:9" matches no layer')
    assert problem.endswith("write adapter:top:1 to adapter:top:6.")
