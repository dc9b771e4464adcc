"""A stage before the stages: the model reads on in texts of the field, and the task is put on what it became."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, make_project
from tests.support.resumed import assert_alike
from tests.support.sessions import run_project
from tests.support.toy_tasks import toy_rows_of
from trainer_core.engines.base import GoOn
from trainer_core.engines.local import LocalEngine
from trainer_core.engines.pretraining import WORK
from trainer_core.errors import InputError, RunStopped
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.training.control import Control
from trainer_core.training.events import (
    Event,
    PretrainingFinished,
    RunDiscarded,
    RunFinished,
    RunPutAside,
    RunWarning,
    StepFinished,
    WorkProgress,
)

READS = {"learning_rate": 1e-3, "epochs": 2}


def project(folder: Path, model: Path, *, reads: dict[str, Any] = READS, **more: Any) -> Path:
    """Return the file of a small project that reads before it learns."""
    path = make_project(folder, model, **({"stages": [HEAD, ALL]} | more))
    lines = "\n".join(f"{key} = {value!r}".replace("'", '"') for key, value in reads.items())
    path.write_text(f"{path.read_text()}\n[pretraining]\n{lines}\n", encoding="utf-8")
    return path


def reads_at(step: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, WorkProgress) and event.work == WORK and event.done >= step


def begin(path: Path, moment: Callable[[Event], bool], wish: Callable[[Control], object]) -> tuple[RunFolder, list]:
    """Run a project and wish something at a moment; return its folder and events."""
    engine, control, events = LocalEngine(), Control(), []
    for event in engine.run(load_project(path), path, None, control):
        events.append(event)
        if moment(event):
            wish(control)
    assert engine.folder is not None
    return engine.folder, events


def go_on(folder: RunFolder, how: GoOn = GoOn()) -> list[Event]:  # noqa: B008
    return list(LocalEngine().resume(folder.path, Control(), how))


def body_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("task", ["classification", "answering", "tagging"])
def test_the_task_is_put_on_a_model_that_has_read_on(tmp_path: Path, tiny_model: TinyModel, task: str) -> None:
    model = tiny_model("bert-lm")
    events, run = run_project(project(tmp_path, model, task=task))
    (read,) = [event for event in events if isinstance(event, PretrainingFinished)]
    assert read.metrics["perplexity"] <= read.before["perplexity"]
    kinds = [event.event for event in events]
    assert kinds.index("pretraining_finished") < kinds.index("run_started")
    assert isinstance(events[-1], RunFinished)
    plan = run.load_plan()
    assert Path(plan.model_folder) == run.pretraining.model.resolve()
    assert plan.project.model.source == str(model)
    assert run.pretraining.load_history().status is RunStatus.FINISHED
    assert run.load_history().pretraining == read
    shutil.rmtree(run.pretraining.path)  # the model of the run is whole without it
    texts = tuple("is where my parcel" for _ in Predictor.load(run.path).given)
    assert Predictor.load(run.path).predict([texts])


@pytest.mark.parametrize(("family", "warned"), [("bert", True), ("bert-lm", False)])
def test_a_model_without_a_head_that_tells_tokens_is_warned_of(
    tmp_path: Path, tiny_model: TinyModel, family: str, warned: bool
) -> None:
    events, run = run_project(project(tmp_path, tiny_model(family)))
    told = [event.message for event in events if isinstance(event, RunWarning)]
    assert any("came without a head that tells tokens" in message for message in told) is warned
    assert run.load_history().status is RunStatus.FINISHED


def test_other_texts_can_be_named_and_only_some_layers_learn(tmp_path: Path, tiny_model: TinyModel) -> None:
    model = tiny_model("bert-lm")
    reads = READS | {"texts": "field.txt", "train": ["head", "top:1"]}
    path = project(tmp_path, model, reads=reads)
    (tmp_path / "field.txt").write_text("\n".join(text for (text,) in toy_rows_of("language_model", 240, seed=3)))
    _, run = run_project(path)
    made, before = body_of(run.pretraining.model), body_of(model)
    moved = {name for name, tensor in made.items() if name in before and not torch.equal(tensor, before[name])}
    assert moved
    assert not any("layer.0" in name for name in moved)
    inner = run.pretraining.load_plan()
    assert Path(inner.data.train).name == "field.txt"


@pytest.mark.parametrize("moment", [reads_at(3), lambda event: isinstance(event, StepFinished) and event.step == 6])
def test_a_run_that_is_put_aside_becomes_the_unbroken_one(
    tmp_path: Path, tiny_model: TinyModel, moment: Callable[[Event], bool]
) -> None:
    path = project(tmp_path, tiny_model("bert-lm"))
    _, unbroken = run_project(path)
    folder, events = begin(path, moment, Control.put_aside)
    assert isinstance(events[-1], RunPutAside)
    assert events[-1].folder == str(folder.path)
    assert folder.has_read
    assert isinstance(go_on(folder)[-1], RunFinished)
    assert_alike(folder, unbroken)
    assert_same(body_of(folder.pretraining.model), body_of(unbroken.pretraining.model))


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_that_dies_before_its_plan_knows_goes_on(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = project(tmp_path, tiny_model("bert-lm"))
    _, unbroken = run_project(path)
    engine, plan = LocalEngine(), None
    events = engine.run(load_project(path), path, None, Control())
    for event in events:
        assert engine.folder is not None
        plan = plan or engine.folder.load_plan()
        if isinstance(event, PretrainingFinished):
            break
    events.close()  # type: ignore[attr-defined]
    assert plan is not None
    engine.folder.save_plan(plan)  # as if the power had gone a moment before
    again = go_on(engine.folder)
    assert [event.metrics for event in again if isinstance(event, PretrainingFinished)]
    assert_alike(engine.folder, unbroken)


def test_finishing_while_it_reads_keeps_what_was_read(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = project(tmp_path, tiny_model("bert-lm"))
    engine, control = LocalEngine(), Control()
    events = engine.run(load_project(path), path, None, control)
    next(event for event in events if reads_at(2)(event))
    control.finish_now()
    with pytest.raises(RunStopped, match="before there was anything to keep"):
        list(events)
    assert engine.folder is not None
    events = go_on(engine.folder)
    assert isinstance(events[-1], RunFinished)
    assert not any(reads_at(0)(event) for event in events)


def test_discarding_while_it_reads_leaves_nothing(tmp_path: Path, tiny_model: TinyModel) -> None:
    folder, events = begin(project(tmp_path, tiny_model("bert-lm")), reads_at(2), Control.discard)
    assert isinstance(events[-1], RunDiscarded)
    assert events[-1].folder == str(folder.path)
    assert not folder.path.exists()


def test_a_finished_run_is_trained_longer_without_reading_anew(tmp_path: Path, tiny_model: TinyModel) -> None:
    _, run = run_project(project(tmp_path, tiny_model("bert-lm")))
    events = go_on(run, GoOn(epochs=1))
    assert isinstance(events[-1], RunFinished)
    assert not any(isinstance(event, PretrainingFinished) or reads_at(0)(event) for event in events)


@pytest.mark.parametrize(
    ("family", "task", "reads", "words"),
    [
        ("bert-lm", "language_model", {}, "nothing comes before it"),
        ("bert-lm", "classification", {"texts": "gone.txt"}, "pretraining: .*gone.txt: There is no such file"),
        ("bert-lm", "classification", {"train": ["top:90"]}, "pretraining: stage"),
    ],
)
def test_what_cannot_be_read_is_told_before_anything_is_written(
    tmp_path: Path, tiny_model: TinyModel, family: str, task: str, reads: dict[str, Any], words: str
) -> None:
    path = project(tmp_path, tiny_model(family), task=task, reads=READS | reads)
    with pytest.raises(InputError, match=words):
        run_project(path)
    assert not (tmp_path / "runs").exists()
