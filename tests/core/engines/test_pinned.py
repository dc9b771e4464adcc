"""Pinned texts: answered each time a model is measured, by the weights that were measured, and again after a resume."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import TinyModel
from tests.core.engines.test_resume import break_off, go_on
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.resumed import assert_alike
from tests.support.sessions import run_project
from tests.support.toy_tasks import FAMILIES
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project, parse_project
from trainer_core.project.save import format_project
from trainer_core.runs.folder import RunFolder
from trainer_core.training.control import Control
from trainer_core.training.events import EvaluationFinished, Event, PinnedAnswered

ASKED = {
    "classification": ["my parcel is late", "refund the invoice"],
    "multilabel": ["my parcel is late"],
    "regression": ["my parcel is late"],
    "tagging": ["my parcel is late"],
    "pair_classification": [["my parcel is late", "where is my parcel"]],
    "answering": [["why parcel", "my parcel is late today"]],
    "chat": ["my parcel is late"],
    "language_model": ["my parcel"],
}
STAGES = [HEAD, TOP, ALL | {"average_epochs": 0.5}]


def pinned_in(events: list[Event]) -> list[PinnedAnswered]:
    return [event for event in events if isinstance(event, PinnedAnswered)]


@pytest.mark.parametrize("task", sorted(ASKED))
def test_what_is_pinned_is_answered_at_the_start_and_at_every_evaluation(
    tmp_path: Path, tiny_model: TinyModel, task: str
) -> None:
    model = tiny_model(FAMILIES.get(task, "bert"))
    path = make_project(tmp_path, model, task=task, stages=[ALL], training={"pinned": ASKED[task]})
    events, run = run_project(path)
    answered = pinned_in(events)
    measured = [event.step for event in events if isinstance(event, EvaluationFinished)]
    assert [event.step for event in answered] == [0, *measured]
    best = events[-1].best.step  # type: ignore[union-attr]
    expected = Predictor.load(run.path).predict([row if isinstance(row, str) else tuple(row) for row in ASKED[task]])
    found = next(event for event in answered if event.step == best).answers
    assert [one.fields for one in found] == [one.fields for one in expected]
    if task in ("chat", "language_model"):
        assert all(one.answer.startswith(two.answer) for one, two in zip(expected, found, strict=True))
    elif task != "multilabel":  # whose thresholds are found after all steps
        assert [one.answer for one in found] == [one.answer for one in expected]


def test_a_run_with_pinned_texts_becomes_the_unbroken_one(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = make_project(
        tmp_path, tiny_model("llama-lm"), task="chat", stages=STAGES, training={"pinned": ASKED["chat"]}
    )
    events, unbroken = run_project(path)
    folder = break_off(path, 12)
    go_on(folder)
    assert_alike(folder, unbroken)
    assert answers_of(folder) == [[one.answer for one in event.answers] for event in pinned_in(events)]


def answers_of(folder: RunFolder) -> list[list[str]]:
    return [[one.answer for one in event.answers] for event in folder.load_history().pinned]


def test_answers_change_nothing_of_what_is_learnt(tmp_path: Path, tiny_model: TinyModel) -> None:
    folders = []
    for name, pinned in (("with", ASKED["chat"]), ("without", [])):
        path = make_project(
            tmp_path / name, tiny_model("llama-lm"), task="chat", stages=STAGES, training={"pinned": pinned}
        )
        folders.append(run_project(path)[1])
    assert_alike(*folders)


def test_a_long_answer_does_not_hold_up_a_discard(tmp_path: Path, tiny_model: TinyModel) -> None:
    training = {"pinned": ASKED["language_model"] * 20}
    path = make_project(tmp_path, tiny_model("llama-lm"), task="language_model", stages=[ALL], training=training)
    control, engine = Control(), LocalEngine()
    kinds = []
    for event in wishing(engine.run(load_project(path), path, None, control), control):
        kinds.append(event.event)
    assert "pinned_answered" not in kinds
    assert kinds[-1] == "run_discarded"


def wishing(events: Iterator[Event], control: Control) -> Iterator[Event]:
    """Wish the run away once the model as it came was measured, and before it has answered."""
    for event in events:
        if event.event == "pretrained_measured":
            control.discard()
        yield event


@pytest.mark.parametrize(
    ("task", "family", "pinned", "words"),
    [
        (
            "classification",
            "bert",
            [["one", "two"]],
            r"training\.pinned\[0\].*one text; here is 2 texts",
        ),
        (
            "pair_classification",
            "bert",
            ["one"],
            r"training\.pinned\[0\].*2 texts; here is one text",
        ),
        ("chat", "llama-lm", ["fine", ["a", "b", "c"]], r"training\.pinned\[1\]"),
        ("language_model", "bert-lm", ["one"], "hidden words"),
    ],
)
def test_what_cannot_be_answered_is_refused_before_anything_is_written(
    tmp_path: Path, tiny_model: TinyModel, task: str, family: str, pinned: list[Any], words: str
) -> None:
    path = make_project(tmp_path, tiny_model(family), task=task, training={"pinned": pinned})
    with pytest.raises(InputError, match=f"(?s){words}"):
        run_project(path)
    assert not (tmp_path / "runs").exists()


def test_a_project_keeps_what_is_pinned() -> None:
    text = 'version = 1\n[data]\ntrain = "a.csv"\n[training]\npinned = ["one", ["two", "three"]]\n'
    project = parse_project(text, "a.thaw")
    assert project.training.pinned == ("one", ("two", "three"))
    assert parse_project(format_project(project), "a.thaw") == project
    with pytest.raises(InputError, match="pinned"):
        parse_project(text.replace('"one"', '""'), "a.thaw")
