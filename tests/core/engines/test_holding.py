"""Where something cannot be written the run waits, loses nothing, and goes on when the user has mended it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.engines.test_resume import STAGES, go_on
from tests.support.command_line import thaw
from tests.support.projects import HEAD, make_project
from tests.support.resumed import assert_alike
from tests.support.sessions import run_project
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.project.load import load_project
from trainer_core.runs import checkpoints
from trainer_core.runs.folder import RunFolder, list_runs
from trainer_core.runs.history import RunStatus
from trainer_core.training.control import Control
from trainer_core.training.events import (
    Event,
    RunContinued,
    RunDiscarded,
    RunFinished,
    RunHeld,
    RunPutAside,
    StepFinished,
)

Answer = Callable[[Control], None]


class FullDisk:
    """Lets tensors be refused from a call on, until room is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self._left = after
        self._real = checkpoints.save_file
        monkeypatch.setattr(checkpoints, "save_file", self._save)

    def make_room(self) -> None:
        self._left = 1_000_000

    def _save(self, *args: object, **named: object) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._real(*args, **named)  # type: ignore[arg-type]


def follow(path: Path, answer: Callable[[Control, RunHeld], None]) -> tuple[list[Event], RunFolder]:
    engine, control, events = LocalEngine(), Control(), []
    for event in engine.run(load_project(path), path, None, control):
        events.append(event)
        if isinstance(event, RunHeld):
            answer(control, event)
    assert engine.folder is not None
    return events, engine.folder


def test_a_full_disk_is_waited_out(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    disk = FullDisk(monkeypatch, after=4)
    tries = []

    def answer(control: Control, held: RunHeld) -> None:
        tries.append(held)
        if len(tries) == 3:
            disk.make_room()
        control.go_on()

    events, folder = follow(path, answer)
    assert [held.why for held in tries] == ["The disk is full."] * 3
    assert all(held.remedy for held in tries)
    kinds = [type(event) for event in events]
    assert kinds[kinds.index(RunHeld) :][:4] == [RunHeld, RunHeld, RunHeld, RunContinued]
    assert_alike(folder, unbroken)


def test_a_held_run_that_is_put_aside_goes_on_from_what_was_saved(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    disk = FullDisk(monkeypatch, after=4)
    events, folder = follow(path, lambda control, _: control.put_aside())
    assert isinstance(events[-1], RunPutAside)
    assert events[-1].step == folder.last_step
    assert folder.load_history().status is RunStatus.PUT_ASIDE
    disk.make_room()
    go_on(folder)
    assert_alike(folder, unbroken)


def test_a_held_run_can_be_discarded(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FullDisk(monkeypatch, after=2)
    events, folder = follow(make_project(tmp_path, bert, stages=[HEAD]), lambda control, _: control.discard())
    assert isinstance(events[-1], RunDiscarded)
    assert not folder.path.exists()


def test_a_wish_of_before_is_no_answer(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put aside before the disk was found full: what was learnt since the last checkpoint is not dropped unasked."""
    path = make_project(tmp_path, bert, stages=STAGES)
    disk = FullDisk(monkeypatch, after=4)
    engine, control, events = LocalEngine(), Control(), []
    for event in engine.run(load_project(path), path, None, control):
        events.append(event)
        if isinstance(event, StepFinished) and event.step == 13:
            control.put_aside()
        if isinstance(event, RunHeld):
            disk.make_room()
            control.go_on()
    assert any(isinstance(event, RunHeld) for event in events)
    assert isinstance(events[-1], RunPutAside)
    assert engine.folder is not None
    assert events[-1].step == engine.folder.last_step == max(e.step for e in events if isinstance(e, StepFinished))


def test_a_folder_taken_away_is_waited_for_and_never_made_anew(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    _, unbroken = run_project(path)
    engine, control, away = LocalEngine(), Control(), tmp_path / "away"
    held: list[RunHeld] = []
    for event in engine.run(load_project(path), path, None, control):
        if isinstance(event, StepFinished) and event.step == 8:
            assert engine.folder is not None
            engine.folder.path.rename(away)
        if isinstance(event, RunHeld):
            held.append(event)
            assert engine.folder is not None
            assert not engine.folder.path.exists()
            away.rename(engine.folder.path)
            control.go_on()
    assert engine.folder is not None
    assert len(held) == 1
    assert "no longer there" in held[0].why
    assert str(engine.folder.path) in held[0].why
    assert_alike(engine.folder, unbroken)


def test_a_folder_that_is_gone_for_good_can_be_left(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=STAGES)
    engine, control, events = LocalEngine(), Control(), []
    for event in engine.run(load_project(path), path, None, control):
        events.append(event)
        if isinstance(event, StepFinished) and event.step == 8:
            assert engine.folder is not None
            engine.folder.path.rename(tmp_path / "away")  # nobody brings it back
        if isinstance(event, RunHeld):
            control.put_aside()
    assert isinstance(events[-1], RunPutAside)


def test_a_run_whose_plan_cannot_be_written_is_refused_and_leaves_nothing(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = make_project(tmp_path, bert, stages=[HEAD])
    monkeypatch.setattr(RunFolder, "save_plan", full)
    with pytest.raises(InputError, match="The disk is full"):
        list(LocalEngine().run(load_project(path), path, tmp_path / "out", Control()))
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_line_puts_a_run_aside_that_nobody_can_answer_for(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 2}])
    disk = FullDisk(monkeypatch, after=4)
    told = thaw("train", path, "--out", tmp_path / "out")
    (folder,) = list_runs(tmp_path / "out")
    assert "The disk is full." in told.out
    assert told.status == 3
    assert f'thaw resume "{folder.path}"' in told.err
    disk.make_room()
    assert isinstance(go_on(folder)[-1], RunFinished)


def test_data_and_model_taken_away_under_a_run_do_no_lasting_harm(tmp_path: Path, bert: Path) -> None:
    """What was read is held; what has to be read again is named, and the run goes on once it is back."""
    model = Path(shutil.copytree(bert, tmp_path / "model"))
    path = make_project(tmp_path, model, stages=STAGES)
    _, unbroken = run_project(path)
    gone = [tmp_path / "train.csv", tmp_path / "dev.csv", model]
    engine = LocalEngine()
    with contextlib.suppress(InputError):
        for event in engine.run(load_project(path), path, None, Control()):
            if isinstance(event, StepFinished) and event.step == 3:
                for place in gone:
                    place.rename(place.with_name(f"{place.name}.away"))
    assert engine.folder is not None
    failure = engine.folder.load_history().failure
    for place in gone:
        place.with_name(f"{place.name}.away").rename(place)
    if failure is not None:
        assert str(model) in failure.what
        assert failure.remedy
        go_on(engine.folder)
    assert_alike(engine.folder, unbroken)
