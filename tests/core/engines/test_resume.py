"""Going on with a run that was broken off: by a closed window, by signal 9, or with a damaged checkpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import run_project
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.runs.checkpoints import STATE, WEIGHTS
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunStatus
from trainer_core.runs.journal import read_journal
from trainer_core.training.control import Control
from trainer_core.training.events import (
    EvaluationFinished,
    Event,
    RunFinished,
    RunResumed,
    RunWarning,
    StageFinished,
    StepFinished,
)

STAGES = [HEAD | {"epochs": 2}, TOP | {"start_from": "best"}, ALL | {"epochs": 2, "average_epochs": 0.5}]
TOLD = (StepFinished, EvaluationFinished, StageFinished)


def story(events: list[Event]) -> list[tuple[Any, ...]]:
    """Return what events say of steps, evaluations and stages, but not how long they took."""
    return [
        tuple(event.model_dump(exclude={"time", "seconds", "peak_bytes"}).values())
        for event in events
        if isinstance(event, TOLD)
    ]


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    """Return the finished model's and the best checkpoint's tensors."""
    of_model = {
        f"{file.name} {name}": tensor
        for file in sorted(folder.model.glob("*.safetensors"))
        for name, tensor in load_file(file).items()
    }
    return of_model | load_file(folder.best_checkpoint() / WEIGHTS)


def break_off(path: Path, after: int) -> RunFolder:
    """Run a project and leave it in the middle, after so many steps."""
    engine = LocalEngine()
    events = engine.run(load_project(path), path, None, Control())
    for event in events:
        if isinstance(event, StepFinished) and event.step == after:
            break
    events.close()  # type: ignore[attr-defined]
    assert engine.folder is not None
    return engine.folder


def go_on(folder: RunFolder, **wishes: bool) -> list[Event]:
    return list(LocalEngine().resume(folder.path, Control(), **wishes))


def assert_alike(folder: RunFolder, unbroken: RunFolder) -> None:
    """Assert that a run is, bit for bit, the one that was not broken off."""
    mine, theirs = weights(folder), weights(unbroken)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert story(list(read_journal(folder.journal_file))) == story(list(read_journal(unbroken.journal_file)))
    assert folder.load_history().status is RunStatus.FINISHED


def test_wherever_it_is_broken_off_the_run_becomes_the_unbroken_one(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    events, unbroken = run_project(path)
    last = max(event.step for event in events if isinstance(event, StepFinished))
    in_epoch = next(event.step for event in events if isinstance(event, EvaluationFinished))
    for after in (in_epoch + 1, last // 2, last - 1):
        folder = break_off(path, after)
        again = go_on(folder)
        assert isinstance(again[0], RunResumed)
        assert 0 < again[0].step <= after
        assert isinstance(again[-1], RunFinished)
        assert_alike(folder, unbroken)


def test_a_run_can_be_broken_off_again_and_again(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    folder = break_off(path, 8)
    for after in (12, 17):
        events = LocalEngine().resume(folder.path, Control())
        for event in events:
            if isinstance(event, StepFinished) and event.step == after:
                break
        events.close()  # type: ignore[attr-defined]
    go_on(folder)
    assert_alike(folder, unbroken)


@pytest.mark.skipif(os.name != "posix", reason="signal 9 is POSIX's")
def test_a_killed_process_is_gone_on_from(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    command = [sys.executable, "-m", "trainer_core", "train", str(path), "--json", "--out", str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"step_finished"' in line and '"step":13,' in line:
                process.send_signal(signal.SIGKILL)
                break
    (run,) = (tmp_path / "killed").iterdir()
    folder = RunFolder(run)
    go_on(folder)
    assert_alike(folder, unbroken)


def test_a_damaged_snapshot_is_passed_over_for_the_one_before(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    folder = break_off(path, 17)
    newest = max(place for place in folder.checkpoints.iterdir() if (place / STATE).is_file())
    damaged = bytearray((newest / STATE).read_bytes())
    damaged[-5] ^= 1
    (newest / STATE).write_bytes(bytes(damaged))
    (resumed,) = (event for event in go_on(folder) if isinstance(event, RunResumed))
    assert resumed.step < int(newest.name.removeprefix("step-"))
    assert_alike(folder, unbroken)


def test_what_has_changed_is_named_and_refused_unless_wished(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    folder = break_off(path, 12)
    data = Path(folder.load_plan().data.train)
    data.write_text(data.read_text(encoding="utf-8").replace("parcel", "packet"), encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + "\n# a note\n", encoding="utf-8")
    journal = folder.journal_file.read_bytes()
    with pytest.raises(InputError) as refused:
        go_on(folder)
    assert {problem.where for problem in refused.value.problems} == {str(data), str(path)}
    assert folder.journal_file.read_bytes() == journal
    events = go_on(folder, anyway=True)
    told = [event.message for event in events if isinstance(event, RunWarning)]
    assert any(str(data) in message for message in told)
    assert isinstance(events[-1], RunFinished)


def test_a_run_that_is_over_or_has_nothing_yet_is_refused(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD])
    _, finished = run_project(path)
    with pytest.raises(InputError, match="over"):
        go_on(finished)
    with pytest.raises(InputError, match="anything to go on from"):
        go_on(break_off(path, 1))
