"""Every write of a run fails once: a full disk, a vanished drive, a torn write. The run must become the same.


    python -m tests.campaigns.faults [--points N] [--seed N] [--json]

A run is made once to count the calls that write, in its folder and in the cache. Then each of them is made to fail, and
all after it, until the run says that it waits; the disk is mended then and *Try again* said. Or it writes half and the
process dies; the run is gone on with. ``--points`` takes that many of the calls, at random; 0 for all. Needs Linux and
a C compiler.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import itertools
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.campaigns.kill import PRELOADED, ROWS, STAGES
from tests.support.faults import NOT_HERE, Faults, Mode, build_library, can_fault
from tests.support.projects import make_project
from tests.support.resumed import differences
from tests.support.tiny_models import build_tiny_model
from tests.support.toy_texts import toy_rows
from trainer_core.runs.folder import RunFolder, list_runs
from trainer_core.training.events import RunHeld

ERRORS = (errno.ENOSPC, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
"""Full, full, over quota, a drive that does not answer, a drive that the system has made read-only."""


@dataclass(frozen=True)
class Fault:
    """The n-th call that writes fails, in this way."""

    nth: int
    error: int
    mode: Mode


@dataclass
class Campaign:
    """What came of all faults.

    Attributes:
        calls: the calls that write, of one run.
        met: how many faults of each kind of file a run met.
        ends: how runs took it: held and gone on with, refused in words, died and gone on with, or not noticed.
        failures: runs that did not become the unbroken one, or ended with an error.
    """

    calls: int = 0
    met: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            "name": "faults",
            "calls": self.calls,
            "faults": sum(self.met.values()),
            "by_file": dict(self.met),
            "ends": dict(self.ends),
            "failures": self.failures,
        }


# --- in the process that meets them ----------------------------------------------------------------------------------


def train(project: Path, out: Path, run: Path | None, fault: Fault, pipe: Connection) -> None:
    """Train, or go on with ``run``; where the run is held, mend the disk and try again."""
    os.environ["XDG_CACHE_HOME"] = str(out / "cache")
    import torch

    from trainer_core.data.batch_size import EVALUATION_TOKENS
    from trainer_core.engines.local import LocalEngine
    from trainer_core.errors import ThawError
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    torch.set_num_threads(1)
    EVALUATION_TOKENS["cpu"] = 256
    faults, engine, control = Faults(), LocalEngine(), Control()
    held, refused = [], ""
    faults.arm(out, fault.nth, fault.error, fault.mode)
    events = engine.run(load_project(project), project, out, control) if run is None else engine.resume(run, control)
    try:
        for event in events:
            if isinstance(event, RunHeld):
                held.append(f"{event.what} {event.why} {event.remedy}")
                faults.disarm()
                control.go_on()
    except ThawError as error:
        refused = str(error)
    faults.disarm()
    pipe.send({"count": faults.count, "met": faults.met, "first": faults.first, "held": held, "refused": refused})


# --- in the process that makes them ----------------------------------------------------------------------------------


class Breaker:
    """Lets calls of one project's run fail.

    Args:
        folder: for everything that is made.
        seed: of the faults.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._numbers = itertools.count()
        self.campaign = Campaign()
        model = build_tiny_model(folder / "bert", "bert")
        self._project = make_project(
            folder, model, rows=toy_rows(ROWS), stages=STAGES, training={"batch_size": 8, "checkpoint_minutes": 60}
        )
        out, told = self._begin(Fault(0, 0, Mode.FAIL))
        assert told is not None, "the unbroken run died"
        self.campaign.calls = told["count"]
        (self._unbroken,) = list_runs(out)

    def faults(self, wanted: int, mode: Mode) -> list[Fault]:
        """Return which calls are to fail, and how; 0 for every one."""
        calls: Sequence[int] = range(1, self.campaign.calls + 1)
        calls = sorted(self._random.sample(calls, min(wanted, len(calls)))) if wanted else calls
        return [Fault(nth, self._random.choice(ERRORS), mode) for nth in calls]

    def meet(self, fault: Fault) -> None:
        """Let one call fail, and note what became of the run."""
        out, told = self._begin(fault)
        mode, name = fault.mode, f"call {fault.nth}, {fault.mode.name.lower()}, {os.strerror(fault.error)}"
        if told is None:
            self._note("died" if mode is Mode.DIE else "died without a reason", name, out, self._go_on(out))
            return
        if not told["met"]:
            return  # the run had fewer calls this time
        name = f"{name}: {told['first'].replace(str(out), '')}"
        self.campaign.met[_kind(told["first"])] += 1
        if told["refused"]:
            left = [str(run.path.name) for run in list_runs(out)]
            self._note("refused", name, out, [f"left {left}"] if left else [])
        else:
            self._note("held" if told["held"] else "not noticed", name, out, self._compare(out))

    def _note(self, end: str, name: str, out: Path, wrong: list[str]) -> None:
        self.campaign.ends[end] += 1
        if wrong or end == "died without a reason":
            self.campaign.failures.append(f"{name}: {end}; {', '.join(wrong)}")

    def _go_on(self, out: Path) -> list[str]:
        runs = list_runs(out)
        if not runs:  # it died before it had a plan
            return []
        self._begin(Fault(0, 0, Mode.FAIL), runs[0])
        return self._compare(out)

    def _compare(self, out: Path) -> list[str]:
        runs = list_runs(out)
        if len(runs) != 1:
            return [f"{len(runs)} runs"]
        try:
            return differences(runs[0], self._unbroken)
        except Exception as error:
            return [f"it cannot be read: {error}"]

    def _begin(self, fault: Fault, run: RunFolder | None = None) -> tuple[Path, dict[str, Any] | None]:
        """Run in a process of its own; return where, and what it told; None where it died."""
        out = self._folder / f"runs {next(self._numbers)}" if run is None else run.path.parent
        mine, theirs = self._context.Pipe(duplex=False)
        arguments = (self._project, out, run.path if run else None, fault, theirs)
        process = self._context.Process(target=train, args=arguments)
        process.start()
        theirs.close()
        told = None
        with contextlib.suppress(EOFError):
            told = mine.recv()
        process.join()
        return out, told


def _kind(first: str) -> str:
    """Return which file of a run a call wrote, in a word."""
    for part in ("checkpoints", "cache", "model"):
        if f"/{part}" in first or f".{part}." in first:
            return part
    name = first.rpartition("/")[2].strip(".").split(".")[0]
    known = {"events": "journal", "plan": "plan", "environment": "environment", "best": "pointer", "last": "pointer"}
    return known.get(name, "folder")


def campaign(folder: Path, *, points: int, seed: int, tell: Callable[[str], object]) -> Campaign:
    """Let so many calls fail in each way; 0 for every one."""
    breaker = Breaker(folder, seed)
    chosen = [fault for mode in Mode for fault in breaker.faults(points, mode)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
        for number, _ in enumerate(pool.map(breaker.meet, chosen), start=1):
            tell(f"{number} of {len(chosen)}: {len(breaker.campaign.failures)} failures")
    return breaker.campaign


def _preload() -> None:
    """Begin this program anew with the library before all others, unless that was done."""
    library = str(build_library())
    if os.environ.get("LD_PRELOAD") != library:
        command = [sys.executable, "-m", "tests.campaigns.faults", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "LD_PRELOAD": library})


def main() -> None:
    """Run the campaign and print its figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    if not can_fault():
        raise SystemExit(NOT_HERE)
    _preload()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tell = (lambda _: None) if options.json else partial(print, flush=True)
        result = campaign(Path(folder), points=options.points, seed=options.seed, tell=tell)
    print(json.dumps(result.figures() | {"seconds": round(time.monotonic() - started, 1), "seed": options.seed}))
    raise SystemExit(bool(result.failures))


if __name__ == "__main__":
    main()
