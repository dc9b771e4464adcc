"""Going on with a run that was broken off: by a closed window, by signal 9, or with a damaged checkpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.resumed import assert_alike
from tests.support.sessions import run_project
from tests.support.toy_tasks import FAMILIES, HEADERS
from trainer_core.engines.base import PLAINLY, GoOn
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.runs.checkpoints import STATE
from trainer_core.runs.folder import RunFolder
from trainer_core.training.control import Control
from trainer_core.training.events import (
    EvaluationFinished,
    Event,
    RunFinished,
    RunResumed,
    RunWarning,
    StepFinished,
)

STAGES = [HEAD | {"epochs": 2}, TOP | {"start_from": "best"}, ALL | {"epochs": 2, "average_epochs": 0.5}]


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


def go_on(folder: RunFolder, how: GoOn = PLAINLY) -> list[Event]:
    return list(LocalEngine().resume(folder.path, Control(), how))


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


@pytest.mark.parametrize("task", sorted(HEADERS.keys() - {"classification"}))
def test_a_run_of_any_task_becomes_the_unbroken_one(tmp_path: Path, tiny_model: TinyModel, task: str) -> None:
    path = make_project(tmp_path, tiny_model(FAMILIES.get(task, "bert")), task=task, stages=STAGES)
    _, unbroken = run_project(path)
    for after in (3, 19):
        folder = break_off(path, after)
        again = go_on(folder)
        assert isinstance(again[0], RunResumed) == (after > 3)
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
    events = go_on(folder, GoOn(anyway=True))
    told = [event.message for event in events if isinstance(event, RunWarning)]
    assert any(str(data) in message for message in told)
    assert isinstance(events[-1], RunFinished)
