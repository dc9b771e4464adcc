"""Memory while a long file is predicted: ``python -m tests.benchmarks.stream [--json] [--rows 500000]``.

A tiny model, so that the rows and not the arithmetic take the time. ``growth_mib`` is how much resident memory rose
between a tenth of the rows and the last one; a program that held the rows or their predictions would need hundreds.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.support.projects import HEAD, make_project
from tests.support.sessions import run_project
from tests.support.tiny_models import build_tiny_model
from tests.support.toy_texts import toy_rows
from trainer_core.data.texts import open_predictable
from trainer_core.inference.prediction import Prediction
from trainer_core.inference.predictor import Predictor
from trainer_core.results.predictions import write_predictions

MOST_GROWTH = 32.0


def main() -> None:
    """Predict a file of many rows into another and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only, which is all there is")
    parser.add_argument("--rows", type=int, default=500_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, run = run_project(make_project(folder, build_tiny_model(folder / "model"), stages=[HEAD]))
        texts = write_texts(folder / "texts.csv", options.rows)
        predictor = Predictor.load(run.path)
        process = psutil.Process()
        seen: dict[int, float] = {}
        marks = {options.rows // 10, options.rows}

        def watched(predictions: Iterator[Prediction]) -> Iterator[Prediction]:
            for count, prediction in enumerate(predictions, start=1):
                if count in marks:
                    seen[count] = process.memory_info().rss / 2**20
                yield prediction

        opened = open_predictable(texts, predictor.columns)
        started = time.perf_counter()
        count = write_predictions(watched(predictor.predict_stream(opened.rows)), folder / "answers.csv")
        seconds = time.perf_counter() - started
    growth = seen[options.rows] - seen[options.rows // 10]
    figures = {
        "name": "stream",
        "rows": count,
        "seconds": round(seconds, 1),
        "rows_per_second": round(count / seconds),
        "growth_mib": round(growth, 1),
        "target_mib": MOST_GROWTH,
        "reached": growth <= MOST_GROWTH and count == options.rows,
    }
    print(json.dumps(figures))


def write_texts(file: Path, rows: int) -> Path:
    """Write a file with so many texts."""
    some = [text for text, _ in toy_rows(200)]
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["text"])
        writer.writerows([f"{some[row % len(some)]} {row}"] for row in range(rows))
    return file


if __name__ == "__main__":
    main()
