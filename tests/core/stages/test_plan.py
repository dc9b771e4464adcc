"""Stages resolved against a model, presets, and the rules that end a stage."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.layers.test_freeze import small_tree
from trainer_core.errors import InputError
from trainer_core.layers.tree import ParameterSpec, build_layer_tree
from trainer_core.project.schema import Project, StartFrom, UntilSection
from trainer_core.results.names import better
from trainer_core.stages.exits import ExitRule
from trainer_core.stages.plan import StagePlan, resolve_stages
from trainer_core.stages.presets import PRESETS, default_stages

FLAT = build_layer_tree([ParameterSpec("body.weight", (3, 3)), ParameterSpec("head.weight", (2,))])


def project(*stages: dict[str, Any], **training: Any) -> Project:
    """Return a project with these stages."""
    usual = {"name": "x", "learning_rate": 1e-3, "epochs": 2}
    return Project.model_validate(
        {"data": {"train": "t.csv"}, "training": training, "stage": [usual | stage for stage in stages]}
    )


def test_a_stage_is_resolved_into_names_and_steps() -> None:
    wish = project({"train": ["head", "top:1"], "layer_decay": 0.5}, batch_size=8, accumulation=2)
    (stage,) = resolve_stages(wish, small_tree(), 33)
    assert stage.steps_per_epoch == 3
    assert stage.steps == 6
    assert stage.rules == ("head", "top:1")
    assert stage.trainable[-3:] == ("final_norm.weight", "head.linear.weight", "head.linear.bias")
    assert len(stage.trainable) == 7
    chosen = set(stage.trainable)
    assert stage.trained_parameters == sum(p.count for p in small_tree().parameters if p.name in chosen)
    assert not stage.only_head


def test_the_names_of_a_stage_stand_in_the_order_of_the_model() -> None:
    tree = small_tree()
    (stage,) = resolve_stages(project({"train": ["head", "embeddings"]}), tree, 10)
    order = [parameter.name for parameter in tree.parameters]
    assert list(stage.trainable) == sorted(stage.trainable, key=order.index)


def test_problems_of_all_stages_come_together() -> None:
    wish = project(
        {"train": ["hed"]}, {"train": ["head"]}, {"train": ["top:9", "nowhere"]}, {"train": ["head", "!all"]}
    )
    with pytest.raises(InputError) as caught:
        resolve_stages(wish, small_tree(), 10)
    wheres = [problem.where for problem in caught.value.problems]
    assert wheres == ["stage[0].train", "stage[2].train", "stage[2].train", "stage[3].train"]


def test_without_stages_the_default_plan_holds() -> None:
    stages = resolve_stages(Project.model_validate({"data": {"train": "t"}}), small_tree(), 100)
    assert [stage.name for stage in stages] == ["head", "top", "all"]
    assert stages[0].only_head
    assert set(stages[0].trainable) < set(stages[1].trainable) < set(stages[2].trainable)
    assert len(stages[2].trainable) == len(small_tree().parameters)
    assert [stage.start_from for stage in stages[1:]] == [StartFrom.BEST, StartFrom.BEST]
    rates = [stage.learning_rate for stage in stages]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("tree", [small_tree(), FLAT], ids=["blocks", "flat"])
def test_every_preset_fits_every_model(name: str, tree: Any) -> None:
    sections = PRESETS[name](tree, "accuracy")
    wish = project(*(section.model_dump() for section in sections))
    stages = resolve_stages(wish, tree, 50)
    assert len(stages) == len(sections)
    assert {stage.until.metric for stage in stages if stage.until} <= {"accuracy"}
    assert Project.model_validate(wish.model_dump()) == wish


def test_gradual_unfreezing_thaws_one_block_a_stage() -> None:
    stages = resolve_stages(
        project(*(s.model_dump() for s in PRESETS["Gradual unfreezing (ULMFiT)"](small_tree(), "loss"))),
        small_tree(),
        50,
    )
    sizes = [len(stage.trainable) for stage in stages]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == len(small_tree().parameters)


def test_the_default_plan_starts_with_a_third_of_the_blocks() -> None:
    assert default_stages(small_tree(), "loss")[1].train == ("head", "top:1")


def test_a_plan_survives_json() -> None:
    (stage,) = resolve_stages(project({"train": ["all"], "until": {"patience": 3}}), small_tree(), 10)
    assert StagePlan.model_validate_json(stage.model_dump_json()) == stage


# --- exits ---------------------------------------------------------------------------------------------------------


def rule(**until: Any) -> ExitRule:
    """Return the rule of an ``until``."""
    return ExitRule(UntilSection(**until))


def test_at_least_ends_a_stage_from_below_for_scores_and_from_above_for_losses() -> None:
    assert rule(metric="accuracy", at_least=0.9).check({"accuracy": 0.89}) is None
    assert rule(metric="accuracy", at_least=0.9).check({"accuracy": 0.9}) == "at_least"
    assert rule(metric="loss", at_least=0.3).check({"loss": 0.31}) is None
    assert rule(metric="loss", at_least=0.3).check({"loss": 0.3}) == "at_least"


def test_patience_counts_evaluations_in_a_row_without_a_new_best() -> None:
    exits = rule(metric="accuracy", patience=2)
    values = [0.5, 0.4, 0.6, 0.6, 0.7, 0.7, 0.65]
    assert [exits.check({"accuracy": value}) for value in values] == [None] * 6 + ["patience"]


def test_a_loss_that_is_no_number_counts_as_no_progress() -> None:
    exits = rule(metric="loss", patience=2, at_least=0.1)
    assert [exits.check({"loss": value}) for value in (0.5, math.nan, math.nan)] == [None, None, "patience"]
    exits = rule(metric="loss", patience=2)
    assert [exits.check({"loss": value}) for value in (math.nan, math.nan, math.nan)] == [None, None, "patience"]


def test_without_a_rule_nothing_ends_a_stage() -> None:
    assert ExitRule(None).check({"accuracy": 1.0}) is None


FLOATS = st.floats(allow_nan=True)


@given(value=FLOATS, than=FLOATS)
def test_better_is_strict_and_safe_with_nan(value: float, than: float) -> None:
    for metric in ("loss", "accuracy"):
        assert not (better(metric, value, than) and better(metric, than, value))
        assert not better(metric, value, value)
        if math.isnan(value):
            assert not better(metric, value, than)
        elif math.isnan(than):
            assert better(metric, value, than)
        else:
            assert better(metric, value, than) == (value < than if metric == "loss" else value > than)
