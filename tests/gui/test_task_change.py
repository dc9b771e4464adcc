"""What another task makes of a project: what it keeps, what goes back to what is usual, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.pages.data.task_change import change_task, known_options, with_option
from tests.support.small import small_project
from tests.support.small_data import small_task, small_tasks
from trainer_core.project.schema import DataSection, OptionValue, Project, UntilSection
from trainer_core.tasks.facts import OptionFacts

HEAD = {"name": "head", "train": ("head",), "learning_rate": 1e-3, "epochs": 1}


def project_with(**sections: Any) -> Project:
    return small_project().changed(**sections)


def changed(project: Project, name: str) -> tuple[Project, tuple[str, ...]]:
    """Return the project with another task, and what is told to be lost."""
    change = change_task(project, small_task(name), small_task(project.task))
    return project.changed(**change.sections), change.lost


def ending(**until: Any) -> Project:
    return project_with(stage=(HEAD | {"until": until},))


@pytest.mark.parametrize("name", [task.name for task in small_tasks()])
def test_nothing_but_the_task_changes_where_nothing_was_chosen(name: str) -> None:
    after, lost = changed(small_project(), name)
    assert (after, lost) == (small_project().changed(task=name), ())


def test_what_the_other_task_knows_too_is_kept() -> None:
    data = DataSection(train="a.csv", columns={"text": "a", "label": 3}, limit=9).model_dump()
    training = {"metric": "accuracy", "batch_size": 8}
    before = project_with(options={"class_weights": "balanced"}, data=data, training=training, seed=3)
    after, lost = changed(before, "pair_classification")
    assert (after, lost) == (before.changed(task="pair_classification"), ())


def test_what_it_does_not_know_goes_back_and_is_named() -> None:
    data = {"train": "a.csv", "columns": {"text": "a", "second_text": "b", "label": 3}}
    options = {"class_weights": "balanced", "focal_gamma": 2.0}
    before = project_with(
        task="pair_classification", options=options, data=data, training={"metric": "auc", "batch_size": 8}
    )
    after, lost = changed(before, "multilabel")
    assert (after.options, after.training.metric, after.training.batch_size) == ({}, "auto", 8)
    assert after.data.columns.model_dump(exclude_none=True) == {"text": "a", "label": 3}
    assert lost == ("“Class weights”", "“Focal loss”", "the column “b”", "judging by area under the curve")
    sentence = change_task(before, small_task("multilabel"), None).sentence
    assert sentence.startswith("Let go, because this task knows no such thing: “class_weights”")


def test_a_column_without_a_name_is_named_by_its_position() -> None:
    data = {"train": "a.csv", "columns": {"second_text": 1}}
    assert changed(project_with(task="regression", data=data), "classification")[1] == ("column 1",)


@pytest.mark.parametrize(
    ("until", "kept", "lost"),
    [
        ({"metric": "loss", "at_least": 0.3}, {"metric": "loss", "at_least": 0.3}, ()),
        ({"patience": 3}, {"patience": 3}, ()),
        ({"at_least": 0.9}, None, ("the end of stage “head” at macro F1 0.9",)),
        ({"at_least": 0.9, "patience": 3}, {"patience": 3}, ("the end of stage “head” at macro F1 0.9",)),
        ({"metric": "accuracy", "at_least": 0.9}, None, ("the end of stage “head” at accuracy 0.9",)),
        ({"metric": "accuracy", "patience": 2}, {"patience": 2}, ("the end of stage “head” by accuracy",)),
    ],
)
def test_a_threshold_holds_for_its_own_metric_only(
    until: dict[str, Any], kept: dict[str, Any] | None, lost: tuple[str, ...]
) -> None:
    """Nine tenths of a score are no nine tenths of a correlation, and nothing at all of an error in the rows' units."""
    after, told = changed(ending(**until), "regression")
    assert (after.stage[0].until, told) == (None if kept is None else UntilSection(**kept), lost)


def test_a_threshold_stays_where_the_metric_behind_it_is_the_same() -> None:
    before = ending(at_least=0.9)
    assert changed(before, "multilabel") == (before.changed(task="multilabel"), ())
    judged = project_with(training={"metric": "loss"}, stage=(HEAD | {"until": {"at_least": 0.3}},))
    assert changed(judged, "regression") == (judged.changed(task="regression"), ())


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"class_weights": "balanced", "label_smoothing": 0.1}, True),
        ({"focal_gamma": 10}, True),
        ({"class_weights": "heavy"}, False),
        ({"focal_gamma": 11.0}, False),
        ({"focal_gamma": True}, False),
        ({"label_smoothing": "much"}, False),
        ({"separator": ";"}, False),
    ],
)
def test_options_are_kept_where_the_task_can_have_them(options: dict[str, OptionValue], kept: bool) -> None:
    assert known_options(options, small_task("classification")) == (options if kept else {})


@pytest.mark.parametrize(("value", "kept"), [(False, True), (1, False), ("no", False)])
def test_a_switch_is_no_number(value: OptionValue, kept: bool) -> None:
    assert bool(known_options({"tune_thresholds": value}, small_task("multilabel"))) is kept


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("focal_gamma", 2.0, {"focal_gamma": 2.0}),
        ("focal_gamma", 0.0, {}),
        ("class_weights", "equal", {}),
        ("separator", " ", {"separator": " "}),
        ("separator", "", {}),
        ("separator", None, {}),
        ("tune_thresholds", False, {"tune_thresholds": False}),
    ],
)
def test_only_what_differs_from_what_holds_anyway_is_written(
    name: str, value: OptionValue | None, written: dict[str, OptionValue]
) -> None:
    facts: list[OptionFacts] = [option for task in small_tasks() for option in task.options]
    option = next(option for option in facts if option.name == name)
    assert with_option({"other": 1}, option, value) == {"other": 1} | written
    assert with_option({"other": 1, name: "before"}, option, value) == {"other": 1} | written
