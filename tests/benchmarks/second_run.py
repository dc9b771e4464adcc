"""A project run again with another learning rate for the head: ``python -m tests.benchmarks.second_run [--json]``.

Both runs are made by one process with imports done, as in the window. The second takes token numbers and the outputs of
the frozen layers from the cache. ``share`` is its time as a share of the first one's; the target is under 0.1.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.work import WORKS, Work, project_text

TARGET = 0.1


def main() -> None:
    """Run the project twice and print how long each took."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        first = WORKS["head_only"]
        second = replace(first, stages=tuple(replace(stage, learning_rate=5e-4) for stage in first.stages))
        seconds, accuracies = zip(*(_run(work, Path(folder)) for work in (first, second)), strict=True)
    share = seconds[1] / seconds[0]
    figures = {
        "name": "second_run",
        "seconds": round(seconds[1], 3),
        "seconds_first": round(seconds[0], 3),
        "share": round(share, 4),
        "target": TARGET,
        "accuracy": round(accuracies[1], 4),
        "accuracy_first": round(accuracies[0], 4),
        "reached": share < TARGET,
    }
    print(json.dumps(figures))


def _run(work: Work, folder: Path) -> tuple[float, float]:
    from trainer_core.engines.local import LocalEngine
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    path = folder / "work.thaw"
    path.write_text(project_text(work), encoding="utf-8")
    started = time.perf_counter()
    *_, finished = LocalEngine().run(load_project(path), path, folder / "runs", Control())
    return time.perf_counter() - started, finished.metrics["accuracy"]


if __name__ == "__main__":
    main()
