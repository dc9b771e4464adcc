"""Adapters in the box that changes a running stage: those of the run, and no others."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.adapters.layer_trees import KnownTrees
from desktop_app.pages.train.change_dialog import StageChangeDialog
from desktop_app.theme import Theme
from desktop_app.widgets.adapter_button import PUT, TAKE
from tests.gui.test_layer_model import find
from tests.support.small import small_facts, small_project, small_tree
from trainer_core.stages.changes import ChangeWish
from trainer_core.stages.plan import resolve_stages
from trainer_core.stages.presets import adapter_stages


def choose(dialog: StageChangeDialog, path: str) -> None:
    layers = dialog.layers
    layers.setCurrentIndex(layers.filter.mapFromSource(find(dialog.model, path)))


def change_dialog(qtbot: QtBot, rules: tuple[str, ...]) -> StageChangeDialog:
    """Return the box of a run whose only stage has these rules."""
    tree = small_tree()
    (section,) = (stage.model_dump() for stage in adapter_stages(tree, "loss"))
    project = small_project().changed(stage=(section | {"train": rules},))
    (stage,) = resolve_stages(project, tree, 576)
    dialog = StageChangeDialog(KnownTrees().planned(project, small_facts()), stage, Theme())
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    return dialog


def test_a_running_stage_loses_and_gets_back_the_adapters_of_its_run(qtbot: QtBot) -> None:
    dialog = change_dialog(qtbot, ("head", "adapter:*.query"))
    assert dialog.wish == ChangeWish()
    choose(dialog, "encoder.layer.1")
    assert dialog.adapter.text() == TAKE
    qtbot.mouseClick(dialog.adapter, Qt.MouseButton.LeftButton)
    assert dialog.wish == ChangeWish(("head", "adapter:top:4", "adapter:encoder.layer.0"), None)
    assert dialog.adapter.text() == PUT
    qtbot.mouseClick(dialog.adapter, Qt.MouseButton.LeftButton)
    assert dialog.wish == ChangeWish()
    choose(dialog, "encoder.layer.1.intermediate")
    assert not dialog.adapter.isEnabled(), "the run has no adapter there"


def test_a_run_without_adapters_offers_none(qtbot: QtBot) -> None:
    dialog = change_dialog(qtbot, ("head", "top:2"))
    assert not dialog.adapter.isVisible()
