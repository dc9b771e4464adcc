"""Forecasts beside what runs really take: ``python -m tests.benchmarks.forecast [--json] [WORK ...]``.

For each work the model is measured and the plan forecast in one process and run in another, from an empty cache, as a
user's first run is. Seconds are those of the whole run; bytes its peak of memory above its start. ``*_error`` is the
forecast over what was measured, less one. The targets are 20 % for memory and 25 % for time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.work import ROOT, WORKS, project_text

NAMES = ("head_only", "staged", "full")
LARGEST_MEMORY_ERROR, LARGEST_TIME_ERROR = 0.20, 0.25


def forecast_work(project_file: Path) -> dict[str, Any]:
    """Measure the machine and return the forecast."""
    from trainer_core.engines.machine import look_up_machine
    from trainer_core.engines.prepare import prepare_run
    from trainer_core.forecast.arithmetic import forecast
    from trainer_core.forecast.contract import work_of
    from trainer_core.project.load import load_project

    project = load_project(project_file)
    prepared = prepare_run(project, project_file)
    started = time.perf_counter()
    machine = look_up_machine(project, prepared.data, prepared.facts, measure=True)
    measuring = time.perf_counter() - started
    work = work_of(project, prepared.facts, prepared.plan.stages, machine.rows)
    found = forecast(work, machine.device, machine.correction)
    return {
        "seconds": found.seconds,
        "bytes": found.peak_bytes,
        "stages": [(stage.seconds, stage.peak_bytes) for stage in found.stages],
        "precision": machine.device.precision,
        "measuring_seconds": measuring,
    }


def run_work(project_file: Path) -> dict[str, Any]:
    """Train, and return what it took."""
    from trainer_core.engines.local import LocalEngine
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    project = load_project(project_file)
    events = list(LocalEngine().run(project, project_file, project_file.parent / "runs", Control()))
    begun = [event.time for event in events if event.event == "stage_started"]
    ended = [event for event in events if event.event == "stage_finished"]
    return {
        "seconds": events[-1].seconds,
        "bytes": events[-1].peak_bytes,
        "stages": [(end.time - begin, end.peak_bytes) for begin, end in zip(begun, ended, strict=True)],
        "precision": next(event.precision for event in events if event.event == "run_started"),
    }


def compare(name: str) -> dict[str, Any]:
    """Forecast and run one work, and return both with their errors."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.thaw"
        path.write_text(project_text(WORKS[name]), encoding="utf-8")
        expected, measured = (_in_a_process(part, path) for part in ("forecast", "run"))
    time_error = expected["seconds"] / measured["seconds"] - 1
    memory_error = expected["bytes"] / measured["bytes"] - 1
    return {
        "name": name,
        "seconds_forecast": round(expected["seconds"], 1),
        "seconds": round(measured["seconds"], 1),
        "seconds_error": round(time_error, 3),
        "mb_forecast": round(expected["bytes"] / 1e6),
        "mb": round(measured["bytes"] / 1e6),
        "mb_error": round(memory_error, 3),
        "stages_forecast": _rounded(expected["stages"]),
        "stages": _rounded(measured["stages"]),
        "measuring_seconds": round(expected["measuring_seconds"], 1),
        "precision": [expected["precision"], measured["precision"]],
        "reached": abs(time_error) <= LARGEST_TIME_ERROR and abs(memory_error) <= LARGEST_MEMORY_ERROR,
    }


def _rounded(stages: list[tuple[float, int]]) -> list[str]:
    return [f"{seconds:.1f} s {size / 1e6:.0f} MB" for seconds, size in stages]


def _in_a_process(part: str, project_file: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.forecast", "--part", part, "--project", str(project_file)]
    environment = os.environ | {"XDG_CACHE_HOME": str(project_file.parent / "cache")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Compare the works and print the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(WORKS)}; else {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    parser.add_argument("--part", choices=("forecast", "run"), help=argparse.SUPPRESS)
    parser.add_argument("--project", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        import trainer_core.engines.local  # noqa: F401 - imports are not part of what is measured

        print(json.dumps((forecast_work if options.part == "forecast" else run_work)(options.project)))
        return
    figures = []
    for name in options.works or NAMES:
        figures.append(compare(name))
        if not options.json:
            print(figures[-1], flush=True)
    print(
        json.dumps(
            {
                "name": "forecast",
                "seconds": round(sum(one["seconds"] for one in figures), 1),
                "works": figures,
                "reached": all(one["reached"] for one in figures),
            }
        )
    )


if __name__ == "__main__":
    main()
