"""``thaw predict``: texts on the command line, on standard input, or in a file."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from trainer_core.data.texts import open_texts
from trainer_core.errors import InputError
from trainer_core.inference.prediction import Prediction
from trainer_core.inference.predictor import Predictor
from trainer_core.results.predictions import check_target, write_predictions

SHOWN_CLASSES = 3


def predict_texts(run: Path, texts: list[str], *, as_json: bool) -> int:
    """Predict texts; without any, every line of standard input."""
    predictor = Predictor.load(run)
    if not texts:
        if sys.stdin.isatty():
            raise InputError.one("thaw predict", "There is no text to predict.", "Add texts, or --file and --out.")
        lines = sys.stdin.buffer.read().decode("utf-8", errors="replace").splitlines()
        texts = [line for line in lines if line.strip()]
    predictions = predictor.predict(texts)
    if as_json:
        for prediction in predictions:
            print(json.dumps(dataclasses.asdict(prediction), ensure_ascii=False))
    else:
        print_predictions(predictions)
    return 0


def print_predictions(predictions: Sequence[Prediction]) -> None:
    """Print a row a text: the answer, its probability, and the classes that come next."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right")
    table.add_column()
    for prediction in predictions:
        first, *others = list(prediction.probabilities.items())[:SHOWN_CLASSES]
        rest = ", ".join(f"{label} {share:.0%}" for label, share in others)
        text = prediction.text + (" [cut]" if prediction.truncated else "")
        table.add_row(first[0], f"{first[1]:.0%}", f"{text}  ({rest})")
    Console(highlight=False, markup=False).print(table)


def predict_file(run: Path, file: Path, out: Path | None, column: str | None) -> int:
    """Predict every row of a data file into another file."""
    if out is None:
        raise InputError.one("thaw predict", "--file needs a place for the predictions.", "Add --out predictions.csv.")
    check_target(out)
    predictor = Predictor.load(run)
    opened = open_texts(file, predictor.facts.text_column, column)
    predictions = track(
        predictor.predict_stream(opened.texts),
        description="Predicting",
        total=opened.total,
        console=Console(stderr=True),
    )
    count = write_predictions(predictions, out)
    print(f"{count:,} predictions written to {out}")
    return 0
