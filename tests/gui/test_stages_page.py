"""The whole Stages page with real widgets, keys and clicks."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.pages.base import Page
from desktop_app.pages.stages import build_page
from desktop_app.pages.stages.view import StagesPage
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace
from tests.support.layers_pages import fill
from trainer_core.project.schema import Schedule, UntilSection


def names(workspace: Workspace) -> list[str]:
    return [stage.name for stage in workspace.stages()]


@pytest.fixture
def page(qtbot: QtBot, filled: Workspace) -> Page:
    page = build_page(filled, Theme())
    qtbot.addWidget(page.view)
    page.view.resize(1000, 900)
    with qtbot.waitExposed(page.view):
        page.view.show()
    return page


def widgets(page: Page) -> StagesPage:
    assert isinstance(page.view, StagesPage)
    return page.view


def click(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_the_page_names_itself_and_marks_the_default_plan(page: Page) -> None:
    assert (page.key, page.title) == ("stages", "Stages")
    assert widgets(page).plan_words.text().startswith("Default plan")


def test_a_card_is_chosen_by_click_and_arrow_key(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    strip = widgets(page).strip
    click(qtbot, strip.cards[1])
    assert workspace.stage == 1
    assert [card.isChecked() for card in strip.cards] == [False, True, False]
    strip.cards[1].setFocus()
    qtbot.keyClick(strip.cards[1], Qt.Key.Key_Right)
    assert workspace.stage == 2
    assert strip.cards[2].hasFocus()
    qtbot.keyClick(strip.cards[2], Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert names(workspace) == ["head", "all", "top"]
    assert workspace.stage == 1


def test_a_click_on_the_chosen_card_keeps_it_chosen(qtbot: QtBot, page: Page) -> None:
    cards = widgets(page).strip.cards
    click(qtbot, cards[0])
    assert cards[0].isChecked()


def test_buttons_change_the_plan(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    view = widgets(page)
    assert not view.left.isEnabled()
    click(qtbot, view.add)
    assert names(workspace) == ["head", "stage 4", "top", "all"]
    click(qtbot, view.right)
    click(qtbot, view.duplicate)
    click(qtbot, view.remove)
    assert names(workspace) == ["head", "top", "stage 4", "all"]
    assert len(view.strip.cards) == 4
    for _ in range(3):
        click(qtbot, view.remove)
    assert not view.remove.isEnabled()
    assert len(view.strip.cards) == 1


def test_typing_a_rate(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    field = widgets(page).editor.fields["learning_rate"]
    line = widgets(page).editor.rate.line
    line.selectAll()
    qtbot.keyClicks(line, "fast")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert "no number" in field.refusal
    assert workspace.project.stage == ()
    line.selectAll()
    qtbot.keyClicks(line, "0.00025")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert workspace.stages()[0].learning_rate == 2.5e-4
    assert (field.refusal, line.text()) == ("", "2.5e-4")
    qtbot.keyClick(line, Qt.Key.Key_Up)
    assert workspace.stages()[0].learning_rate == 5e-4
    click(qtbot, widgets(page).editor.rate.less)
    assert line.text() == "2e-4"


def test_leaving_a_refused_value_for_another_stage_forgets_it(qtbot: QtBot, page: Page) -> None:
    editor = widgets(page).editor
    editor.rate.line.selectAll()
    qtbot.keyClicks(editor.rate.line, "fast")
    qtbot.keyClick(editor.rate.line, Qt.Key.Key_Return)
    click(qtbot, widgets(page).strip.cards[1])
    assert (editor.fields["learning_rate"].refusal, editor.rate.line.text()) == ("", "1e-4")


def test_the_exit_rule_by_its_boxes(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    editor = widgets(page).editor
    reach = editor.fields["until_at_least"].control
    assert not editor.fields["until_metric"].isEnabled()
    reach.box.click()
    assert workspace.stages()[0].until == UntilSection(metric="auto", at_least=0.9)
    reach.number.setValue(0.95)
    assert workspace.stages()[0].until.at_least == 0.95
    metric = editor.fields["until_metric"].control
    metric.setCurrentIndex(metric.findData("loss"))
    metric.activated.emit(metric.currentIndex())
    assert reach.box.text() == "falls to at mo&st"
    reach.box.click()
    assert workspace.stages()[0].until is None


def test_values_of_all_stages(page: Page, workspace: Workspace) -> None:
    fields = widgets(page).training.fields
    fields["batch_size"].control.setValue(64)
    fields["warmup_share"].control.setValue(20)
    schedule = fields["schedule"].control
    schedule.setCurrentIndex(schedule.findData("cosine"))
    schedule.activated.emit(schedule.currentIndex())
    training = workspace.project.training
    assert (training.batch_size, training.warmup_share, training.schedule) == (64, 0.2, Schedule.COSINE)


def test_batches_by_tokens_take_the_place_of_rows(page: Page, workspace: Workspace) -> None:
    fields, words = widgets(page).training.fields, widgets(page).plan_words
    before = words.text()
    fields["batch_tokens"].control.box.click()
    assert workspace.project.training.batch_tokens == 2_048
    assert not fields["batch_size"].control.isEnabled()
    assert words.text() != before
    fields["batch_tokens"].control.box.click()
    assert workspace.project.training.batch_tokens is None
    assert fields["batch_size"].control.isEnabled()
    assert words.text().endswith(before.rpartition(",")[2])


def test_memory_and_compiling_are_boxes(page: Page, workspace: Workspace) -> None:
    fields = widgets(page).training.fields
    for name in ("checkpoint_activations", "compile"):
        fields[name].control.click()
        assert getattr(workspace.project.training, name)
        fields[name].control.click()
        assert not getattr(workspace.project.training, name)


def test_metrics_are_chosen_by_what_they_are_called(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    box = widgets(page).training.fields["metric"].control
    assert box.currentText() == "macro F1 (usual for this task)"
    assert [box.itemText(place) for place in range(1, box.count())] == [
        "macro F1",
        "accuracy",
        "area under the curve",
        "loss",
    ]
    tips = [box.itemData(place, Qt.ItemDataRole.ToolTipRole) for place in range(1, box.count())]
    assert all(tips)
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_A)
    assert workspace.project.training.metric == "accuracy"
    until = widgets(page).editor.fields["until_metric"].control
    assert until.itemText(0) == "accuracy (as the best)"
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert workspace.project.training.metric == "auto"


def test_a_metric_that_only_the_project_file_knows_is_shown_as_it_is(page: Page, workspace: Workspace) -> None:
    workspace.update(training=workspace.project.training.model_dump() | {"metric": "weighted_f1"})
    assert widgets(page).training.fields["metric"].control.currentText() == "weighted_f1"


def test_ready_made_plans_from_the_menu_and_back(page: Page, workspace: Workspace) -> None:
    actions = {action.text(): action for action in widgets(page).presets.menu().actions()}
    back = actions["Back to the default plan"]
    assert not back.isEnabled()
    actions["All at once"].trigger()
    assert names(workspace) == ["all"]
    back.trigger()
    assert names(workspace) == ["head", "top", "all"]


def test_the_card_of_adapters(page: Page, workspace: Workspace) -> None:
    view = widgets(page)
    assert not view.adapters.isVisible()
    page.presenter._on_preset_wished("Adapters (LoRA)")
    assert view.adapters.isVisible()
    fields = view.adapters.fields
    fields["rank"].control.setValue(8)
    fields["alpha"].control.setValue(24)
    fields["dropout"].control.setValue(0.1)
    kind = fields["kind"].control
    kind.setCurrentIndex(kind.findData("dora"))
    kind.activated.emit(kind.currentIndex())
    matrices = fields["quantisation"].control
    assert "an eighth of their memory" in matrices.toolTip()
    matrices.setCurrentIndex(matrices.findData("nf4"))
    matrices.activated.emit(matrices.currentIndex())
    wish = workspace.project.adapter
    assert wish.quantisation == "nf4"
    assert (wish.kind, wish.rank, wish.alpha, wish.dropout) == ("dora", 8, 24, 0.1)
    assert "× 3." in view.adapters.words["alpha"].text()
    assert "size of each output" in view.adapters.words["kind"].text()
    view.adapters.refuse("rank", "Too much.")
    assert fields["rank"].refusal == "Too much."


def test_the_button_leads_to_the_layers_of_the_stage(qtbot: QtBot, page: Page) -> None:
    with qtbot.waitSignal(page.leads["layers"]):
        click(qtbot, widgets(page).editor.choose)


def test_the_plot_shows_the_curve_once_the_page_is_shown(page: Page, workspace: Workspace) -> None:
    view = widgets(page)
    assert view.plot is None
    page.shown()
    assert view.plot.line.getData()[0][-1] == 161
    view.training.fields["batch_size"].control.setValue(576)
    assert view.plot.line.getData()[0][-1] == 8
    workspace.report = None
    workspace.report_changed.emit()
    assert not view.plot.isVisible()


def test_the_plot_in_plain_numbers_shows_the_rates_themselves(page: Page) -> None:
    page.shown()
    view = widgets(page)

    def highest() -> float:
        return max(rate for rate in view.plot.line.getData()[1] if not math.isnan(rate))

    assert highest() == pytest.approx(-3)
    view.log.setChecked(False)
    assert highest() == pytest.approx(1e-3)


def test_many_stages_of_a_deep_model_scroll_to_the_chosen_one(qtbot: QtBot, page: Page, workspace: Workspace) -> None:
    fill(workspace, workspace.project, blocks=24)
    page.view.resize(900, 700)
    page.presenter._on_preset_wished("Gradual unfreezing (ULMFiT)")
    workspace.choose_stage(20)
    strip = widgets(page).strip
    assert len(strip.cards) == 25
    qtbot.waitUntil(lambda: not strip.cards[20].visibleRegion().isEmpty())
    qtbot.waitUntil(lambda: strip.viewport().height() >= max(card.sizeHint().height() for card in strip.cards))


@pytest.mark.parametrize("width", [700, 900, 1400])
@pytest.mark.parametrize("plan", ["All at once", "Adapters (LoRA)"])
def test_nothing_is_wider_than_the_page(qtbot: QtBot, page: Page, width: int, plan: str) -> None:
    page.presenter._on_preset_wished(plan)
    page.view.resize(width, 800)
    scroll = widgets(page).content
    qtbot.waitUntil(lambda: scroll.widget().width() <= scroll.viewport().width())


def test_importing_the_page_imports_no_plot_and_no_model_library() -> None:
    heavy = "('torch', 'transformers', 'datasets', 'sklearn', 'pyqtgraph', 'numpy')"
    pages = "desktop_app.pages.stages, desktop_app.pages.layers"
    code = f"import sys, {pages}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
