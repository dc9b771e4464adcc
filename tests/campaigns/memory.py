"""Memory before and after runs that are stopped: ``python -m tests.campaigns.memory [--runs N] [--json]``.

One process trains all of MiniLM for some steps, stops, and begins anew, as often as asked. ``most_share`` is the most
resident memory after a stop, over what it was before that run began; the promise is 1.05. The first run, which imports
libraries and lets their pools grow, is not counted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import psutil

from tests.support.projects import ALL, make_project
from tests.support.toy_texts import toy_rows
from trainer_core.engines.local import LocalEngine
from trainer_core.project.load import load_project
from trainer_core.training.control import Control
from trainer_core.training.events import StepFinished

MOST = 1.05
STOPS = ("finish_now", "put_aside", "discard")
ROWS, STEPS = 96, 3


def main() -> None:
    """Run, stop, and print the memory of each run as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print the JSON object only, which is all there is")
    options = parser.parse_args()
    process, found = psutil.Process(), []
    with tempfile.TemporaryDirectory() as name:
        path = make_project(
            Path(name), "starter:all-MiniLM-L6-v2", rows=toy_rows(ROWS), stages=[ALL], training={"probe": False}
        )
        for number in range(options.runs + 1):
            before = process.memory_info().rss
            _run_and_stop(path, STOPS[number % len(STOPS)])
            found.append((before, process.memory_info().rss))
    shares = [after / before for before, after in found[1:]]
    figures = {
        "name": "memory",
        "runs": options.runs,
        "most_share": round(max(shares), 4),
        "last_over_first": round(found[-1][1] / found[1][0], 4),
        "mib": [round(after / 2**20) for _, after in found],
        "reached": max(shares) <= MOST,
    }
    print(json.dumps(figures))


def _run_and_stop(path: Path, stop: str) -> None:
    control = Control()
    for event in LocalEngine().run(load_project(path), path, None, control):
        if isinstance(event, StepFinished) and event.step == STEPS:
            getattr(control, stop)()


if __name__ == "__main__":
    main()
