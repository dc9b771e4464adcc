"""Peak resident memory of Thaw and of the tuned Trainer: ``python -m tests.benchmarks.memory [--json] [--repeats N]``.

Measured every 10 ms while a run goes on, each in a process of its own; pages of mapped files do not count.
"""

from __future__ import annotations

import argparse
import json
import statistics

from tests.benchmarks.compare import run_side

NAMES = ("head_only", "full")


def main() -> None:
    """Measure both sides of two works and print the medians in MiB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only, which is all there is")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, object] = {"name": "memory"}
    reached, seconds = True, 0.0
    for name in NAMES:
        peaks: dict[str, float] = {}
        for side in ("thaw", "tuned"):
            runs = [run_side(side, name) for _ in range(options.repeats)]
            peaks[side] = statistics.median(run["memory"] for run in runs)
            seconds += sum(run["seconds"] for run in runs)
        figures |= {f"{name}_mib": round(peaks["thaw"]), f"{name}_mib_tuned": round(peaks["tuned"])}
        reached = reached and peaks["thaw"] < peaks["tuned"]
    print(json.dumps(figures | {"seconds": round(seconds, 1), "reached": reached}))


if __name__ == "__main__":
    main()
