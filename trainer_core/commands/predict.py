"""``thaw predict``: texts on the command line, on standard input, or in a file."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table as RichTable

from trainer_core.data.rows import as_text
from trainer_core.data.sources import Table, load_table
from trainer_core.errors import InputError
from trainer_core.inference.prediction import Prediction
from trainer_core.inference.predictor import Predictor
from trainer_core.results.predictions import check_target, write_predictions

ROWS_AT_ONCE = 2_000
SHOWN_CLASSES = 3


def predict_texts(run: Path, texts: list[str], *, as_json: bool) -> int:
    """Predict texts; without any, every line of standard input."""
    predictor = Predictor.load(run)
    if not texts:
        if sys.stdin.isatty():
            raise InputError.one("thaw predict", "There is no text to predict.", "Add texts, or --file and --out.")
        texts = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    predictions = predictor.predict(texts)
    if as_json:
        for prediction in predictions:
            print(json.dumps(dataclasses.asdict(prediction), ensure_ascii=False))
    else:
        print_predictions(predictions)
    return 0


def print_predictions(predictions: Sequence[Prediction]) -> None:
    """Print a row a text: the answer, its probability, and the classes that come next."""
    table = RichTable(box=None, pad_edge=False, show_header=False)
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
    table = load_table(file)
    name = _text_column(table, column, predictor.facts.text_column)
    predictions = track(
        predictor.predict_stream(_texts(table, name)),
        description="Predicting",
        total=len(table.rows),
        console=Console(stderr=True),
    )
    count = write_predictions(predictions, out)
    print(f"{count:,} predictions written to {out}")
    return 0


def _text_column(table: Table, wanted: str | None, trained: str) -> str:
    """Return the column with the texts: the one wanted, the one of training, or the only one there is."""
    names = table.columns
    if wanted is not None:
        if wanted.isdigit() and int(wanted) < len(names):
            return names[int(wanted)]
        if wanted not in names:
            what = f'There is no column "{wanted}".'
            raise InputError.one(table.path, what, f"Name one of: {', '.join(names)}.")
        return wanted
    if trained in names:
        return trained
    if len(names) == 1:
        return names[0]
    what = f'There is no column "{trained}", from which the model learnt.'
    raise InputError.one(table.path, what, f"Name the column with --column: {', '.join(names)}.")


def _texts(table: Table, name: str) -> Iterator[str]:
    for start in range(0, len(table.rows), ROWS_AT_ONCE):
        yield from (as_text(cell) for cell in table.rows[start : start + ROWS_AT_ONCE][name])
