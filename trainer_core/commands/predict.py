"""``thaw predict``: texts on the command line, on standard input, or in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from trainer_core.data.roles import Fields
from trainer_core.data.texts import open_predictable
from trainer_core.errors import InputError
from trainer_core.inference.prediction import ClassPrediction, Prediction
from trainer_core.inference.predictor import Predictor
from trainer_core.results.predictions import check_target, write_predictions

SHOWN_CLASSES = 3
BETWEEN = "\t"
"""What stands between the texts of a row on standard input."""


def predict_texts(run: Path, texts: list[str], *, as_json: bool) -> int:
    """Predict rows, as many texts each as the model reads; without any, every line of standard input."""
    predictor = Predictor.load(run)
    rows = _rows(texts, len(predictor.given)) if texts else _typed(len(predictor.given))
    predictions = predictor.predict(rows)
    if as_json:
        for prediction in predictions:
            print(json.dumps(prediction.record(), ensure_ascii=False))
    else:
        print_predictions(predictions)
    return 0


def _rows(texts: list[str], width: int) -> list[Fields]:
    if len(texts) % width:
        what = f"This model reads {width} texts at a time; {len(texts)} are given."
        raise InputError.one("thaw predict", what, f"Give {width} texts for each row.")
    return [tuple(texts[start : start + width]) for start in range(0, len(texts), width)]


def _typed(width: int) -> list[Fields]:
    if sys.stdin.isatty():
        raise InputError.one("thaw predict", "There is no text to predict.", "Add texts, or --file and --out.")
    lines = sys.stdin.buffer.read().decode("utf-8", errors="replace").splitlines()
    rows = [tuple(line.split(BETWEEN)) if width > 1 else (line,) for line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            what = f"Line {number} has {len(row)} texts; this model reads {width}."
            raise InputError.one("thaw predict", what, "Put a tabulator between the texts of a line.")
    return rows


def print_predictions(predictions: Sequence[Prediction]) -> None:
    """Print a row a prediction: the answer, its probability where it has one, and what comes next."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    for prediction in predictions:
        text = " / ".join(prediction.fields.values()) + (" [cut]" if prediction.truncated else "")
        share, rest = _shares(prediction)
        table.add_row(prediction.answer, share, f"{text}  ({rest})" if rest else text)
    Console(emoji=False, highlight=False, markup=False).print(table)


def _shares(prediction: Prediction) -> tuple[str, str]:
    """Return the probability of an answer, and the classes that come next with theirs."""
    if not isinstance(prediction, ClassPrediction):
        return "", ""
    (_, share), *others = list(prediction.probabilities.items())[:SHOWN_CLASSES]
    return f"{share:.0%}", ", ".join(f"{label} {share:.0%}" for label, share in others)


def predict_file(run: Path, file: Path, out: Path | None, columns: Sequence[str]) -> int:
    """Predict every row of a data file into another file."""
    if out is None:
        raise InputError.one("thaw predict", "--file needs a place for the predictions.", "Add --out predictions.csv.")
    check_target(out)
    predictor = Predictor.load(run)
    opened = open_predictable(file, predictor.columns, columns)
    predictions = track(
        predictor.predict_stream(opened.rows),
        description="Predicting",
        total=opened.total,
        console=Console(stderr=True, emoji=False),
    )
    count = write_predictions(predictions, out)
    print(f"{count:,} predictions written to {out}")
    return 0
