"""Pinned texts on the Train page: followed as a run answers them, gone back in, and chosen in their box."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.background.trainer import Trainer
from desktop_app.pages.base import Page
from desktop_app.pages.train.pinned_card import PinnedCard
from desktop_app.pages.train.pinned_dialog import PinnedDialog
from desktop_app.pages.train.pinned_words import NOTHING_PINNED, Moment, PinForm, PinnedLine
from desktop_app.pages.train.presenter import TrainPresenter
from desktop_app.pages.train.view import TrainView
from desktop_app.workspace import Workspace
from tests.gui.test_train_presenter import FakeView
from tests.support.fake_core import FakeCore
from tests.support.fake_views import FakePinnedView
from tests.support.runs import write_run
from tests.support.widgets import assert_named
from trainer_core.errors import InputError
from trainer_core.training.events import StepFinished

TEXTS = ("my parcel is late", "refund the invoice\nand the fee")


def pin(workspace: Workspace, *pins: object) -> None:
    assert workspace.project is not None
    workspace.update(training=workspace.project.training.model_dump() | {"pinned": pins})


@pytest.fixture
def view(qtbot: QtBot) -> FakeView:
    return FakeView()


@pytest.fixture
def pinned(view: FakeView, ready: Workspace, trainer: Trainer, qtbot: QtBot) -> Iterator[FakePinnedView]:
    """Return the fake of the card, on a page with its presenter."""
    presenter = TrainPresenter(view, ready, trainer, load_plots=lambda: None)
    qtbot.waitUntil(lambda: view.plots_made == 1)
    yield view.pinned
    del presenter


def hold_at(qtbot: QtBot, trainer: Trainer, core: FakeCore, step: int) -> None:
    """Start a run and let it wait after a step that was folded in."""
    core.training.hold(step)
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == step)


def finish(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        core.training.release()


def shown(pinned: FakePinnedView) -> Moment:
    assert pinned.moment is not None
    return pinned.moment


# --- the presenter ---------------------------------------------------------------------------------------------------


def test_the_newest_moment_is_followed_until_the_user_goes_back(
    qtbot: QtBot, pinned: FakePinnedView, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    pin(ready, *TEXTS)
    hold_at(qtbot, trainer, core, 40)
    assert (shown(pinned).place, shown(pinned).count) == (2, 3)
    assert shown(pinned).words == "after step 36 of 126, the best so far"
    pinned.moment_chosen.emit(1)
    assert shown(pinned).words == "after step 18 of 126"
    finish(qtbot, trainer, core)
    assert (shown(pinned).place, shown(pinned).count) == (1, 8)
    pinned.moment_chosen.emit(7)
    hold_at(qtbot, trainer, core, 60)
    assert (shown(pinned).place, shown(pinned).count) == (3, 4)


def test_who_goes_to_the_end_follows_again(
    qtbot: QtBot, pinned: FakePinnedView, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    pin(ready, *TEXTS)
    hold_at(qtbot, trainer, core, 40)
    pinned.moment_chosen.emit(0)
    pinned.moment_chosen.emit(2)
    finish(qtbot, trainer, core)
    assert (shown(pinned).place, shown(pinned).count) == (7, 8)
    assert shown(pinned).lines[0].first.startswith("At first: ")


def test_a_step_alone_draws_no_answers(
    qtbot: QtBot, pinned: FakePinnedView, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    pin(ready, *TEXTS)
    hold_at(qtbot, trainer, core, 40)
    before = len(pinned.moments)
    step = trainer.history.last_step
    assert isinstance(step, StepFinished)
    trainer.events_arrived.emit([step] * 5)
    assert len(pinned.moments) == before


def test_an_old_run_is_opened_with_its_answers(
    qtbot: QtBot, pinned: FakePinnedView, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    pin(ready, *TEXTS)
    finish_run(qtbot, trainer, core)
    run = trainer.folder
    ready.choose_run(write_run(ready.runs_folder))
    assert pinned.note == ""
    qtbot.waitUntil(lambda: not ready.jobs.is_busy)
    assert pinned.moment is None
    assert pinned.note == "2 are pinned. The next run answers each time its model is measured."
    trainer.folder = None
    ready.choose_run(run)
    qtbot.waitUntil(lambda: not ready.jobs.is_busy)
    assert (shown(pinned).place, shown(pinned).count) == (7, 8)
    assert pinned.note == ""


def finish_run(qtbot: QtBot, trainer: Trainer, core: FakeCore) -> None:
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()


def test_what_is_pinned_while_a_run_is_under_way_is_for_the_next_one(
    qtbot: QtBot, pinned: FakePinnedView, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    pin(ready, *TEXTS)
    hold_at(qtbot, trainer, core, 20)
    pinned.pins_wished.emit()
    pinned.pins_given.emit("another one")
    assert pinned.form is None
    assert pinned.note == "Other texts are pinned for the next run."
    assert [line.texts for line in shown(pinned).lines] == list(TEXTS)
    pinned.pins_given.emit("")
    assert pinned.note == "Nothing is pinned for the next run."


def test_pins_are_written_into_the_project(pinned: FakePinnedView, ready: Workspace) -> None:
    assert pinned.note == NOTHING_PINNED
    pin(ready, *TEXTS)
    ready.save()
    assert not ready.modified
    pinned.pins_wished.emit()
    assert pinned.form is not None
    assert not pinned.form.several
    pinned.pins_given.emit(pinned.form.lines)
    assert not ready.modified
    assert ready.project is not None
    assert ready.project.training.pinned == TEXTS
    pinned.pins_given.emit("where is it\n\\nthere")
    assert ready.modified
    assert ready.project.training.pinned == ("where is it", "\nthere")


def test_what_cannot_be_pinned_is_refused_and_the_box_stays(pinned: FakePinnedView, ready: Workspace) -> None:
    pinned.pins_wished.emit()
    pinned.pins_given.emit("fine\nhas a\ttab")
    assert isinstance(pinned.refused, InputError)
    assert pinned.form is not None
    assert ready.project is not None
    assert ready.project.training.pinned == ()
    pinned.pins_given.emit("fine")
    assert pinned.form is None


def test_pins_of_an_earlier_task_are_shown_as_they_are(pinned: FakePinnedView, ready: Workspace) -> None:
    pin(ready, ("one\nline", "two"))
    pinned.pins_wished.emit()
    assert pinned.form is not None
    assert pinned.form.lines == "one\\nline\ttwo"
    pinned.pins_given.emit(pinned.form.lines)
    assert "a row has one text" in str(pinned.refused)


# --- the widgets -----------------------------------------------------------------------------------------------------


def view_of(page: Page) -> TrainView:
    assert isinstance(page.view, TrainView)
    return page.view


def test_a_run_answers_on_the_page_and_the_keyboard_goes_back(
    qtbot: QtBot, train_page: Page, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    card = view_of(train_page).pinned
    pin(ready, *TEXTS)
    hold_at(qtbot, trainer, core, 40)
    assert card.isVisible()
    assert not card.note.isVisible()
    assert [row.texts.whole_text for row in card.rows] == list(TEXTS)
    assert card.slider.value() == card.slider.maximum() == 2
    now = [row.answer.text for row in card.rows]
    qtbot.keyClick(card.slider, Qt.Key.Key_Home)
    assert card.when.text() == card.slider.accessibleDescription() == "before the first step"
    assert not card.rows[0].first.isVisible()
    assert [row.answer.text for row in card.rows] != now
    qtbot.keyClick(card.slider, Qt.Key.Key_Right)
    assert card.when.text() == "after step 18 of 126"
    assert card.rows[0].share.text().endswith(" %")
    assert card.rows[0].first.whole_text.startswith("At first: ")
    qtbot.keyClick(card.slider, Qt.Key.Key_End)
    finish(qtbot, trainer, core)
    assert card.slider.value() == card.slider.maximum() == 7
    assert card.when.text() == "after step 126 of 126, the best"
    assert_named((card.slider, card.pin_button, view_of(train_page).pin_button))


def test_rows_of_another_run_go(
    qtbot: QtBot, train_page: Page, ready: Workspace, trainer: Trainer, core: FakeCore
) -> None:
    card = view_of(train_page).pinned
    pin(ready, *TEXTS)
    finish_run(qtbot, trainer, core)
    pin(ready, TEXTS[0])
    finish_run(qtbot, trainer, core)
    assert [row.isVisible() for row in card.rows] == [True, False]
    pin(ready)
    finish_run(qtbot, trainer, core)
    assert not any(row.isVisible() for row in card.rows)
    assert not card.slider.isVisible()
    assert card.isVisible()
    assert card.note.text() == NOTHING_PINNED


@pytest.fixture
def box(qtbot: QtBot, train_page: Page) -> Callable[[QPushButton], PinnedDialog]:
    """Return what opens the box by a click."""

    def open_box(button: QPushButton) -> PinnedDialog:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        (dialog,) = train_page.view.findChildren(PinnedDialog)
        return dialog

    return open_box


def test_texts_are_pinned_before_the_first_run(
    qtbot: QtBot, train_page: Page, ready: Workspace, box: Callable[[QPushButton], PinnedDialog]
) -> None:
    dialog = box(view_of(train_page).pin_button)
    assert "One text a line" in dialog.how.text()
    dialog.field.setPlainText("with a\ttab")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert "Line 1" in dialog.refusal.text
    assert_named((dialog.save_button, dialog.cancel_button, dialog.field))
    dialog.field.setPlainText("")
    pasted = QMimeData()
    pasted.setText("one\u00a0two\r\nthree\n")
    dialog.field.insertFromMimeData(pasted)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert ready.project is not None
    assert ready.project.training.pinned == ("one\u00a0two", "three")
    qtbot.waitUntil(lambda: not train_page.view.findChildren(PinnedDialog))


def test_texts_of_several_lines_come_through_the_box_untouched(
    qtbot: QtBot, train_page: Page, ready: Workspace, box: Callable[[QPushButton], PinnedDialog]
) -> None:
    texts = ("one\ntwo\r\n\tthree\u2028four\u2029five \x0b\\n\u00a0", "  ends with a blank ")
    pin(ready, *texts)
    dialog = box(view_of(train_page).pin_button)
    assert dialog.field.blockCount() == 2
    ready.modified = False
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert ready.project is not None
    assert ready.project.training.pinned == texts
    assert not ready.modified
    qtbot.waitUntil(lambda: not train_page.view.findChildren(PinnedDialog))


def test_cancel_changes_nothing(
    qtbot: QtBot, train_page: Page, ready: Workspace, box: Callable[[QPushButton], PinnedDialog]
) -> None:
    dialog = box(view_of(train_page).pin_button)
    dialog.field.setPlainText("one")
    qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert ready.project is not None
    assert ready.project.training.pinned == ()
    qtbot.waitUntil(lambda: not train_page.view.findChildren(PinnedDialog))


@pytest.mark.parametrize(("several", "text"), [(True, "a\tb"), (False, "ab")])
def test_the_tab_key_stands_between_texts_where_a_row_has_several(qtbot: QtBot, several: bool, text: str) -> None:
    dialog = PinnedDialog(PinForm("", several=several, words="How"))
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    qtbot.keyClicks(dialog.field, "a")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Tab)
    qtbot.keyClicks(dialog.field, "b")
    assert dialog.lines == text


def test_answers_are_plain_text_that_wraps_and_can_be_selected(qtbot: QtBot) -> None:
    card = PinnedCard()
    qtbot.addWidget(card)
    line = PinnedLine("<b>asked</b> " * 40, "<b>bold</b> " + "x" * 500, "", "At first: <i>that</i>")
    card.show_moment(Moment(0, 1, "before the first step", (line,)))
    card.resize(400, 300)
    card.show()
    (row,) = card.rows
    assert row.answer.text == line.answer
    assert row.answer.height() > 5 * row.answer.fontMetrics().height()
    assert row.answer.width() < 400
    assert row.answer.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    assert row.texts.text().endswith("…")
    assert "&lt;b&gt;asked" in row.texts.toolTip()
    assert row.texts.accessibleName() == line.texts
    assert not card.slider.isVisible()
