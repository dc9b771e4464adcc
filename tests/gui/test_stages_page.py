"""The Stages page: the logic against a fake view, then the real widgets with real clicks and keys."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.adapters.layer_words import format_rate, format_share, rule_words
from desktop_app.background.jobs import Jobs
from desktop_app.pages.base import Page, PageState
from desktop_app.pages.stages import build_page
from desktop_app.pages.stages.presenter import StagesPresenter
from desktop_app.pages.stages.view import StagesPage
from desktop_app.pages.stages.words import CardWords, RateCurve, StageForm, next_name, rate_curve, step_rate
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore, small_project, small_tree
from tests.support.layers_pages import fill, known_workspace
from trainer_core.errors import InputError
from trainer_core.project.schema import Schedule, StartFrom, TrainingSection, UntilSection
from trainer_core.stages.presets import PRESETS, gradual_stages


class FakeView(QObject):
    """Remembers what it is told."""

    stage_picked = Signal(int)
    add_wished = Signal()
    duplicate_wished = Signal()
    remove_wished = Signal()
    move_wished = Signal(int)
    preset_wished = Signal(str)
    default_wished = Signal()
    layers_wished = Signal()
    look_again_wished = Signal()
    stage_edited = Signal(str, object)
    rate_step_wished = Signal(bool)
    training_edited = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.refusals: dict[str, str] = {}
        self.curve: RateCurve | None = None

    def set_presets(self, names: Sequence[str]) -> None:
        self.presets = list(names)

    def show_waiting(self, title: str, text: str) -> None:
        self.shown = title

    def show_error(self, error: Exception) -> None:
        self.shown = f"error: {error}"

    def show_plan(self) -> None:
        self.shown = "plan"

    def set_cards(self, cards: Sequence[CardWords], chosen: int) -> None:
        self.cards, self.chosen = list(cards), chosen

    def set_plan_words(self, text: str, *, is_default: bool, knows_layers: bool) -> None:
        self.plan_words, self.is_default, self.knows_layers = text, is_default, knows_layers

    def set_form(self, form: StageForm) -> None:
        self.form = form
        self.refusals.clear()

    def set_training(self, training: TrainingSection) -> None:
        self.training = training

    def set_stage_refusal(self, field: str, text: str) -> None:
        self.refusals[field] = text

    def set_training_refusal(self, field: str, text: str) -> None:
        self.refusals[field] = text

    def set_curve(self, curve: RateCurve | None) -> None:
        self.curve = curve

    def set_problem(self, text: str) -> None:
        self.problem = text


@pytest.fixture
def workspace(qapp: QApplication) -> Workspace:
    return known_workspace()


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, workspace: Workspace) -> StagesPresenter:
    return StagesPresenter(view, workspace)


def names(workspace: Workspace) -> list[str]:
    return [stage.name for stage in workspace.stages()]


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "text"),
    [(5e-5, "5e-5"), (1e-3, "1e-3"), (1.25e-4, "1.25e-4"), (0.05, "0.05"), (1.0, "1"), (10.0, "10"), (2e-12, "2e-12")],
)
def test_rates_are_written_short_and_lose_nothing(rate: float, text: str) -> None:
    assert format_rate(rate) == text
    assert float(text) == rate


@pytest.mark.parametrize(
    ("rate", "up", "next_rate"),
    [(1e-3, True, 2e-3), (1e-3, False, 5e-4), (5e-5, True, 1e-4), (3e-5, True, 5e-5), (3e-5, False, 2e-5)],
)
def test_the_rate_steps_through_round_values(rate: float, up: bool, next_rate: float) -> None:
    assert step_rate(rate, up) == next_rate


def test_something_is_never_written_as_nothing() -> None:
    assert [format_share(share) for share in (0.0, 1e-7, 0.004, 0.157, 1.0)] == [
        "0 %",
        "< 0.01 %",
        "0.40 %",
        "15.7 %",
        "100 %",
    ]


def test_rules_in_words() -> None:
    assert [rule_words(rule) for rule in ("top:1", "top:3", "!embeddings", "encoder.*")] == [
        "the top block",
        "the top 3 blocks",
        "not the embeddings",
        "encoder.*",
    ]


def test_names_stay_different() -> None:
    stages = PRESETS["Head, then top, then all"](small_tree(), "loss")
    assert (next_name("new", stages), next_name("top", stages)) == ("new", "top 2")


def test_the_curve_warms_up_and_falls_in_every_stage_anew() -> None:
    stages = PRESETS["Head, then top, then all"](small_tree(), "loss")
    curve = rate_curve(stages, TrainingSection(schedule=Schedule.LINEAR, warmup_share=0.1), 1000)
    assert [(band.first, band.end) for band in curve.bands] == [(0, 2000), (2000, 4000), (4000, 7000)]
    assert len(curve.steps) == len(curve.rates) < 600
    for band, stage in zip(curve.bands, stages, strict=True):
        inside = [
            rate
            for step, rate in zip(curve.steps, curve.rates, strict=True)
            if band.first <= step < band.end and not math.isnan(rate)
        ]
        assert max(inside) == pytest.approx(stage.learning_rate)
        assert inside[0] < 0.02 * stage.learning_rate
        assert inside[-1] < 0.02 * stage.learning_rate
    assert sum(math.isnan(rate) for rate in curve.rates) == 2


# --- the logic ---------------------------------------------------------------------------------------------------


def test_without_a_project_without_facts_and_with_an_error_it_says_so(qapp: QApplication, view: FakeView) -> None:
    workspace = Workspace(FakeCore(), Jobs())
    presenter = StagesPresenter(view, workspace)
    assert (view.shown, presenter.state) == ("No project is open", PageState.EMPTY)
    workspace.project = small_project()
    workspace.project_changed.emit()
    assert (view.shown, presenter.state) == ("Looking at the model…", PageState.BUSY)
    workspace.facts_error = InputError.one("starter:x", "This model is not known.")
    workspace.facts_changed.emit()
    assert view.shown == "error: starter:x: This model is not known."


def test_own_stages_are_shown_before_the_model_is_known(qapp: QApplication, view: FakeView) -> None:
    workspace = Workspace(FakeCore(), Jobs())
    stages = PRESETS["Head only"](small_tree(), "loss")
    workspace.project = small_project().changed(stage=tuple(stage.model_dump() for stage in stages))
    presenter = StagesPresenter(view, workspace)
    assert (view.shown, presenter.state) == ("plan", PageState.OK)
    assert (view.cards[0].share, view.cards[0].length, view.curve) == ("", "5 epochs", None)
    assert not view.knows_layers


def test_cards_tell_the_default_plan(presenter: StagesPresenter, view: FakeView) -> None:
    assert view.is_default
    assert view.plan_words == "3 stages, 7 epochs, 126 steps at most"
    assert view.cards[1] == CardWords(
        name="top",
        learns="the head, the top 2 blocks",
        share="15.7 % of the model",
        rate="rate 1e-4, ×0.9 a layer down",
        length="2 epochs · 36 steps",
        until="",
        start="starts from the best so far",
    )
    assert view.cards[2].until == "until 2 evaluations without a better F1"
    assert view.presets == list(PRESETS)


def test_an_edit_makes_the_default_plan_the_projects_own(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    view.stage_edited.emit("epochs", 9)
    assert not view.is_default
    assert [stage.epochs for stage in workspace.project.stage] == [9, 2, 3]
    view.default_wished.emit()
    assert view.is_default
    assert workspace.project.stage == ()


def test_steps_follow_the_batch_size(presenter: StagesPresenter, view: FakeView) -> None:
    view.training_edited.emit("batch_size", 100)
    view.training_edited.emit("accumulation", 2)
    assert view.cards[0].length == "2 epochs · 6 steps"
    assert view.curve.bands[-1].end == 21


@pytest.mark.parametrize("text", ["abc", "", "-1", "nan", "inf", "50"])
def test_a_refused_rate_is_told_at_the_field_and_the_project_stays(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace, text: str
) -> None:
    before = workspace.project
    view.stage_edited.emit("learning_rate", text)
    assert view.refusals["learning_rate"]
    assert workspace.project is before
    view.stage_edited.emit("learning_rate", "1e-3")
    assert view.refusals == {}


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("rules", " , "), ("epochs", 0), ("layer_decay", 2.0)])
def test_other_refused_values_are_told_at_their_field(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace, field: str, value: Any
) -> None:
    before = workspace.project
    view.stage_edited.emit(field, value)
    assert view.refusals[field]
    assert workspace.project is before


def test_a_refused_value_that_all_stages_share(presenter: StagesPresenter, view: FakeView) -> None:
    view.training_edited.emit("warmup_share", 1.0)
    assert view.refusals["warmup_share"]
    assert view.training.warmup_share == 0.1


def test_edits_go_to_the_chosen_stage(presenter: StagesPresenter, view: FakeView, workspace: Workspace) -> None:
    view.stage_picked.emit(1)
    view.stage_edited.emit("learning_rate", "2.5e-4")
    view.stage_edited.emit("rules", "head, top:3 ,")
    view.stage_edited.emit("start_from", StartFrom.LAST)
    view.rate_step_wished.emit(True)
    stage = workspace.stages()[1]
    assert (stage.train, stage.learning_rate, stage.start_from) == (("head", "top:3"), 5e-4, StartFrom.LAST)
    assert (view.form.place, view.form.rules, view.form.learning_rate) == (1, "head, top:3", "5e-4")


def test_the_exit_rule_is_made_and_taken_away_by_its_boxes(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    view.stage_edited.emit("until_at_least", 0.9)
    assert workspace.stages()[0].until == UntilSection(metric="macro_f1", at_least=0.9)
    view.stage_edited.emit("until_metric", "loss")
    assert view.form.lower_is_better
    assert view.cards[0].until == "until loss ≤ 0.9"
    view.stage_edited.emit("until_patience", 3)
    view.stage_edited.emit("until_at_least", None)
    assert workspace.stages()[0].until == UntilSection(metric="loss", patience=3)
    view.stage_edited.emit("until_patience", None)
    assert workspace.stages()[0].until is None


def test_stages_are_added_copied_moved_and_removed(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    view.add_wished.emit()
    assert (names(workspace), view.chosen) == (["head", "stage 4", "top", "all"], 1)
    view.duplicate_wished.emit()
    assert (names(workspace), view.chosen) == (["head", "stage 4", "stage 4 2", "top", "all"], 2)
    view.move_wished.emit(1)
    assert (names(workspace), view.chosen) == (["head", "stage 4", "top", "stage 4 2", "all"], 3)
    view.remove_wished.emit()
    assert (names(workspace), view.chosen) == (["head", "stage 4", "top", "all"], 3)
    view.move_wished.emit(1)
    assert names(workspace) == ["head", "stage 4", "top", "all"]
    for _ in range(9):
        view.remove_wished.emit()
    assert names(workspace) == ["head"], "one stage always stays"


def test_ready_made_plans(presenter: StagesPresenter, view: FakeView, workspace: Workspace) -> None:
    view.stage_picked.emit(2)
    view.preset_wished.emit("Gradual unfreezing (ULMFiT)")
    assert workspace.project.stage == gradual_stages(small_tree(), "macro_f1")
    assert view.chosen == 0


def test_wrong_rules_are_the_pages_problem_and_stand_on_their_card(
    presenter: StagesPresenter, view: FakeView, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(presenter.state_changed):
        view.stage_edited.emit("rules", "hed")
    assert presenter.state is PageState.PROBLEM
    assert presenter.problems[0].startswith('Stage 1, "head": The rule "hed" matches no layer')
    assert view.cards[0].problem == 'The rule "hed" matches no layer of this model.'
    view.stage_edited.emit("rules", "head")
    assert (presenter.state, presenter.problems, view.problem) == (PageState.OK, [], "")


def test_the_wish_for_layers_is_passed_on(presenter: StagesPresenter, view: FakeView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(presenter.layers_wished):
        view.layers_wished.emit()


# --- the widgets -------------------------------------------------------------------------------------------------


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> Page:
    page = build_page(workspace, Theme())
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
    assert workspace.stages()[0].until == UntilSection(metric="macro_f1", at_least=0.9)
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


def test_the_button_leads_to_the_layers_of_the_stage(qtbot: QtBot, page: Page) -> None:
    with qtbot.waitSignal(page.leads["layers"]):
        click(qtbot, widgets(page).editor.choose)


def test_the_plot_shows_the_curve_once_the_page_is_shown(page: Page, workspace: Workspace) -> None:
    view = widgets(page)
    assert view.plot is None
    page.shown()
    assert view.plot.line.getData()[0][-1] == 125
    view.training.fields["batch_size"].control.setValue(576)
    assert view.plot.line.getData()[0][-1] == 6
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
def test_nothing_is_wider_than_the_page(qtbot: QtBot, page: Page, width: int) -> None:
    page.view.resize(width, 800)
    scroll = widgets(page).pages.widget(2)
    qtbot.waitUntil(lambda: scroll.widget().width() <= scroll.viewport().width())


def test_importing_the_page_imports_no_plot_and_no_model_library() -> None:
    heavy = "('torch', 'transformers', 'datasets', 'sklearn', 'pyqtgraph', 'numpy')"
    pages = "desktop_app.pages.stages, desktop_app.pages.layers"
    code = f"import sys, {pages}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
