"""Large files and long runs: ``python -m tests.campaigns.scale [--rows N] [--classes N] [--steps N] [--json]``.

A CSV of so many rows is made, opened in a process of its own, reported on, and its rows are scrolled through; a set of
so many classes is reported on and a head for it is made; the journal of a run of so many steps is read and drawn.
``resident_mib`` is the most memory that the process held, pages of mapped files included. Promised for ten million
rows, ten thousand classes and a hundred thousand steps: under 1,536 MiB, and under one second for the run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_MIB, MOST_SECONDS = 1_536, 1.0
WORDS = "the film was long and loud but its music stayed with me for days after we left".split()  # noqa: SIM905


def write_rows(path: Path, rows: int, classes: int = 5) -> None:
    """Write a CSV of short texts, about a hundred bytes each."""
    with path.open("w", encoding="utf-8", buffering=1 << 20) as file:
        file.write("text,label\n")
        for number in range(rows):
            start = number % len(WORDS)
            file.write(f"{number} {' '.join(WORDS[start:] + WORDS[:start])},class {number % classes}\n")


def open_rows_of(path: Path) -> dict[str, Any]:
    """Open a file as the data page does: its report, and rows here and there; return what that took."""
    from trainer_core.data.prepare import examine_data, open_rows
    from trainer_core.project.schema import DataSection, Project
    from trainer_core.tasks.registry import load_task

    task = load_task("classification")
    started = time.perf_counter()
    project = Project(data=DataSection(train=str(path)))
    report = examine_data(project, path.parent, task)
    reported = time.perf_counter()
    rows = open_rows(project, path.parent, task)
    total = len(rows)
    for place in range(0, total, max(1, total // 2_000)):
        rows[place : place + 50]
    return {
        "rows": sum(split.rows for split in report.splits),
        "classes": len(report.labels),
        "report_seconds": round(reported - started, 1),
        "scroll_seconds": round(time.perf_counter() - reported, 2),
        "resident_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def open_run_of(folder: Path, steps: int) -> dict[str, Any]:
    """Show a run of so many steps on the Train page; return how long until it is drawn."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from tests.support.long_runs import show_long_run

    return show_long_run(folder, steps)


def measured(call: str, *arguments: object) -> dict[str, Any]:
    """Return what a function of this module returns, called in a process of its own."""
    code = f"import json; from pathlib import Path; from tests.campaigns.scale import {call}; "
    code += f"print(json.dumps({call}({', '.join(arguments_of(arguments))})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def arguments_of(values: tuple[object, ...]) -> list[str]:
    """Return values as Python writes them; paths as calls."""
    return [f"Path({str(value)!r})" if isinstance(value, Path) else repr(value) for value in values]


def campaign(folder: Path, *, rows: int, classes: int, steps: int, tell: Callable[[str], object]) -> dict[str, Any]:
    """Do all three; return the figures."""
    write_rows(folder / "rows.csv", rows)
    size = (folder / "rows.csv").stat().st_size
    tell(f"{rows:,} rows written, {size / 1e6:,.0f} MB")
    of_rows = measured("open_rows_of", folder / "rows.csv")
    tell(f"rows: {of_rows}")
    write_rows(folder / "classes.csv", 4 * classes, classes)
    of_classes = measured("open_rows_of", folder / "classes.csv")
    tell(f"classes: {of_classes}")
    of_run = measured("open_run_of", folder, steps)
    tell(f"run: {of_run}")
    reached = of_rows["resident_mib"] < MOST_MIB and of_run["seconds"] < MOST_SECONDS
    return {"name": "scale", "megabytes": round(size / 1e6), "of_rows": of_rows, "of_classes": of_classes} | {
        "of_run": of_run,
        "reached": reached,
    }


def main() -> None:
    """Run the campaign and print its figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--classes", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        tell = (lambda _: None) if options.json else print
        sizes = {"rows": options.rows, "classes": options.classes, "steps": options.steps}
        print(json.dumps(campaign(Path(name), **sizes, tell=tell)))


if __name__ == "__main__":
    main()
