"""The words and the logic of the Stages page, against a fake view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from PySide6.QtCore import Signal
from pytestqt.qtbot import QtBot

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.adapters.layer_words import format_rate, format_share, rule_words
from desktop_app.pages.base import PageState
from desktop_app.pages.stages.adapter_words import AdapterForm
from desktop_app.pages.stages.presenter import StagesPresenter
from desktop_app.pages.stages.words import (
    CardWords,
    MetricChoices,
    RateCurve,
    StageForm,
    metric_choices,
    next_name,
    rate_curve,
    step_rate,
    until_words,
)
from desktop_app.workspace import Workspace
from tests.support.fake_views import FakeWaitingView
from tests.support.small import small_project, small_tree
from trainer_core.errors import InputError
from trainer_core.project.schema import Schedule, StartFrom, TrainingSection, UntilSection
from trainer_core.stages.presets import PRESETS, gradual_stages


class FakeView(FakeWaitingView):
    """Remembers what it is told."""

    stage_picked = Signal(int)
    add_wished = Signal()
    duplicate_wished = Signal()
    remove_wished = Signal()
    move_wished = Signal(int)
    preset_wished = Signal(str)
    default_wished = Signal()
    layers_wished = Signal()
    stage_edited = Signal(str, object)
    rate_step_wished = Signal(bool)
    training_edited = Signal(str, object)
    adapter_edited = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.refusals: dict[str, str] = {}
        self.curve: RateCurve | None = None

    def set_presets(self, names: Sequence[str]) -> None:
        self.presets = list(names)

    def set_cards(self, cards: Sequence[CardWords], chosen: int) -> None:
        self.cards, self.chosen = list(cards), chosen

    def set_plan_words(self, text: str, *, is_default: bool, knows_layers: bool) -> None:
        self.plan_words, self.is_default, self.knows_layers = text, is_default, knows_layers

    def set_metrics(self, choices: MetricChoices) -> None:
        self.metrics = choices

    def set_form(self, form: StageForm) -> None:
        self.form = form
        self.refusals.clear()

    def set_training(self, training: TrainingSection) -> None:
        self.training = training

    def set_stage_refusal(self, field: str, text: str) -> None:
        self.refusals[field] = text

    def set_training_refusal(self, field: str, text: str) -> None:
        self.refusals[field] = text

    def set_adapters(self, form: AdapterForm | None) -> None:
        self.adapters = form

    def set_adapter_refusal(self, field: str, text: str) -> None:
        self.refusals[field] = text

    def set_curve(self, curve: RateCurve | None) -> None:
        self.curve = curve

    def set_forecast(self, words: ForecastWords | None) -> None:
        self.forecast = words


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, filled: Workspace) -> StagesPresenter:
    return StagesPresenter(view, filled)


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
    assert [(band.first, band.end) for band in curve.bands] == [(0, 2000), (2000, 4000), (4000, 9000)]
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


def test_metrics_are_offered_in_words_and_what_is_usual_is_named() -> None:
    offered = ("spearman", "pearson", "mae", "loss")
    choices = metric_choices(offered, "spearman")
    assert list(choices.best) == list(choices.until) == ["auto", *offered]
    assert choices.best["auto"] == "Spearman correlation (usual for this task)"
    assert choices.best["mae"] == choices.until["mae"] == "mean absolute error"
    assert choices.until["auto"] == "Spearman correlation (as the best)"
    assert metric_choices(offered, "loss").until["auto"] == "loss (as the best)"


def test_before_the_tasks_are_known_their_usual_metric_has_no_name() -> None:
    assert metric_choices((), "auto") == MetricChoices(
        {"auto": "usual for the task"}, {"auto": "as the best is judged"}
    )
    until = UntilSection(at_least=0.5, patience=1)
    assert until_words(until, "auto") == "until score ≥ 0.5 or an evaluation without a better score"
    assert until_words(until, "mae") == (
        "until mean absolute error ≤ 0.5 or an evaluation without a better mean absolute error"
    )


# --- the logic ---------------------------------------------------------------------------------------------------


def test_without_a_project_without_facts_and_with_an_error_it_says_so(workspace: Workspace, view: FakeView) -> None:
    presenter = StagesPresenter(view, workspace)
    assert (view.shown, presenter.state) == ("No project is open", PageState.EMPTY)
    workspace.project = small_project()
    workspace.project_changed.emit()
    assert (view.shown, presenter.state) == ("Looking at the model…", PageState.BUSY)
    workspace.facts_error = InputError.one("starter:x", "This model is not known.")
    workspace.facts_changed.emit()
    assert view.shown == "error: starter:x: This model is not known."


def test_own_stages_are_shown_before_the_model_is_known(workspace: Workspace, view: FakeView) -> None:
    stages = PRESETS["Head only"](small_tree(), "loss")
    workspace.project = small_project().changed(stage=tuple(stage.model_dump() for stage in stages))
    presenter = StagesPresenter(view, workspace)
    assert (view.shown, presenter.state) == ("content", PageState.OK)
    assert (view.cards[0].share, view.cards[0].length, view.curve) == ("", "5 epochs", None)
    assert not view.knows_layers


def test_cards_tell_the_default_plan(presenter: StagesPresenter, view: FakeView) -> None:
    assert view.is_default
    assert view.plan_words == "3 stages, 9 epochs, 162 steps at most"
    assert view.cards[1] == CardWords(
        name="top",
        learns="the head, the top 2 blocks",
        share="15.7 % of the model",
        rate="rate 1e-4, ×0.9 a layer down",
        length="2 epochs · 36 steps",
        until="",
        start="starts from the best so far",
    )
    assert view.cards[2].until == "until 3 evaluations without a better macro F1"
    assert view.presets == list(PRESETS)


def test_an_edit_makes_the_default_plan_the_projects_own(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    view.stage_edited.emit("epochs", 9)
    assert not view.is_default
    assert [stage.epochs for stage in workspace.project.stage] == [9, 2, 5]
    view.default_wished.emit()
    assert view.is_default
    assert workspace.project.stage == ()


def test_steps_follow_the_batch_size(presenter: StagesPresenter, view: FakeView) -> None:
    view.training_edited.emit("batch_size", 100)
    view.training_edited.emit("accumulation", 2)
    assert view.cards[0].length == "2 epochs · 6 steps"
    assert view.curve.bands[-1].end == 27


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
    assert workspace.stages()[0].until == UntilSection(metric="auto", at_least=0.9)
    assert view.cards[0].until == "until macro F1 ≥ 0.9"
    view.stage_edited.emit("until_metric", "loss")
    assert view.form.lower_is_better
    assert view.cards[0].until == "until loss ≤ 0.9"
    view.stage_edited.emit("until_patience", 3)
    view.stage_edited.emit("until_at_least", None)
    assert workspace.stages()[0].until == UntilSection(metric="loss", patience=3)
    view.stage_edited.emit("until_patience", None)
    assert workspace.stages()[0].until is None


def test_metrics_come_from_the_task(
    workspace: Workspace, presenter: StagesPresenter, view: FakeView, qtbot: QtBot
) -> None:
    assert list(view.metrics.best) == ["auto", "macro_f1", "accuracy", "auc", "loss"]
    workspace.update(task="regression")
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert list(view.metrics.best) == ["auto", "spearman", "pearson", "mae", "loss"]
    assert view.cards[2].until == "until 3 evaluations without a better Spearman correlation"


def test_what_ends_a_stage_follows_what_judges_the_best(presenter: StagesPresenter, view: FakeView) -> None:
    view.stage_edited.emit("until_at_least", 0.9)
    assert not view.form.lower_is_better
    view.training_edited.emit("metric", "loss")
    assert (view.form.until_metric, view.form.lower_is_better) == ("auto", True)
    assert view.metrics.until["auto"] == "loss (as the best)"
    assert view.cards[0].until == "until loss ≤ 0.9"


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
    assert workspace.project.stage == gradual_stages(small_tree(), "auto")
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
