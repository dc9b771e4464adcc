"""Thaw beside transformers' Trainer: alternately, each in a process of its own, on the same rows and stages.

    python -m tests.benchmarks.head_only [--json] [--repeats N]     (likewise staged, full)

The Trainer runs twice: at its defaults, and tuned (bfloat16, grouped by length, with Thaw's learning rates). Ratios are
the Trainer's median seconds over Thaw's, so above 1 Thaw is faster. ``limit_share`` is the time that the arithmetic of
the real tokens would take at this machine's measured matmul peak, as a share of Thaw's time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from tests.benchmarks.work import MAX_LENGTH, ROOT, WORKS, Work, read_rows

SIDES = ("thaw", "tuned", "default")
BLOCK_PARAMETERS = 10_639_872
"""Values in MiniLM's six blocks, each of which multiplies and adds once a token."""
BLOCKS = 6


def compare(name: str, repeats: int, *, quiet: bool) -> dict[str, Any]:
    """Run all sides of a work and return the figures."""
    work = WORKS[name]
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for repeat in range(repeats):
        for side in SIDES:
            result = run_side(side, name)
            runs[side].append(result)
            if not quiet:
                print(f"{name} {repeat + 1}/{repeats} {side}: {result['seconds']:.1f} s {result}", flush=True)
    seconds = {side: statistics.median(run["seconds"] for run in some) for side, some in runs.items()}
    accuracy = {side: statistics.median(run["accuracy"] for run in some) for side, some in runs.items()}
    memory = {side: statistics.median(run["memory"] for run in some) for side, some in runs.items()}
    ratios = {side: seconds[side] / seconds["thaw"] for side in ("default", "tuned")}
    reached = ratios["default"] >= work.target_default and ratios["tuned"] >= work.target_tuned
    return {
        "name": name,
        "seconds": round(seconds["thaw"], 2),
        "seconds_default": round(seconds["default"], 2),
        "seconds_tuned": round(seconds["tuned"], 2),
        "ratio_default": round(ratios["default"], 2),
        "ratio_tuned": round(ratios["tuned"], 2),
        "target_default": work.target_default,
        "target_tuned": work.target_tuned,
        "accuracy": round(accuracy["thaw"], 4),
        "accuracy_default": round(accuracy["default"], 4),
        "accuracy_tuned": round(accuracy["tuned"], 4),
        "memory_mib": round(memory["thaw"]),
        "memory_mib_tuned": round(memory["tuned"]),
        "precision": runs["thaw"][0]["precision"],
        "limit_share": round(limit_seconds(work) / seconds["thaw"], 3),
        "reached": reached and accuracy["thaw"] >= work.accuracy,
    }


def run_side(side: str, name: str) -> dict[str, Any]:
    """Run one side in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.side", side, name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def limit_seconds(work: Work) -> float:
    """Return how long the arithmetic alone takes: each frozen block once, each learning one in every epoch."""
    from transformers import AutoTokenizer

    from trainer_core.models.starters import find_starter

    tokenizer = AutoTokenizer.from_pretrained(find_starter("all-MiniLM-L6-v2")[1])
    tokens = [
        sum(map(len, tokenizer(read_rows(part, limit)[0], truncation=True, max_length=MAX_LENGTH)["input_ids"]))
        for part, limit in (("train", work.rows), ("dev", None))
    ]
    a_block = 2 * BLOCK_PARAMETERS / BLOCKS
    # The pass through the pretrained blocks, from which the head is solved.
    flops = a_block * BLOCKS * sum(tokens) if work.own_head else 0.0
    for stage in work.stages:
        learning = BLOCKS if stage.top < 0 else stage.top
        flops += stage.epochs * learning * a_block * (3 * tokens[0] + tokens[1])
    return flops / matmul_peak()


def matmul_peak() -> float:
    """Return the most operations a second that a large matrix product reaches here, in the faster number format."""
    import torch

    best = 0.0
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(2_048, 2_048).to(dtype) for _ in range(2))
        a @ b
        for _ in range(5):
            started = time.perf_counter()
            a @ b
            best = max(best, 2 * 2_048**3 / (time.perf_counter() - started))
    return best


def main(name: str) -> None:
    """Compare one work, and print its figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    parser.add_argument("--repeats", type=int, default=3, help="how often each side runs; medians are reported")
    options = parser.parse_args()
    print(json.dumps(compare(name, options.repeats, quiet=options.json)))
