"""Small project folders: a data file, a project file, and a model that lies elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from tests.support.toy_tasks import HEADERS, toy_rows_of

Stage = dict[str, Any]
HEAD: Stage = {"name": "head", "train": ["head"], "learning_rate": 0.01, "epochs": 1}
TOP: Stage = {"name": "top", "train": ["head", "top:1"], "learning_rate": 0.001, "epochs": 1}
ALL: Stage = {"name": "all", "train": ["all"], "learning_rate": 0.001, "epochs": 1}
SMALL_WINDOWS = {"stride": 4, "longest_answer": 3}
SMALL_TRAINING = {"batch_size": 8, "device": "cpu", "precision": "float32", "evaluations_per_epoch": 1}


def write_delimited(
    path: Path, rows: Iterable[Sequence[str]], *, header: Sequence[str] | None = ("text", "label"), delimiter: str = ","
) -> Path:
    """Write rows as a delimited file in UTF-8, quoted where it has to be."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        if header:
            writer.writerow(header)
        writer.writerows(rows)
    return path


def make_project(
    folder: Path,
    model: Path | str,
    *,
    rows: Sequence[Sequence[str]] | None = None,
    validation: Sequence[Sequence[str]] | None = None,
    stages: Sequence[Stage] = (HEAD,),
    training: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    pooling: str = "mean",
    max_length: int = 32,
    seed: int = 7,
    task: str = "classification",
    options: dict[str, Any] | None = None,
    header: Sequence[str] | None = None,
) -> Path:
    """Write a project of 36 training and 15 validation rows of a task, or of the given ones; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = header or HEADERS[task]
    if task == "answering":
        options, max_length = SMALL_WINDOWS | (options or {}), max(max_length, 48)
    drawn = toy_rows_of(task, 51) if rows is None or validation is None else []
    write_delimited(folder / "train.csv", rows if rows is not None else drawn[:36], header=names)
    write_delimited(folder / "dev.csv", validation if validation is not None else drawn[36:], header=names)
    document: dict[str, Any] = {
        "version": 1,
        "task": task,
        "seed": seed,
        "model": {"source": str(model), "max_length": max_length, "pooling": pooling},
        "data": {"train": "train.csv", "validation": "dev.csv", "header": True} | (data or {}),
        "training": SMALL_TRAINING | (training or {}),
        "stage": list(stages),
    }
    if options is not None:
        document["options"] = options
    document["data"] = {key: value for key, value in document["data"].items() if value is not None}
    if not stages:
        del document["stage"]
    path = folder / "small.thaw"
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path
