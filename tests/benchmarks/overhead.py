"""What Thaw's loop costs beside a bare PyTorch loop: ``python -m tests.benchmarks.overhead [--json] [--repeats N]``.

Both train everything on identical batches of SST-2 in the same number format, alternately, some steps at a time. Thaw's
side has all that a run has between two steps: events, the journal on disk, the schedule, the wish to stop.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.benchmarks.work import BATCH, WORKS, project_text
from trainer_core.data.batch_size import BatchSize

STEPS = 30
MOST_OVERHEAD = 0.03


def main() -> None:
    """Time both loops alternately and print the medians of a step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only, which is all there is")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        path = Path(folder) / "work.thaw"
        path.write_text(project_text(WORKS["full"], training='precision = "bfloat16"\n'))
        times: dict[str, list[float]] = {"thaw": [], "bare": []}
        for _ in range(options.repeats):
            times["thaw"] += thaw_steps(path)
            times["bare"] += bare_steps(path)
    thaw, bare = (statistics.median(times[side]) for side in ("thaw", "bare"))
    figures = {
        "name": "overhead",
        "seconds": round(thaw, 4),
        "seconds_bare": round(bare, 4),
        "overhead": round(thaw / bare - 1, 4),
        "target": MOST_OVERHEAD,
        "reached": thaw / bare - 1 <= MOST_OVERHEAD,
    }
    print(json.dumps(figures))


def thaw_steps(path: Path) -> list[float]:
    """Return the seconds between steps of a run, as whoever iterates over it sees them; the first is left out."""
    from trainer_core.engines.local import LocalEngine
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    events = LocalEngine().run(load_project(path), path, path.parent / "runs", Control())
    seconds: list[float] = []
    before = None
    for event in events:
        if event.event == "step_finished":
            now = time.perf_counter()
            if before is not None:
                seconds.append(now - before)
            before = now
        if len(seconds) == STEPS:
            break
    events.close()  # type: ignore[attr-defined]
    return seconds


def bare_steps(path: Path) -> list[float]:
    """Return the seconds of the same steps in the loop that one would write by hand."""
    network, batches, loss_of = _same_start(path)
    parameters = [parameter.requires_grad_(True) for parameter in network.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01, fused=True)
    network.train()
    seconds: list[float] = []
    started = time.perf_counter()
    for ids, mask, targets in itertools.islice(batches, STEPS + 1):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = network(ids, mask)
        loss = loss_of(scores, targets) / len(targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
    return seconds[1:]


def _same_start(path: Path) -> tuple[Any, Any, Any]:
    from trainer_core.engines.prepare import prepare_run
    from trainer_core.models.body import load_tokenizer
    from trainer_core.models.build import build_network
    from trainer_core.project.load import load_project
    from trainer_core.project.schema import Pooling
    from trainer_core.tasks.encoding import encode_rows
    from trainer_core.training.inputs import TokenInputs

    prepared = prepare_run(load_project(path), path)
    plan, base = prepared.plan, Path(prepared.plan.model_folder)
    torch.manual_seed(plan.seed)
    task = prepared.task
    rows = encode_rows(task, load_tokenizer(base), prepared.data.train, plan.model.max_length)
    inputs = TokenInputs(rows, torch.device("cpu"))

    def batches() -> Any:
        for chosen in inputs.shuffled(BatchSize(BATCH), np.random.default_rng([plan.seed, 0, 0])):
            batch = inputs.batch(chosen)
            yield *batch.values, batch.targets

    return build_network(base, task, len(plan.data.labels), Pooling.MEAN), batches(), task.loss


if __name__ == "__main__":
    main()
