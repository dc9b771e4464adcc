"""LoRA on SmolLM2 with the seed tasks: matrices in four bits (QLoRA) beside whole ones, otherwise the same plan.

    python -m tests.benchmarks.qlora [--json] [--epochs N] [--rows N]

Each side is a process of its own, in float32. ``matrices`` is what the frozen matrices beside adapters take, in MB;
``before`` is the held-out loss of the answers before anything is learnt, ``after`` the best one afterwards.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.lora import EPOCHS, project_text, run_thaw
from tests.benchmarks.work import ROOT

SIDES = ("none", "nf4")


def main() -> None:
    """Run both sides, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--side", choices=SIDES)
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps(run_side(asked.side, asked.epochs, asked.rows)))
        return
    found = {side: _in_own_process(side) for side in SIDES}
    if asked.json:
        print(json.dumps(found))
        return
    print(f"{'quantisation':<14}{'matrices':>10}{'before':>9}{'after':>9}{'seconds':>9}")
    for side, one in found.items():
        print(f"{side:<14}{one['matrices']:>7.1f} MB{one['before']:>9.4f}{one['after']:>9.4f}{one['seconds']:>9.0f}")


def _in_own_process(side: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.qlora", *sys.argv[1:], "--side", side]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def run_side(quantisation: str, epochs: int, rows: int | None) -> dict[str, Any]:
    """Train, and count the bytes of the matrices that the plan keeps so."""
    text = project_text().replace("[adapter]", f'[adapter]\nquantisation = "{quantisation}"')
    text = text.replace(f"epochs = {EPOCHS}", f"epochs = {epochs}")
    text = text.replace("[training]", '[training]\nprecision = "float32"')
    if rows:
        text = text.replace("validation_share", f"limit = {rows}\nvalidation_share")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "qlora.thaw"
        path.write_text(text, encoding="utf-8")
        told = run_thaw(path)
        megabytes = matrix_bytes(path) / 1e6
    return {"matrices": megabytes, "before": told["before"], "after": min(told["losses"]), "seconds": told["seconds"]}


def matrix_bytes(path: Path) -> int:
    """Return the bytes of the frozen matrices beside a project's adapters, scales included, as its network has them."""
    import torch

    from trainer_core.engines.prepare import prepare_run
    from trainer_core.models.build import build_planned
    from trainer_core.models.quantised import parts_of
    from trainer_core.project.load import load_project
    from trainer_core.project.schema import Pooling

    prepared = prepare_run(load_project(path), path)
    plan = prepared.plan
    named = dict(build_planned(plan, prepared.task, Pooling.MEAN, torch.device("cpu")).named_layers())
    return sum(part.nbytes for module in plan.adapted for part in parts_of(named[f"{module}.weight"]))


if __name__ == "__main__":
    main()
