"""Predictions as a file: CSV, TSV or JSON lines, by its ending."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from trainer_core.errors import InputError
from trainer_core.files import writing_beside
from trainer_core.inference.prediction import Prediction

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = ".jsonl"


def check_target(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a place that predictions cannot be written to.

    Raises:
        InputError: its ending is unknown, its folder is missing, or a file is there already.
    """
    endings = [*DELIMITERS, JSON_LINES]
    if path.suffix.lower() not in endings:
        raise InputError.one(path, f'Predictions cannot be written as "{path.suffix}".', f"Use {', '.join(endings)}.")
    if not path.parent.is_dir():
        raise InputError.one(path, "There is no such folder to write into.", "Make the folder, or name another.")
    if path.exists() and not overwrite:
        raise InputError.one(path, "This file is there already.", "Name another file, or remove this one first.")


def write_predictions(predictions: Iterable[Prediction], path: Path, *, overwrite: bool = False) -> int:
    """Write predictions as they come; the file appears whole. Return how many there were.

    Raises:
        InputError: as ``check_target``, or the place cannot be written.
    """
    check_target(path, overwrite=overwrite)
    try:
        with writing_beside(path) as beside:
            if path.suffix.lower() == JSON_LINES:
                return _write_json_lines(predictions, beside)
            return _write_delimited(predictions, beside, DELIMITERS[path.suffix.lower()])
    except OSError as cause:
        raise InputError.one(path, f"This file cannot be written: {cause.strerror}.", "Name another place.") from cause


def _write_delimited(predictions: Iterable[Prediction], path: Path, delimiter: str) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        for prediction in predictions:
            cells = {**prediction.fields, **prediction.cells()}
            if not count:
                writer.writerow(cells)
            writer.writerow([without_formula(cell) if isinstance(cell, str) else cell for cell in cells.values()])
            count += 1
    return count


def without_formula(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that starts like one gets an apostrophe in front."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _write_json_lines(predictions: Iterable[Prediction], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for prediction in predictions:
            record = {**prediction.fields, **prediction.values()}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count
