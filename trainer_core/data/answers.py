"""Answers that stand in a context, read from a column: as SQuAD writes them, or as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from trainer_core.data.findings import count_rows, named_rows
from trainer_core.data.nested import as_rows, parse_nested
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Role
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Reasons, Targets

Answer: TypeAlias = tuple[int, str]
"""Where an answer begins in its context, and its text."""

TEXTS = ("text", "answer", "answer_text")
STARTS = ("answer_start", "start")


class _Unusable(Exception):
    """Why the answers of a row cannot be used."""


def read_answers(table: Table, columns: Mapping[Role, str], whole: BoolArray) -> Targets:
    """Read answers: an array of tuples of ``Answer``, one for each row; none means that the context has no answer.

    A cell is a list of ``{"text": "308", "answer_start": 34}``, or ``{"text": [...], "answer_start": [...]}``,
    nested or as JSON; or the answer's text alone, which is looked for in the context. An empty cell means no answer.

    Args:
        table: a file.
        columns: by role.
        whole: bool [rows to read], which rows count.
    """
    contexts = table.read_text(columns[Role.CONTEXT], len(whole))
    texts = (text for chunk in contexts for text in chunk.to_pylist())
    cells = table.read_cells(columns[Role.ANSWERS], len(whole))
    values = np.empty(len(whole), dtype=object)
    missing = np.zeros(len(whole), dtype=np.bool_)
    reasons = Reasons("answers")
    moved: list[int] = []
    first_of_many: list[int] = []
    for place, (context, cell) in enumerate(zip(texts, cells, strict=True)):
        values[place] = ()
        if not whole[place]:
            continue
        try:
            said = list(_answers(cell))
            values[place] = tuple(_found(start, text, context) for start, text in said)
        except _Unusable as cause:
            missing[place] = True
            reasons.add(cause, place)
            continue
        if any(start not in (None, found) for (start, _), (found, _) in zip(said, values[place], strict=True)):
            moved.append(place)
        if any(start is None and context.count(text) > 1 for start, text in said):
            first_of_many.append(place)
    return Targets(values, missing, (), reasons.unusable, list(_doubtful(table, moved, first_of_many)))


def _doubtful(table: Table, moved: list[int], first_of_many: list[int]) -> Iterator[Finding]:
    doubts = (
        (moved, "were found elsewhere in the context than said", "Look whether the right place was found."),
        (
            first_of_many,
            "stand in the context more than once; the first place is taken",
            "Say which it is with answer_start, if it is another one.",
        ),
    )
    for places, which, remedy in doubts:
        if places:
            numbers, first = named_rows(table, places)
            what = f"{count_rows(len(places))} with answers that {which}: row {first}."
            yield Finding(Severity.WARNING, str(table.path), what, remedy, numbers)


def _answers(cell: Any) -> Iterator[tuple[int | None, str]]:
    """Yield where each answer is said to begin, if that is said, and its text."""
    if isinstance(cell, str):
        cell = _parsed(cell)
    if isinstance(cell, Mapping):
        cell = as_rows(cell)
    for one in cell or []:
        yield _answer(one)


def _parsed(cell: str) -> Any:
    stripped = cell.strip()
    if not stripped.startswith(("[{", "{", '["', "['", "[]")):
        return [cell] if stripped else []
    try:
        return parse_nested(stripped)
    except ValueError:
        return [cell]  # an answer may begin with a bracket


def _answer(one: Any) -> tuple[int | None, str]:
    if isinstance(one, str):
        return None, one
    if not isinstance(one, Mapping):
        raise _Unusable("an answer needs a text")
    text, start = (next((one[key] for key in keys if key in one), None) for keys in (TEXTS, STARTS))
    if not isinstance(text, str):
        raise _Unusable("an answer needs a text")
    return (int(start) if isinstance(start, int | float) and start >= 0 else None), text


def _found(start: int | None, text: str, context: str) -> Answer:
    """Return where an answer stands: where it is said to, or else the nearest place, or the first one."""
    if not text.strip():
        raise _Unusable("an answer is empty")
    if start is not None and context[start : start + len(text)] == text:
        return start, text
    places = list(_places(text, context))
    if not places:
        raise _Unusable("the answer does not stand in the context")
    return min(places, key=lambda place: abs(place - (start or 0))), text


def _places(text: str, context: str) -> Iterator[int]:
    place = context.find(text)
    while place >= 0:
        yield place
        place = context.find(text, place + 1)
