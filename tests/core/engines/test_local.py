"""The local engine: checks first, then a folder, a journal that equals the events, and a model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import run_project
from tests.support.toy_texts import toy_rows
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError, RunStopped
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project
from trainer_core.runs.checkpoints import load_checkpoint
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.runs.journal import read_journal
from trainer_core.training.control import Control
from trainer_core.training.events import RunFailed, RunFinished, RunWarning, StepFinished
from trainer_core.training.session import TrainingSession


def refusal(path: Path) -> list[str]:
    """Return the places at fault of a project that cannot run; nothing may have been written beside it."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(InputError) as caught:
        run_project(path)
    assert sorted(path.parent.rglob("*")) == before
    assert all(problem.remedy for problem in caught.value.problems)
    return [problem.where for problem in caught.value.problems]


def test_the_journal_holds_every_event(tmp_path: Path, bert: Path) -> None:
    events, run = run_project(make_project(tmp_path, bert, stages=[HEAD, TOP]))
    assert list(read_journal(run.journal_file)) == events
    assert repr(run.load_history()) == repr(RunHistory().apply_all(events))
    assert run.load_history().status is RunStatus.FINISHED
    assert run.path.parent == tmp_path / "runs"
    assert run.path.name.endswith("_head-top")


def test_the_last_event_tells_the_best(tmp_path: Path, bert: Path) -> None:
    events, run = run_project(make_project(tmp_path, bert, stages=[HEAD, ALL]))
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.folder == str(run.path)
    assert set(last.metrics) == {"loss", "accuracy", "macro_f1", "auc"}
    assert (last.best.metric, last.best.value) == ("macro_f1", last.metrics["macro_f1"])
    assert not last.stopped


def test_the_plan_can_be_read_again(tmp_path: Path, bert: Path) -> None:
    _, run = run_project(make_project(tmp_path, bert, data={"validation": None, "validation_share": 0.25}))
    plan = run.load_plan()
    assert (plan.data.train_rows, plan.data.validation_rows) == (27, 9)
    assert plan.model_folder == str(bert.resolve())
    assert plan.stages[0].trainable == ("head.linear.weight", "head.linear.bias")
    environment = json.loads(run.environment_file.read_text())
    assert environment["versions"]["torch"] == torch.__version__
    assert environment["model_sha256"] == plan.model_sha256


def test_a_second_run_leaves_the_first_alone(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert)
    _, first = run_project(path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    _, second = run_project(path)
    assert second.path != first.path
    assert {file: file.read_bytes() for file in before} == before


def test_the_checkpoint_is_what_the_model_folder_holds(tmp_path: Path, bert: Path) -> None:
    _, run = run_project(make_project(tmp_path, bert, stages=[TOP | {"epochs": 3}], training={"probe": False}))
    tensors, facts = load_checkpoint(run.best_checkpoint())
    assert {name.split(".")[0] for name in tensors} == {"head", "encoder"}
    assert all(name.startswith(("head.", "encoder.layer.2.")) for name in tensors)
    assert facts["pooling"] == "mean"
    body, base = load_file(run.model / "model.safetensors"), load_file(bert / "model.safetensors")
    head = load_file(run.model / "head.safetensors")
    for name, tensor in tensors.items():
        assert torch.equal(tensor, head[name.removeprefix("head.")] if name.startswith("head.") else body[name])
    for name in set(body) - set(tensors):
        assert torch.equal(body[name], base[name]), name


def test_cut_texts_are_warned_of(tmp_path: Path, bert: Path) -> None:
    events, _ = run_project(make_project(tmp_path, bert, max_length=6))
    (warning,) = (event for event in events if isinstance(event, RunWarning))
    assert "longer than 6 tokens" in warning.message
    assert isinstance(events[1], RunWarning)


# --- stopped and failed --------------------------------------------------------------------------------------------


def test_a_stopped_run_is_saved_whole(tmp_path: Path, bert: Path) -> None:
    def stop(event: Any, control: Control) -> None:
        if isinstance(event, StepFinished) and event.step == 2:
            control.finish_now()

    events, run = run_project(make_project(tmp_path, bert, stages=[HEAD, ALL]), listener=stop)
    assert isinstance(events[-1], RunFinished)
    assert events[-1].stopped
    assert run.load_history().status is RunStatus.STOPPED
    assert Predictor.load(run.path).predict(["my invoice"])


def test_a_run_stopped_before_anything_was_kept_says_so(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert)
    control = Control()
    control.finish_now()
    engine = LocalEngine()
    with pytest.raises(RunStopped):
        list(engine.run(load_project(path), path, None, control))
    assert engine.folder is not None
    assert isinstance(list(read_journal(engine.folder.journal_file))[-1], RunFailed)


def test_a_failure_is_told_and_what_was_best_stays(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, ALL])

    def no_memory(session: TrainingSession) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(TrainingSession, "restore_best", no_memory)
    engine, events = LocalEngine(), []
    with pytest.raises(RuntimeError, match="out of memory"):
        events.extend(engine.run(load_project(path), path, None, Control()))
    assert isinstance(events[-1], RunFailed)
    assert "out of memory" in events[-1].what
    assert "RuntimeError" in events[-1].traceback
    assert engine.folder is not None
    assert list(read_journal(engine.folder.journal_file))[-1] == events[-1]
    assert Predictor.load(engine.folder.path).predict(["my invoice"])


# --- refused before anything is written ----------------------------------------------------------------------------


def test_problems_of_all_parts_come_at_once(tmp_path: Path, bert: Path) -> None:
    path = make_project(
        tmp_path,
        bert,
        rows=[("one", "same"), ("two", "same")],
        validation=[("three", "same")],
        stages=[HEAD | {"train": ["hed"]}, HEAD | {"until": {"metric": "bleu", "patience": 1}}],
        training={"metric": "rouge", "precision": "float16"},
        max_length=999,
    )
    wheres = refusal(path)
    assert wheres[0] == str(tmp_path / "train.csv")
    assert set(wheres[1:]) == {
        "training.precision",
        "training.metric",
        "stage[1].until.metric",
        "model.max_length",
        "stage[0].train",
    }


@pytest.mark.parametrize("spoil", ["weights", "pickle", "tokenizer", "config", "cut", "rubbish"])
def test_a_model_folder_that_is_not_whole_is_refused(tmp_path: Path, bert: Path, spoil: str) -> None:
    model = Path(shutil.copytree(bert, tmp_path / "model"))
    weights = model / "model.safetensors"
    if spoil in {"weights", "pickle"}:
        weights.unlink()
    if spoil == "pickle":
        (model / "pytorch_model.bin").write_bytes(b"cos\nsystem\n.")
    if spoil == "tokenizer":
        (model / "tokenizer.json").unlink()
    if spoil == "config":
        (model / "config.json").write_text("{")
    if spoil == "cut":
        weights.write_bytes(weights.read_bytes()[:-50])
    if spoil == "rubbish":
        weights.write_bytes(b"\x00\xff" * 5000)
    (where,) = refusal(make_project(tmp_path / "project", model))
    assert where == f"model.source ({model})"


def test_an_output_place_that_is_a_file_is_refused(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert)
    (tmp_path / "runs").write_text("precious")
    assert refusal(path) == [str(tmp_path / "runs")]
    assert (tmp_path / "runs").read_text() == "precious"


def test_the_same_seed_gives_the_same_run(tmp_path: Path, bert: Path) -> None:
    finished, weights = [], []
    for name in ("one", "two"):
        events, run = run_project(make_project(tmp_path / name, bert, stages=[HEAD, ALL], pooling="auto"))
        assert isinstance(events[-1], RunFinished)
        finished.append((events[-1].best, events[-1].metrics))
        weights.append((run.model / "model.safetensors").read_bytes() + (run.model / "head.safetensors").read_bytes())
    assert finished[0] == finished[1]
    assert weights[0] == weights[1]


def test_the_model_answers_as_the_run_measured(tmp_path: Path, bert: Path) -> None:
    rows = toy_rows(90, seed=5)
    path = make_project(tmp_path, bert, rows=rows[:60], validation=rows[60:], stages=[HEAD, ALL])
    events, run = run_project(path)
    assert isinstance(events[-1], RunFinished)
    answers = Predictor.load(run.path).predict([text for text, _ in rows[60:]])
    right = sum(answer.label == label for answer, (_, label) in zip(answers, rows[60:], strict=True))
    assert right / 30 == pytest.approx(events[-1].metrics["accuracy"])
