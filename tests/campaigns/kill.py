"""Training processes killed with signal 9, gone on with, and compared bit for bit with one that was left alone.

    python -m tests.campaigns.kill [--random N] [--each N] [--seed N] [--json]

``--random`` kills come at any moment of a run, ``--each`` in each of the named phases. Every third run that is gone on
with is killed once more. What is compared: final weights, best checkpoint, and the journal's steps and metrics.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.resumed import differences
from tests.support.tiny_models import build_tiny_model
from tests.support.toy_texts import toy_rows
from trainer_core.runs.folder import RunFolder, is_run_folder
from trainer_core.runs.history import RunStatus

STAGES = [
    HEAD | {"epochs": 2},
    TOP | {"epochs": 2, "start_from": "best"},
    ALL | {"epochs": 3, "average_epochs": 0.5},
]
ROWS = 160
OFTEN = 0.002
"""Minutes between two checkpoints by time: many in a run of seconds."""
PHASES = {
    "pass": ("trainer_core.training.frozen.reading", "_frozen_pass"),
    "probe": ("trainer_core.training.probe", "solve_linear"),
    "step": ("trainer_core.training.stage", "set_learning_rates"),
    "evaluation": ("trainer_core.training.evaluate", "_scores"),
    "checkpoint": ("trainer_core.runs.checkpoints", "save_file"),
    "between": ("trainer_core.runs.checkpoints", "checksum"),
    "removal": ("shutil", "rmtree"),
    "pointer": ("trainer_core.runs.checkpoints", "replace_file"),
    "boundary": ("trainer_core.training.loop", "apply_freeze"),
    "journal": ("trainer_core.runs.journal.Journal", "append"),
    "model": ("trainer_core.export.model_folder", "save_file"),
    "end": ("trainer_core.engines.local", "RunFinished"),
}
"""By phase, what is under way when the process dies: the n-th call of a function."""
PRELOADED = [
    "trainer_core.engines.local",
    "trainer_core.tasks.classification",
    "transformers.models.bert.modeling_bert",
]


@dataclass
class Campaign:
    """What came of all kills.

    Attributes:
        kills: how many processes died by signal 9, by phase; ``any`` for random moments.
        survived: how many runs became the unbroken one.
        failures: what differed, by run.
    """

    kills: Counter[str] = field(default_factory=Counter)
    survived: int = 0
    failures: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            "name": "kill",
            "kills": sum(self.kills.values()),
            "by_phase": dict(self.kills),
            "runs": self.survived + len(self.failures),
            "survived": self.survived,
            "failures": self.failures,
        }


# --- in the process that dies ----------------------------------------------------------------------------------------


def train(
    project: Path, out: Path, run: Path | None, cache: Path, doom: tuple[str, int] | None, pipe: Connection
) -> None:
    """Train, or go on with ``run``, and die in the n-th call of a phase; tell first that it begins, last the calls."""
    os.environ["XDG_CACHE_HOME"] = str(cache)
    import torch

    from trainer_core.data.batch_size import EVALUATION_TOKENS
    from trainer_core.engines.local import LocalEngine
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    torch.set_num_threads(1)
    EVALUATION_TOKENS["cpu"] = 256
    calls: Counter[str] = Counter()
    for phase in PHASES:
        _watch(phase, calls, doom)
    engine, control = LocalEngine(), Control()
    pipe.send("begins")
    for _ in engine.run(load_project(project), project, out, control) if run is None else engine.resume(run, control):
        pass
    pipe.send(dict(calls))


def _watch(phase: str, calls: Counter[str], doom: tuple[str, int] | None) -> None:
    """Count the calls of a phase, and die in the doomed one."""
    place, name = PHASES[phase]
    owner: Any = _find(place)
    real = getattr(owner, name)

    def watched(*args: Any, **named: Any) -> Any:
        calls[phase] += 1
        if doom == (phase, calls[phase]):
            _LAST_WORDS.get(phase, _nothing)(partial(real, *args, **named), args)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **named)

    setattr(owner, name, watched)


def _find(place: str) -> Any:
    try:
        return import_module(place)
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        return getattr(import_module(module), name)


def _nothing(real: Callable[[], Any], args: tuple[Any, ...]) -> None:
    """Die before the call."""


def _half_a_file(real: Callable[[], Any], args: tuple[Any, ...]) -> None:
    """Die in the middle of writing tensors."""
    real()
    file = Path(args[1])
    os.truncate(file, file.stat().st_size // 2)


def _half_a_folder(real: Callable[[], Any], args: tuple[Any, ...]) -> None:
    """Die in the middle of removing a folder."""
    for file in [path for path in Path(args[0]).rglob("*") if path.is_file()][::2]:
        file.unlink()


def _half_a_line(real: Callable[[], Any], args: tuple[Any, ...]) -> None:
    """Die in the middle of a line of the journal."""
    from trainer_core.training.events import format_event

    journal, event = args
    line = format_event(event).encode()
    journal._file.write(line[: len(line) // 2])


_LAST_WORDS = {
    "checkpoint": _half_a_file,
    "removal": _half_a_folder,
    "model": _half_a_file,
    "journal": _half_a_line,
}


# --- in the process that kills ---------------------------------------------------------------------------------------


class Killer:
    """Kills runs of one project.

    Args:
        folder: for everything that is made.
        seed: of the moments.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._runs = 0
        self.campaign = Campaign()
        model = build_tiny_model(folder / "bert", "bert")
        training = {"checkpoint_minutes": OFTEN, "batch_size": 8}
        self._project = make_project(folder, model, rows=toy_rows(ROWS), stages=STAGES, training=training)
        self._seconds = 0.0
        self._unbroken, calls = self._begin(None)
        assert isinstance(calls, dict)
        self._calls: dict[str, int] = calls

    def kill_at_random(self) -> None:
        """Kill a run at any moment; one that was quicker than death does not count."""
        killed = self.campaign.kills["any"]
        while self.campaign.kills["any"] == killed:
            self._attack("any", None)

    def kill_in(self, phase: str, call: int | None = None) -> None:
        """Kill a run in a phase: in the given call of it, or in any but the last, whose number differs with time."""
        call = call or self._random.randint(1, max(1, self._calls[phase] * 2 // 3))
        self._attack(phase, (phase, call))

    def _attack(self, name: str, doom: tuple[str, int] | None) -> None:
        patience = self._random.uniform(0.0, self._seconds) if doom is None else None
        run, end = self._begin(doom, patience=patience)
        if isinstance(end, dict):
            return  # it was quicker than death
        self.campaign.kills[name] += 1
        while not isinstance(end, dict) and run.load_history().status is not RunStatus.FINISHED:
            again = self._random.uniform(0.0, self._seconds) if self._random.random() < 1 / 3 else None
            run, end = self._begin(None, run=run, patience=again)
            if not isinstance(end, dict):
                assert again is not None, f"going on after {name} {doom} ended with {end}"
                self.campaign.kills["any"] += 1
        found = differences(run, self._unbroken)
        if found:
            self.campaign.failures.append(f"{name} {doom}: {', '.join(found)}")
        else:
            self.campaign.survived += 1

    def _begin(
        self, doom: tuple[str, int] | None, *, run: RunFolder | None = None, patience: float | None = None
    ) -> tuple[RunFolder, dict[str, int] | int]:
        """Run in a process of its own; return its folder and the calls of each phase, or the process's exit code."""
        if run is None or not is_run_folder(run.path):  # it died before it had a plan: there is nothing to go on with
            self._runs, run = self._runs + 1, None
        out = self._folder / f"runs {self._runs}"
        mine, theirs = self._context.Pipe(duplex=False)
        arguments = (self._project, out, run.path if run else None, out / "cache", doom, theirs)
        process = self._context.Process(target=train, args=arguments)
        process.start()
        theirs.close()
        last: Any = None
        with contextlib.suppress(EOFError):
            last = mine.recv()
            begun = time.monotonic()
            if patience is not None:
                time.sleep(patience)
                process.kill()
            last = mine.recv()
            self._seconds = self._seconds or time.monotonic() - begun
            mine.recv()
        process.join()
        found = [place for place in out.glob("*") if place.name != "cache"]
        folder = RunFolder(found[0] if found else out)
        return folder, last if isinstance(last, dict) else process.exitcode or 0


def campaign(folder: Path, *, at_random: int, each: int, seed: int, tell: Callable[[str], object]) -> Campaign:
    """Kill so many runs at random moments, and so many in each phase."""
    killer = Killer(folder, seed)
    for number in range(1, at_random + 1):
        killer.kill_at_random()
        tell(f"any moment, {number} of {at_random}: {killer.campaign.survived} survived")
    for phase in PHASES:
        for number in range(1, each + 1):
            killer.kill_in(phase)
            tell(f"{phase}, {number} of {each}: {killer.campaign.survived} survived")
    return killer.campaign


def main() -> None:
    """Run the campaign and print its figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=100)
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tell = (lambda _: None) if options.json else partial(print, flush=True)
        result = campaign(Path(folder), at_random=options.random, each=options.each, seed=options.seed, tell=tell)
    print(json.dumps(result.figures() | {"seconds": round(time.monotonic() - started, 1), "seed": options.seed}))
    raise SystemExit(bool(result.failures))


if __name__ == "__main__":
    main()
