"""What the default plan of each task reaches on real data, through the command line as a user would.

    python -m tests.benchmarks.tasks [NAME ...] [--json]

Names: multilabel, stsb, stsb_bands, wnut17, xquad, reading; without one, all of them. The best checkpoint is chosen on
the validation rows; what is compared with the target is measured on test rows that no choice has seen. ``xquad`` trains
five times, each time on the articles of four fifths, and once without learning. ``reading`` has few labels and many
texts, which the model reads first, and is trained without reading them, too. Data sets are looked for in ../shared/data
beside the checkout, or in THAW_SHARED_DATA. ``tests/benchmarks/accuracy.py`` does so for classification.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from tests.benchmarks.accuracy import DATA

Json = dict[str, Any]
FOLDS = 5
PAIRS, TEST_PAIRS, HELD_PAIRS = 4_000, 800, 500
ALONE = 0.3
"""The share of multi-label rows that have one label only."""
LABELLED = 10
"""How many rows of each class have a label where the others are only read."""
BANDS = ((1.5, "different"), (3.5, "related"), (5.1, "same"))
"""Scores below so much are of a band."""
NOTHING_LEARNT = '[[stage]]\nname = "nothing"\ntrain = ["head"]\nlearning_rate = 1e-9\nepochs = 1\n'


@dataclass(frozen=True)
class Split:
    """A project file, and the rows on which its model is judged."""

    project: str
    test: Path


@dataclass(frozen=True)
class Work:
    """Trainings of one kind: how their files are made, what is to be reached on average, and what stands beside it.

    Attributes:
        target: what the metric is to reach; None where nothing was set.
        beside: what is left out in the training beside, and the lines that leave it out.
    """

    splits: Callable[[Path], Iterator[Split]]
    metric: str
    target: float | None
    beside: tuple[str, Callable[[str], str]] | None = None


# --- rows ------------------------------------------------------------------------------------------------------------


def _multilabel(folder: Path) -> Iterator[Split]:
    """Yield messages of a bank, often two behind each other, with the intents of both."""
    generator = random.Random(11)
    train, test = (_read_csv(DATA / "banking77" / f"{name}.csv") for name in ("train", "test"))
    for name, rows, count in (("train", train, PAIRS), ("dev", train, HELD_PAIRS), ("test", test, TEST_PAIRS)):
        lines = []
        for _ in range(count):
            (text, label), (more, other) = generator.sample(rows, 2)
            alone = generator.random() < ALONE or label == other
            labels = [label] if alone else [label, other]
            lines.append(json.dumps({"text": text if alone else f"{text} {more}", "labels": labels}))
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    yield Split(_project("multilabel", "train.jsonl", "dev.jsonl"), folder / "test.jsonl")


def _read_csv(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


def _stsb(folder: Path) -> Iterator[Split]:
    """Yield pairs of sentences with how alike they are, from 0 to 5."""
    source = DATA / "stsb"
    yield Split(_project("regression", source / "train.csv", source / "dev.csv"), source / "test.csv")


def _stsb_bands(folder: Path) -> Iterator[Split]:
    """Yield the same pairs in three bands."""
    for name in ("train", "dev", "test"):
        with (DATA / "stsb" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = [(one, other, _band(float(score))) for one, other, score in csv.reader(file)]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "second_text", "label"), *rows])
    yield Split(_project("pair_classification", "train.csv", "dev.csv"), folder / "test.csv")


def _band(score: float) -> str:
    return next(name for below, name in BANDS if score < below)


def _wnut17(folder: Path) -> Iterator[Split]:
    """Yield tweets with names of six kinds."""
    source = DATA / "wnut17"
    yield Split(_project("tagging", source / "train.conll", source / "dev.conll"), source / "test.conll")


def _xquad(folder: Path) -> Iterator[Split]:
    """Yield questions about articles; those of a fold's articles are asked about in no other fold."""
    articles = json.loads((DATA / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    for fold in range(FOLDS):
        below = folder / str(fold)
        below.mkdir()
        for name, chosen in (("train", False), ("test", True)):
            rows = [article for place, article in enumerate(articles) if (place % FOLDS == fold) is chosen]
            (below / f"{name}.json").write_text(json.dumps({"data": rows}), encoding="utf-8")
        longer = "[model]\nmax_length = 384\n"
        yield Split(_project("answering", below / "train.json", None, longer), below / "test.json")


def _reading(folder: Path) -> Iterator[Split]:
    """Yield messages of a bank of which few have a label; all are read first."""
    source = DATA / "banking77"
    _write_few(folder / "train.csv", _read_csv(source / "train.csv"))
    read = f"[pretraining]\ntexts = '{source / 'train.csv'}'\n"
    yield Split(_project("classification", "train.csv", None, read), source / "test.csv")


def _write_few(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    seen: Counter[str] = Counter()
    few = []
    for text, label in rows:
        if seen[label] < LABELLED:
            few.append((text, label))
        seen[label] += 1
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *few])


def _project(task: str, train: Path | str, validation: Path | str | None, more: str = "") -> str:
    held = "validation_share = 0.1" if validation is None else f"validation = '{validation}'"
    return f"version = 1\ntask = '{task}'\n[data]\ntrain = '{train}'\n{held}\n{more}"


def _without_learning(project: str) -> str:
    return f"{project}[training]\nprobe = false\n{NOTHING_LEARNT}"


def _without_reading(project: str) -> str:
    return project.partition("[pretraining]")[0]


WORKS = {
    "multilabel": Work(_multilabel, "micro_f1", None),
    "stsb": Work(_stsb, "spearman", 0.85),
    "stsb_bands": Work(_stsb_bands, "accuracy", None),
    "wnut17": Work(_wnut17, "entity_f1", 0.43),
    "xquad": Work(_xquad, "f1", 0.15, ("learning", _without_learning)),
    "reading": Work(_reading, "accuracy", 0.83, ("reading", _without_reading)),
}


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(name: str) -> Json:
    """Train and judge one work; return its figures, on average where it trains several times."""
    work = WORKS[name]
    with tempfile.TemporaryDirectory() as place:
        folder, started = Path(place), time.monotonic()
        judged = [_judged(folder, number, split) for number, split in enumerate(work.splits(folder))]
        seconds = round(time.monotonic() - started, 1)
        metrics = {key: round(mean(one[key] for one in judged), 4) for key in judged[0]}
        figures: Json = {"name": name, "seconds": seconds, "trainings": len(judged), **metrics}
        if work.beside:
            (missing, leave_out), first = work.beside, next(work.splits(_made(folder / "beside")))
            beside = Split(leave_out(first.project), first.test)
            figures[f"without_{missing}"] = round(_judged(folder / "beside", len(judged), beside)[work.metric], 4)
    if work.target is None:
        return figures
    return figures | {"target": f"{work.metric} {work.target}", "reached": figures[work.metric] >= work.target}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _judged(folder: Path, number: int, split: Split) -> dict[str, float]:
    """Train a project and return its metrics on the test rows, and how well it came to know texts it read first."""
    project = folder / f"work {number}.thaw"
    project.write_text(split.project, encoding="utf-8")
    events = _thaw("train", project, "--json", "--out", folder / "runs")
    (report,) = _thaw("evaluate", events[-1]["folder"], split.test, "--json")
    metrics: dict[str, float] = report["metrics"]
    for event in events:
        if event["event"] == "pretraining_finished":
            metrics |= {
                "perplexity_before": event["before"]["perplexity"],
                "perplexity": event["metrics"]["perplexity"],
            }
    return metrics


def _thaw(*arguments: object) -> list[Json]:
    command = [sys.executable, "-m", "trainer_core", *map(str, arguments)]
    output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the works that were named, print a line each and a JSON object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*WORKS, []], help="which; without one, all")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args(arguments)
    results = []
    for name in options.names or WORKS:
        results.append(measure(name))
        if not options.json:
            print("  ".join(f"{key} {value}" for key, value in results[-1].items()), flush=True)
    print(json.dumps({"seconds": sum(one["seconds"] for one in results), "works": results}))


if __name__ == "__main__":
    main()
