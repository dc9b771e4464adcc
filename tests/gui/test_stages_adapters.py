"""Adapters on the Stages page: what all of them share, against a fake view."""

from __future__ import annotations

import pytest

from desktop_app.adapters.layer_words import format_share
from desktop_app.pages.base import PageState
from desktop_app.pages.stages.adapter_words import AdapterForm
from desktop_app.pages.stages.presenter import StagesPresenter
from desktop_app.workspace import Workspace
from tests.gui.test_stages_presenter import FakeView
from tests.support.small import small_project, small_tree
from trainer_core.project.schema import AdapterKind, Quantisation
from trainer_core.stages.presets import adapter_stages


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, filled: Workspace) -> StagesPresenter:
    return StagesPresenter(view, filled)


def wish_adapters(view: FakeView) -> AdapterForm:
    view.preset_wished.emit("Adapters (LoRA)")
    assert view.adapters is not None
    return view.adapters


def test_adapters_have_values_only_where_the_plan_has_adapters(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    assert view.adapters is None
    form = wish_adapters(view)
    assert workspace.project.stage == adapter_stages(small_tree(), "auto")
    assert (form.kind, form.rank, form.alpha, form.dropout) == (AdapterKind.LORA, 16, 32, 0.0)
    assert form.amount == "36 adapters, 663,552 numbers in all"
    view.stage_edited.emit("rules", "head")
    assert view.adapters is None


def test_cards_count_adapters(presenter: StagesPresenter, view: FakeView) -> None:
    wish_adapters(view)
    (card,) = view.cards
    total = 22_567_686 + 663_552
    assert (card.learns, card.problem) == ("the head, adapters in all blocks", "")
    assert card.share == f"{format_share((663_552 + 2_310) / total)} of the model"
    assert (presenter.state, view.problem) == (PageState.OK, "")


def test_values_of_adapters_are_taken_or_refused(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    assert "here × 2." in wish_adapters(view).alpha_words
    view.adapter_edited.emit("kind", "rslora")
    view.adapter_edited.emit("rank", 4)
    assert (workspace.project.adapter.kind, workspace.project.adapter.rank) == (AdapterKind.RSLORA, 4)
    assert (view.adapters.amount, view.adapters.kind) == ("36 adapters, 165,888 numbers in all", AdapterKind.RSLORA)
    assert "√rank times what it says, here × 16." in view.adapters.alpha_words
    before = workspace.project
    view.adapter_edited.emit("rank", 0)
    assert view.refusals["rank"]
    assert workspace.project is before
    view.adapter_edited.emit("rank", 4)
    view.adapter_edited.emit("kind", "dora")
    assert view.adapters.amount == "36 adapters, 186,624 numbers in all"


def test_matrices_are_kept_in_four_bits_where_that_is_wished(
    presenter: StagesPresenter, view: FakeView, workspace: Workspace
) -> None:
    form = wish_adapters(view)
    assert (form.quantisation, form.quantisation_words) == (
        Quantisation.NONE,
        "The frozen matrices beside adapters stay as they are.",
    )
    view.adapter_edited.emit("quantisation", "nf4")
    assert workspace.project.adapter.quantisation is Quantisation.NF4
    assert "an eighth of their memory, and slower steps" in view.adapters.quantisation_words


def test_adapters_are_known_before_the_model_is(workspace: Workspace, view: FakeView) -> None:
    stages = adapter_stages(small_tree(), "loss")
    workspace.project = small_project().changed(stage=tuple(stage.model_dump() for stage in stages))
    presenter = StagesPresenter(view, workspace)
    assert (view.adapters.amount, view.cards[0].share, presenter.state) == ("", "", PageState.OK)


def test_a_wrong_adapter_rule_is_told_in_words(presenter: StagesPresenter, view: FakeView) -> None:
    view.stage_edited.emit("rules", "head, adapter:*.querry")
    assert 'Did you mean "adapter:*.query"?' in presenter.problems[0]
    assert view.cards[0].problem == 'The rule "adapter:*.querry" matches no layer of this model.'
    assert view.adapters.amount == ""
