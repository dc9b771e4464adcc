"""``thaw evaluate``: how a finished model does on rows whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from trainer_core.data.roles import Role
from trainer_core.errors import InputError
from trainer_core.inference.prediction import EvaluationReport
from trainer_core.inference.predictor import Predictor
from trainer_core.project.schema import ColumnsSection


def evaluate_run(run: Path, file: Path, columns: Sequence[str], *, as_json: bool) -> int:
    """Print the metrics of a run's best checkpoint on the rows of a file, and those of each label."""
    section = _columns(columns)
    found = Predictor.load(run).evaluate(file, section)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
    else:
        _print(found)
    return 0


def _columns(named: Sequence[str]) -> ColumnsSection:
    """Return what ``role=name`` says, several times; a name of digits alone is a position from 0."""
    chosen: dict[str, str | int] = {}
    for one in named:
        role, between, name = one.partition("=")
        if not between or not name or role not in set(Role):
            what = f'"{one}" does not say which column plays which role.'
            raise InputError.one("--column", what, f"Write ROLE=NAME; roles are {', '.join(Role)}.")
        chosen[role] = int(name) if name.isdigit() else name
    try:
        return ColumnsSection.model_validate(chosen)
    except ValidationError as cause:
        raise InputError.one("--column", str(cause), "Write ROLE=NAME.") from cause


def _print(found: EvaluationReport) -> None:
    console = Console(emoji=False, highlight=False, markup=False)
    console.print(f"{found.rows:,} rows")
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in found.metrics.items():
        table.add_row(name, f"{value:.4f}")
    console.print(table)
    if not found.by_label:
        return
    names = list(next(iter(found.by_label.values())))
    table = Table("label", *names, box=None, pad_edge=False)
    for label, values in found.by_label.items():
        table.add_row(label, *(f"{values[name]:.0f}" if name == "count" else f"{values[name]:.3f}" for name in names))
    console.print(table)
