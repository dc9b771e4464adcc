"""From a journal to a history: as reading its events one by one, but quick where there are very many steps."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from trainer_core.runs.history import RunHistory
from trainer_core.training.events import parse_event

STEP = b'"event":"step_finished"'
HEAD_BYTES = 80
"""Where in a line its kind stands."""
LINES_AT_ONCE = 1_000


class _Step(TypedDict):
    """What a curve takes of a step. A number that is none, which a journal holds as a word, is not meant here."""

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    seconds: float


_STEPS = TypeAdapter(list[_Step], config=ConfigDict(strict=True))
COLUMNS = tuple(_Step.__annotations__)


def fold_journal(path: Path) -> RunHistory:
    """Return what a journal tells; torn lines and unknown kinds are passed over, and no journal tells nothing."""
    history = RunHistory()
    if not path.is_file():
        return history
    with path.open("rb") as file:
        while lines := list(islice(file, LINES_AT_ONCE)):
            steps: list[bytes] = []
            for line in lines:
                if STEP in line[:HEAD_BYTES]:
                    steps.append(line)
                else:
                    _fold_steps(history, steps)
                    steps = []
                    _fold_one(history, line)
            _fold_steps(history, steps)
    return history


def _fold_one(history: RunHistory, line: bytes) -> None:
    event = parse_event(line)
    if event is not None:
        history.apply(event)


def _fold_steps(history: RunHistory, lines: list[bytes]) -> None:
    """Fold lines of steps: all but the first and the last as columns of numbers, where they are what they should be."""
    columns = _columns(lines[1:-1])
    if columns is None:
        for line in lines:
            _fold_one(history, line)
        return
    _fold_one(history, lines[0])
    history.add_steps(**columns)
    _fold_one(history, lines[-1])


def _columns(lines: list[bytes]) -> dict[str, list[Any]] | None:
    """Return the values of steps by name; None where there are too few to be worth it, or one is not whole."""
    if len(lines) < 2:
        return None
    try:
        rows: list[Any] = _STEPS.validate_json(b"[%b]" % b",".join(lines))
    except ValidationError:
        return None
    return {name: [row[name] for row in rows] for name in COLUMNS}
