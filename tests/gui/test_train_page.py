"""The whole Train page with its real widgets and plots."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.background.trainer import Trainer
from desktop_app.pages.base import Page
from desktop_app.pages.train.feed import BASELINE_LABEL, PROBE_LABEL
from desktop_app.pages.train.view import TrainView
from tests.support.fake_core import FakeCore
from tests.support.widgets import assert_named

if TYPE_CHECKING:
    from desktop_app.pages.train.board import PlotBoard


@pytest.fixture
def page(train_page: Page) -> Page:
    return train_page


def _view(page: Page) -> TrainView:
    assert isinstance(page.view, TrainView)
    return page.view


def board_of_a_run(qtbot: QtBot, page: Page, trainer: Trainer) -> PlotBoard:
    """Return the plots of a run that has just ended."""
    view = _view(page)
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    board = view.board
    assert board is not None
    return board


def test_a_run_its_end_and_another_run_are_shown(qtbot: QtBot, page: Page, trainer: Trainer, core: FakeCore) -> None:
    view = _view(page)
    core.training.hold_at = 20
    trainer.start()
    qtbot.waitUntil(lambda: view.board is not None, timeout=20_000)
    qtbot.waitUntil(lambda: view.fact_list.texts.get("Step") == "20 of 126")
    qtbot.waitUntil(lambda: view.board.loss._lines["train"].drawn > 0)  # type: ignore[union-attr]
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.stop()
    assert view.summary.isVisible()
    assert view.summary.texts[0] == "0.855"
    core.training.hold_at = None
    with qtbot.waitSignal(trainer.run_finished, timeout=10_000):
        trainer.start()
        assert not view.summary.isVisible()
    assert view.summary.texts[0] != "0.855"


def test_the_plots_draw_the_whole_run(qtbot: QtBot, page: Page, trainer: Trainer) -> None:
    board = board_of_a_run(qtbot, page, trainer)
    plots = (board.loss, board.score, *board.small)
    qtbot.waitUntil(lambda: not any(plot.needs_redraw for plot in plots))
    assert len(board.loss._lines["train"].raw.yData) == 126
    assert [text.split(" 0")[0] for text in board.score._legend.texts] == [
        "macro F1",
        "accuracy",
        PROBE_LABEL,
        BASELINE_LABEL,
        "best",
        "saved",
    ]
    assert [plot._legend.texts for plot in board.small] != [[], [], []]


def test_what_is_set_on_the_plots_is_drawn(qtbot: QtBot, page: Page, trainer: Trainer) -> None:
    board = board_of_a_run(qtbot, page, trainer)
    board.smoothing.setValue(0)
    assert board.loss._lines["train"].smooth.yData is None
    board.smoothing.setValue(90)
    assert len(board.loss._lines["train"].smooth.yData) == 126
    low = board.loss._plot.vb.viewRange()[1][0]
    qtbot.mouseClick(
        board.log, Qt.MouseButton.LeftButton, pos=board.log.rect().center() - board.log.rect().center() / 2
    )
    board.log.setChecked(True)
    assert board.loss._plot.vb.viewRange()[1][0] < min(low, 0)
    assert math.isfinite(board.loss._plot.vb.viewRange()[1][1])
    board.outliers.setChecked(True)
    assert not board.loss.needs_redraw


def test_a_second_run_is_drawn_by_the_same_curves(qtbot: QtBot, page: Page, trainer: Trainer, core: FakeCore) -> None:
    board = board_of_a_run(qtbot, page, trainer)
    curve = board.loss._lines["train"].raw
    board.loss._plot.vb.sigRangeChangedManually.emit([True, True])
    core.training.hold_at = 7
    trainer.start()
    qtbot.waitUntil(lambda: trainer.history.step == 7)
    qtbot.waitUntil(lambda: len(curve.yData) == 7)
    assert board.loss._lines["train"].raw is curve
    assert board.loss.following


def test_a_failure_stands_on_the_page(qtbot: QtBot, page: Page, trainer: Trainer, core: FakeCore) -> None:
    view = _view(page)
    core.training.error = ZeroDivisionError("division by zero")
    with qtbot.waitSignal(trainer.run_failed, timeout=10_000):
        trainer.start()
    assert view.failure.isVisible()
    assert "division by zero" in view.failure.text


def test_the_page_is_made_without_the_plotting_library() -> None:
    code = (
        "import sys, desktop_app.pages.train.view, desktop_app.pages.train.presenter; print('pyqtgraph' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_control_has_a_name_and_a_tooltip(qtbot: QtBot, page: Page, trainer: Trainer) -> None:
    board = board_of_a_run(qtbot, page, trainer)
    summary = _view(page).summary
    assert_named((_view(page).live_button, summary.try_button, summary.folder_button, board.smoothing))
