"""A run under way that waits for the user, and a running stage that the user changes, with the real widgets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.app import Shell
from desktop_app.background.trainer import Trainer
from desktop_app.pages.base import Page
from desktop_app.pages.train.change_dialog import NO_LAYER, NO_RATE, StageChangeDialog
from desktop_app.pages.train.view import TrainView
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.widgets.row_delegate import RowRole
from tests.support.fake_core import FakeCore
from tests.support.small import small_plan, small_tree
from tests.support.widgets import assert_named, controls_of
from trainer_core.runs.history import RunStatus
from trainer_core.stages.changes import ChangeWish


@pytest.fixture
def page(train_page: Page) -> Page:
    return train_page


@pytest.fixture
def view(page: Page) -> TrainView:
    assert isinstance(page.view, TrainView)
    return page.view


# --- a full disk -----------------------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_trying_again_goes_on(
    qtbot: QtBot, view: TrainView, trainer: Trainer, core: FakeCore
) -> None:
    core.training.full_at = 20
    trainer.start()
    qtbot.waitUntil(view.offer.isVisible, timeout=10_000)
    assert trainer.history.status is RunStatus.HELD
    assert "The disk is full." in view.offer.text
    assert "Nothing is lost" in view.offer.text
    assert view.offer.button.text() == "Try again"
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        qtbot.mouseClick(view.offer.button, Qt.MouseButton.LeftButton)
    assert trainer.history.held is None
    qtbot.waitUntil(view.offer.longer_button.isVisible, timeout=10_000)


def test_a_run_that_waits_can_be_put_aside(qtbot: QtBot, view: TrainView, trainer: Trainer, core: FakeCore) -> None:
    core.training.full_at = 20
    trainer.start()
    qtbot.waitUntil(view.offer.isVisible, timeout=10_000)
    with qtbot.waitSignal(trainer.run_left, timeout=10_000):
        trainer.put_aside()
    assert trainer.history.status is RunStatus.PUT_ASIDE


def test_the_bar_above_says_what_the_run_waits_for(qtbot: QtBot, opened: Shell, core: FakeCore) -> None:
    core.training.full_at = 20
    opened.trainer.start()
    qtbot.waitUntil(lambda: "The disk is full" in opened.window.top_bar.status, timeout=10_000)
    qtbot.waitUntil(lambda: opened.window.sidebar.runs.count() == 1)
    row = opened.window.sidebar.runs.item(0)
    qtbot.waitUntil(lambda: row.data(RowRole.SUBTITLE).startswith("waiting for you"))
    with qtbot.waitSignal(opened.trainer.run_finished, timeout=10_000):
        opened.trainer.go_on()


# --- a stage is changed ----------------------------------------------------------------------------------------------


@pytest.fixture
def dialog(qtbot: QtBot) -> StageChangeDialog:
    dialog = StageChangeDialog(small_tree(), small_plan().stages[0], Theme(ThemeChoice.LIGHT))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def _dialogs() -> Iterator[StageChangeDialog]:
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, StageChangeDialog) and widget.isVisible():
            yield widget


def test_a_running_stage_is_changed_from_the_page(
    qtbot: QtBot, view: TrainView, trainer: Trainer, core: FakeCore
) -> None:
    assert not view.change_button.isVisible()
    core.training.hold_at = 20
    trainer.start()
    qtbot.waitUntil(core.training.holding.is_set, timeout=10_000)
    qtbot.waitUntil(view.change_button.isVisible)
    qtbot.mouseClick(view.change_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(list(_dialogs())) == 1)
    (dialog,) = _dialogs()
    dialog.rate.setText("0.002")
    qtbot.mouseClick(dialog.change_button, Qt.MouseButton.LeftButton)
    core.training.release()
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        pass
    assert core.training.changes == [ChangeWish(learning_rate=0.002)]
    assert not view.change_button.isVisible()


def test_ticks_become_rules_and_only_what_differs_is_wished(dialog: StageChangeDialog) -> None:
    assert dialog.wish == ChangeWish()
    assert not dialog.change_button.isEnabled()
    tree = small_tree()
    before = dialog.model.trainable
    dialog.model.set_trainable({parameter.name for parameter in tree.parameters})
    dialog.model.ticked.emit("")
    assert dialog.wish == ChangeWish(rules=("all",))
    assert dialog.change_button.isEnabled()
    dialog.model.set_trainable(before)
    dialog.rate.setText("3e-5")
    assert dialog.wish == ChangeWish(learning_rate=3e-5)


@pytest.mark.parametrize("text", ["", "fast", "-1", "0", "nan", "inf", "11", "1 e", "0x10", "٣", "9" * 1_000_000])
def test_no_rate_but_a_number_is_taken(dialog: StageChangeDialog, text: str) -> None:
    dialog.rate.setText(text)
    if dialog.wish is None:
        assert dialog.why.text() == NO_RATE
        assert not dialog.change_button.isEnabled()
    else:
        assert dialog.wish.learning_rate is not None
        assert 0 < dialog.wish.learning_rate <= 10


def test_nothing_is_no_choice(dialog: StageChangeDialog) -> None:
    dialog.model.set_trainable(())
    dialog.model.ticked.emit("")
    assert dialog.why.text() == NO_LAYER
    assert not dialog.change_button.isEnabled()


def test_every_control_has_a_name(dialog: StageChangeDialog) -> None:
    assert_named(controls_of(dialog))
