"""What can be chosen about a task: wrong choices are refused by name, right ones reach the run and the model folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.projects import HEAD, make_project
from tests.support.sessions import run_project
from trainer_core.engines.prepare import prepare_run
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.tasks.base import TaskOptions
from trainer_core.tasks.registry import describe_task, load_task, task_names
from trainer_core.tasks.tagging import Tagging

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("classification", {"focal_gamma": -1.0}, "focal_gamma", "-1.0"),
    ("classification", {"focal_gamma": float("nan")}, "focal_gamma", "nan"),
    ("classification", {"label_smoothing": 1.5}, "label_smoothing", "1.5"),
    ("classification", {"label_smoothing": "much"}, "label_smoothing", "much"),
    ("classification", {"class_weights": "heavy"}, "class_weights", "'equal' or 'balanced'"),
    ("classification", {"gamma": 2.0}, "gamma", "class_weights, label_smoothing, focal_gamma"),
    ("pair_classification", {"focal_gamma": "strong"}, "focal_gamma", "strong"),
    ("multilabel", {"separator": " and then "}, "separator", "5"),
    ("multilabel", {"tune_thresholds": "sometimes"}, "tune_thresholds", "sometimes"),
    ("multilabel", {"focal_gamma": 1.0}, "focal_gamma", "separator, tune_thresholds"),
    ("regression", {"pairs": "far"}, "pairs", "'apart' or 'together'"),
    ("tagging", {"words": "long"}, "words", "'whole' or 'parts'"),
    ("tagging", {"scale": 1.0}, "scale", "words, tune_threshold"),
    ("language_model", {"scale": 1.0}, "scale", "hidden_share"),
]


@pytest.mark.parametrize(("task", "options", "key", "part"), WRONG)
def test_a_wrong_option_is_refused_by_its_name(
    tmp_path: Path, bert: Path, task: str, options: dict[str, Any], key: str, part: str
) -> None:
    path = make_project(tmp_path, bert, task=task, options=options)
    with pytest.raises(InputError) as refused:
        prepare_run(load_project(path), path)
    (problem,) = refused.value.problems
    assert problem.where == f"options.{key}"
    assert part in f"{problem.what} {problem.remedy}"
    assert problem.remedy


def test_a_task_without_options_says_that_it_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tagging, "options_type", TaskOptions)
    with pytest.raises(InputError) as refused:
        load_task("tagging", {"scale": 1.0})
    (problem,) = refused.value.problems
    assert "remove the key" in problem.remedy


def test_a_wrong_option_is_told_with_all_else_that_is_wrong(tmp_path: Path, bert: Path) -> None:
    path = make_project(
        tmp_path, bert, options={"label_smoothing": 3.0, "gamma": 1}, training={"metric": "map"}, max_length=10_000
    )
    with pytest.raises(InputError) as refused:
        prepare_run(load_project(path), path)
    told = {problem.where for problem in refused.value.problems}
    assert told == {"options.label_smoothing", "options.gamma", "training.metric", "model.max_length"}


def test_options_are_kept_in_the_plan_and_in_the_model_folder(tmp_path: Path, bert: Path) -> None:
    rows = [(f"my parcel {number}", "rare" if number % 4 == 0 else "frequent") for number in range(24)]
    options = {"class_weights": "balanced", "focal_gamma": 1.5}
    _, folder = run_project(make_project(tmp_path, bert, stages=[HEAD], options=options, rows=rows, validation=rows))
    plan = folder.load_plan()
    assert plan.project.options == options
    assert dict(plan.data.facts) == {"class_weights": (24 / 2 / 18, 24 / 2 / 6)}
    kept = json.loads((folder.model / "thaw.json").read_text(encoding="utf-8"))
    assert (kept["options"], kept["facts"]) == (options, {"class_weights": [24 / 2 / 18, 24 / 2 / 6]})


@pytest.mark.parametrize("name", task_names())
def test_every_option_has_a_title_a_sentence_and_a_default_that_holds(name: str) -> None:
    facts = describe_task(name)
    for option in facts.options:
        assert option.title
        assert option.description
        assert not option.choices or option.default in option.choices
    assert facts.metrics[0] != "loss"
    assert facts.title != facts.name
