"""What Thaw's plans reach on real data, through the command line as a user would.

    python -m tests.benchmarks.accuracy [NAME ...] [--json]

Names: starter, sst2_head, sst2_default, banking77_default; without one, all of them. The best checkpoint is chosen on
the validation rows; ``test_accuracy`` is measured afterwards on rows that no choice has seen. Data sets are looked for
in ../shared/data beside the checkout, or in THAW_SHARED_DATA.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("THAW_SHARED_DATA", ROOT.parent / "shared" / "data"))

HEAD_ONLY = """
[[stage]]
name = "head"
train = ["head"]
learning_rate = 1e-3
epochs = 5
"""


@dataclass(frozen=True)
class Work:
    """One training: the ``[data]`` table, the stages (none for the default plan), the target, and the test rows."""

    data: str
    stages: str
    metric: str
    target: float
    test: Path | None = None
    header: bool = False


def _sst2(limit: str) -> str:
    columns = "[data.columns]\ntext = 0\nlabel = 1\n"
    folder = DATA / "sst2"
    return f"train = '{folder / 'train.tsv'}'\nvalidation = '{folder / 'dev.tsv'}'\n{limit}header = false\n{columns}"


WORKS = {
    "starter": Work("", "", "macro_f1", 0.85),
    "sst2_head": Work(_sst2("limit = 2000\n"), HEAD_ONLY, "accuracy", 0.79, DATA / "sst2" / "test.tsv"),
    "sst2_default": Work(_sst2(""), "", "accuracy", 0.885, DATA / "sst2" / "test.tsv"),
    "banking77_default": Work(
        f"train = '{DATA / 'banking77' / 'train.csv'}'\nvalidation_share = 0.1\n",
        "",
        "test_accuracy",
        0.935,
        DATA / "banking77" / "test.csv",
        header=True,
    ),
}


def measure(name: str) -> dict[str, object]:
    """Train one work in a folder of its own and return its figures."""
    work = WORKS[name]
    with tempfile.TemporaryDirectory() as folder:
        project = _project(work, Path(folder))
        started = time.monotonic()
        command = [sys.executable, "-m", "trainer_core", "train", str(project), "--json", "--out", f"{folder}/runs"]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        seconds = time.monotonic() - started
        events = [json.loads(line) for line in output.splitlines()]
        probe = next(event["metrics"] for event in events if event["event"] == "probe_finished")
        finished = events[-1]
        figures: dict[str, object] = {"name": name, "seconds": round(seconds, 1), "best": finished["best"]}
        figures |= {key: round(value, 4) for key, value in finished["metrics"].items()}
        figures["probe_accuracy"] = round(probe["accuracy"], 4)
        if work.test is not None:
            figures["test_accuracy"] = round(_test_accuracy(finished["folder"], work, Path(folder)), 4)
        reached = float(str(figures[work.metric])) >= work.target
        figures |= {"target": f"{work.metric} {work.target}", "reached": reached}
        return figures


def _project(work: Work, folder: Path) -> Path:
    if not work.data:
        return ROOT / "resources" / "starters" / "support_tickets" / "support_tickets.thaw"
    path = folder / "work.thaw"
    training = '[training]\nbatch_size = 32\nmetric = "accuracy"\n'
    path.write_text(f"version = 1\n[data]\n{work.data}{training}{work.stages}", encoding="utf-8")
    return path


def _test_accuracy(run: str, work: Work, folder: Path) -> float:
    """Return the share of test rows that ``thaw predict`` answers rightly."""
    assert work.test is not None
    out = folder / "predictions.jsonl"
    command = [sys.executable, "-m", "trainer_core", "predict", run, "--file", str(work.test), "--out", str(out)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    answers = [json.loads(line)["label"] for line in out.read_text(encoding="utf-8").splitlines()]
    with work.test.open(encoding="utf-8", newline="") as file:
        comma = work.test.suffix == ".csv"
        reader = csv.reader(file) if comma else csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = list(reader)[int(work.header) :]
    right = sum(row[1].strip() == answer for row, answer in zip(rows, answers, strict=True))
    return right / len(rows)


def main() -> None:
    """Measure the works that were named, print a line each and a JSON object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*WORKS, []], help="which; without one, all")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    results = []
    for name in options.names or WORKS:
        figures = measure(name)
        results.append(figures)
        if not options.json:
            print("  ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    print(json.dumps({"seconds": sum(float(str(r["seconds"])) for r in results), "works": results}))


if __name__ == "__main__":
    main()
