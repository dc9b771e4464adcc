"""The layer model: states against a brute-force count, and every change told of."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from desktop_app.adapters.layer_model import STATE_ROLE, Column, LayerModel
from trainer_core.layers.freeze import freeze_state
from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree

CHECKED, UNCHECKED, PARTLY = (
    Qt.CheckState.Checked,
    Qt.CheckState.Unchecked,
    Qt.CheckState.PartiallyChecked,
)
CHECK = Qt.ItemDataRole.CheckStateRole


def random_tree(dice: random.Random) -> LayerTree:
    """Return a tree of random shape; some parameters are tied to an earlier one."""
    names: list[str] = []
    waiting = [(f"m{place}", 1) for place in range(dice.randint(1, 4))]
    while waiting:
        path, depth = waiting.pop(0)
        if depth >= 4 or dice.random() < 0.3:
            names.append(path)
        else:
            waiting += [(f"{path}.c{place}", depth + 1) for place in range(dice.randint(1, 4))]
    tree = build_layer_tree(ParameterSpec(name, (dice.randint(1, 9),)) for name in names)
    ordered = [parameter.name for parameter in tree.parameters]
    specs, tied = [], set()
    for place, name in enumerate(ordered):
        free = [other for other in ordered[:place] if other not in tied]
        tie = dice.choice(free) if free and dice.random() < 0.15 else None
        tied |= {name} if tie else set()
        specs.append(ParameterSpec(name, (dice.randint(1, 9),), tie))
    return build_layer_tree(specs)


def indexes(model: LayerModel, parent: QModelIndex | None = None) -> Iterator[QModelIndex]:
    """Yield the first-column index of every row."""
    above = parent or QModelIndex()
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        yield index
        yield from indexes(model, index)


def states(model: LayerModel) -> dict[str, Qt.CheckState]:
    return {model.node(index).path: Qt.CheckState(model.data(index, CHECK)) for index in indexes(model)}


def brute_force_states(tree: LayerTree, trainable: frozenset[str]) -> dict[str, Qt.CheckState]:
    """Count, for every node, the parameters below its path by name."""
    expected = {}
    for node in tree.nodes:
        below = [
            p.name in trainable
            for p in tree.parameters
            if not node.path or p.name == node.path or p.name.startswith(node.path + ".")
        ]
        expected[node.path] = CHECKED if all(below) else PARTLY if any(below) else UNCHECKED
    return expected


class Spy:
    """Keeps every range that a model tells of, as the paths of the rows it covers, and checks that it is valid."""

    def __init__(self, model: LayerModel) -> None:
        self.model = model
        self.covered: list[str] = []
        self.resets = 0
        model.dataChanged.connect(self._on_data_changed)
        model.modelReset.connect(self._on_model_reset)

    def _on_model_reset(self) -> None:
        self.resets += 1

    def _on_data_changed(self, first: QModelIndex, last: QModelIndex, roles: list[int]) -> None:
        assert first.isValid()
        assert last.isValid()
        assert first.model() is self.model
        assert first.parent() == last.parent()
        assert first.row() <= last.row() < self.model.rowCount(first.parent())
        assert (first.column(), last.column()) == (Column.NAME, Column.LEARNS)
        assert {CHECK.value, Qt.ItemDataRole.DisplayRole.value, int(STATE_ROLE)} <= {int(role) for role in roles}
        rows = range(first.row(), last.row() + 1)
        self.covered += [self.model.node(self.model.index(row, 0, first.parent())).path for row in rows]


@pytest.mark.parametrize("seed", range(8))
def test_states_and_signals_on_random_trees_and_random_ticks(seed: int, qtbot: QtBot) -> None:
    dice = random.Random(seed)
    tree = random_tree(dice)
    model = LayerModel()
    model.set_tree(tree)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    spy = Spy(model)
    expected = frozenset()
    for _ in range(25):
        node = dice.choice(tree.nodes)
        before = states(model)
        on = before[node.path] is not CHECKED
        spy.covered.clear()
        assert model.setData(model.index_of(node), CHECKED.value if on else UNCHECKED.value, CHECK)
        names = {tree.parameters[leaf].name for leaf in node.leaves}
        names |= {p.name for p in tree.parameters if p.tied_to in names} | {
            p.tied_to for p in tree.parameters if p.name in names and p.tied_to
        }
        names |= {p.name for p in tree.parameters if p.tied_to in names}
        expected = expected | names if on else expected - names
        assert model.trainable == expected == freeze_state(tree, expected).trainable
        after = states(model)
        assert after == brute_force_states(tree, expected)
        changed = {path for path in after if after[path] is not before[path]}
        assert changed <= set(spy.covered)
        assert len(spy.covered) == len(set(spy.covered)), "a row is told of once"
    assert spy.resets == 0
    assert tester.model() is model


@pytest.fixture
def tree() -> LayerTree:
    """Return a small encoder of three blocks whose output table is tied to its embeddings."""
    specs = [ParameterSpec("embeddings.word.weight", (100, 8))]
    for block in range(3):
        specs += [ParameterSpec(f"encoder.layer.{block}.{part}", (8,)) for part in ("attention.weight", "norm.bias")]
    specs += [ParameterSpec("decoder.weight", (100, 8), "embeddings.word.weight"), ParameterSpec("head.bias", (2,))]
    return build_layer_tree(specs)


@pytest.fixture
def model(tree: LayerTree, qtbot: QtBot) -> LayerModel:
    model = LayerModel()
    model.set_tree(tree)
    return model


def find(model: LayerModel, path: str) -> QModelIndex:
    return next(index for index in indexes(model) if model.node(index).path == path)


def test_the_model_keeps_the_rules_of_item_models(model: LayerModel, qtmodeltester: ModelTester) -> None:
    model.set_trainable(["head.bias"])
    qtmodeltester.check(model)


def test_the_box_can_be_ticked_by_the_user_but_never_to_partly(model: LayerModel) -> None:
    flags = model.flags(find(model, "encoder"))
    assert flags & Qt.ItemFlag.ItemIsUserCheckable
    assert not flags & Qt.ItemFlag.ItemIsUserTristate
    other = model.index(0, Column.SHARE)
    assert not model.flags(other) & Qt.ItemFlag.ItemIsUserCheckable
    assert not model.setData(other, CHECKED.value, CHECK)


def test_unticking_takes_the_integer_that_qt_hands_over(model: LayerModel) -> None:
    index = find(model, "encoder")
    assert model.setData(index, 2, CHECK)
    assert model.data(index, CHECK) is CHECKED
    assert model.setData(index, 0, CHECK)
    assert model.data(index, CHECK) is UNCHECKED


def test_tied_parameters_tick_together_in_both_directions(model: LayerModel) -> None:
    model.setData(find(model, "decoder"), 2, CHECK)
    assert model.trainable == {"decoder.weight", "embeddings.word.weight"}
    model.setData(find(model, "embeddings"), 0, CHECK)
    assert model.trainable == frozenset()


def test_setting_what_learns_follows_without_a_reset_and_without_an_echo(model: LayerModel) -> None:
    spy, ticks = Spy(model), []
    model.ticked.connect(ticks.append)
    model.set_trainable(["head.bias", "encoder.layer.2.norm.bias"])
    assert {"head", "head.bias", "encoder.layer.2", ""} <= set(spy.covered)
    assert "embeddings" not in spy.covered
    spy.covered.clear()
    model.set_trainable(["head.bias", "encoder.layer.2.norm.bias"])
    assert spy.covered == []
    assert spy.resets == 0
    assert ticks == []


def test_a_tick_is_told_with_its_path(model: LayerModel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(model.ticked) as heard:
        model.setData(find(model, "encoder.layer.1"), 2, CHECK)
    assert heard.args == ["encoder.layer.1"]


def test_an_equal_tree_keeps_the_view_and_another_replaces_it(model: LayerModel, tree: LayerTree) -> None:
    spy = Spy(model)
    model.set_tree(build_layer_tree(tree.parameters))
    assert spy.resets == 0
    model.set_tree(build_layer_tree([ParameterSpec("head.weight", (3,))]))
    assert spy.resets == 1
    assert len(list(indexes(model))) == 3
    model.set_tree(None)
    assert list(indexes(model)) == []


def test_cells_say_amounts_shares_and_states_in_words(model: LayerModel, tree: LayerTree) -> None:
    model.set_trainable(["encoder.layer.0.norm.bias"])
    row = [model.data(find(model, "embeddings").siblingAtColumn(column)) for column in Column]
    assert row == ["embeddings", "embeddings: from tokens to vectors", "800", "94.1 %", "frozen"]
    assert model.data(find(model, "encoder.layer.0").siblingAtColumn(Column.LEARNS)) == "partly"
    assert model.data(find(model, "encoder.layer.0").siblingAtColumn(Column.MEANING)) == "block 1"
    assert "shared with embeddings.word.weight" in model.data(
        find(model, "decoder.weight").siblingAtColumn(Column.MEANING)
    )
    spoken = model.data(find(model, "encoder.layer.0"), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "0, block 1, partly"


def test_ticks_go_through_a_filter(model: LayerModel) -> None:
    proxy = QSortFilterProxyModel()
    proxy.setRecursiveFilteringEnabled(True)
    proxy.setSourceModel(model)
    proxy.setFilterFixedString("norm")
    root = proxy.index(0, 0)
    assert proxy.rowCount(root) == 1, "only the encoder has norms"
    assert proxy.setData(proxy.index(0, 0, root), CHECKED.value, CHECK)
    assert model.data(find(model, "encoder"), CHECK) is CHECKED
    assert Qt.CheckState(proxy.data(root, CHECK)) is PARTLY
