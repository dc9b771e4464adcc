"""Which stretches of a text have which label, read from a column: as spans by position, or as tags of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer_core.data.findings import count_rows, named_rows
from trainer_core.data.nested import as_rows, parse_nested
from trainer_core.data.report import Finding, Severity
from trainer_core.data.roles import Role
from trainer_core.data.rows import Rows, TargetArray
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Reasons, Targets, find_unknown, label_order
from trainer_core.data.words import WordRule, is_tag, places_in, spans_of_tags, words_of

LabelledSpan = tuple[int, int, str]
SpanArray = npt.NDArray[np.int32]
"""Of one row: int32 [spans, 3], start, end and the number of the label, in the order of the text."""
KEYS = {
    "start": ("start", "begin", "from", "start_offset"),
    "end": ("end", "stop", "to", "end_offset"),
    "label": ("label", "type", "entity", "tag"),
}
CHECKED_ROWS = 20_000
"""Whether spans begin and end with words is looked at in so many rows."""


class _Unreadable(Exception):
    """Why the spans of a row cannot be used."""


def read_spans(table: Table, columns: Mapping[Role, str], whole: BoolArray, labels: tuple[str, ...] | None) -> Targets:
    """Read labelled spans: an array of ``SpanArray``, one for each row; an empty cell means that there are none.

    A cell is a list of spans, each ``{"start": 0, "end": 5, "label": "place"}`` or ``[0, 5, "place"]``, as JSON or
    nested; or the tags of all words, as a list or separated by spaces, where words are a list or separated by spaces.

    Args:
        table: a file.
        columns: by role.
        whole: bool [rows to read], which rows count.
        labels: those of the training rows, where these are other rows.
    """
    texts = table.read_cells(columns[Role.TEXT], len(whole))
    cells = table.read_cells(columns[Role.LABEL], len(whole))
    found: list[list[LabelledSpan]] = []
    missing = np.zeros(len(whole), dtype=np.bool_)
    reasons = Reasons("spans")
    for place, (text, cell) in enumerate(zip(texts, cells, strict=True)):
        try:
            found.append(_checked(sorted(_spans(cell, text)), text) if whole[place] else [])
        except _Unreadable as cause:
            found.append([])
            missing[place] = True
            reasons.add(cause, place)
    names = labels or tuple(sorted({label for row in found for *_, label in row}, key=label_order))
    places_of = {name: number for number, name in enumerate(names)}
    labelled = ((label, place) for place, row in enumerate(found) for *_, label in row)
    findings = find_unknown(table, (one for one in labelled if one[0] not in places_of))
    values = np.empty(len(found), dtype=object)
    for place, row in enumerate(found):
        numbered = [(start, end, places_of[label]) for start, end, label in row if label in places_of]
        values[place] = np.array(numbered, dtype=np.int32).reshape(-1, 3)
    return Targets(values, missing, names, reasons.unusable, findings)


def _spans(cell: Any, text: Any) -> Iterator[LabelledSpan]:
    if isinstance(cell, str):
        cell = _parsed(cell)
    if isinstance(cell, Mapping):
        cell = as_rows(cell)
    if not cell:
        return
    if all(isinstance(part, str) for part in cell):
        yield from _tagged(cell, text)
        return
    if all(isinstance(part, int) for part in cell):
        raise _Unreadable("tags stand there as numbers, whose names the file does not hold: write B-place, not 3")
    for part in cell:
        yield _span(part)


def _parsed(cell: str) -> list[Any] | dict[str, Any]:
    """Return what a cell of text holds: JSON, or tags separated by spaces."""
    stripped = cell.strip()
    if not stripped.startswith(("[", "{")):
        return stripped.split()
    try:
        values = parse_nested(stripped)
    except ValueError as cause:
        raise _Unreadable(str(cause)) from cause
    return values if isinstance(values, list | dict) else [values]


def _tagged(tags: Sequence[str], text: Any) -> Iterator[LabelledSpan]:
    wrong = next((tag for tag in tags if not is_tag(tag)), None)
    if wrong is not None:
        raise _Unreadable(f'"{wrong[:40]}" is no tag such as O, B-place or I-place')
    words = text if isinstance(text, list) else text.split()
    if len(words) != len(tags):
        raise _Unreadable("it has not as many tags as words")
    places = places_in(words) if isinstance(text, list) else _words_between_spaces(text)
    for first, behind, label in spans_of_tags(tags):
        yield places[first][0], places[behind - 1][1], label


def _words_between_spaces(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        found.append((start, start + len(word)))
        start += len(word)
    return found


def _span(part: Any) -> LabelledSpan:
    if isinstance(part, Mapping):
        start, end, label = (next((part[key] for key in keys if key in part), "") for keys in KEYS.values())
    elif isinstance(part, Sequence) and not isinstance(part, str) and len(part) == len(KEYS):
        start, end, label = part
    else:
        raise _Unreadable("a span needs a start, an end and a label")
    try:
        numbers = int(start), int(end)
    except (TypeError, ValueError) as cause:
        raise _Unreadable("a span needs a start, an end and a label") from cause
    name = str(label).strip() if isinstance(label, str | int) else ""
    if not name:
        raise _Unreadable("a span has no label")
    return *numbers, name


def _checked(spans: list[LabelledSpan], text: Any) -> list[LabelledSpan]:
    length = len(" ".join(text)) if isinstance(text, list) else len(text)
    before = 0
    for start, end, _ in spans:
        if start < 0 or end > length:
            raise _Unreadable("a span lies outside the text")
        if end <= start:
            raise _Unreadable("a span ends before it begins")
        if start < before:
            raise _Unreadable("two spans overlap")
        before = end
    return spans


def find_cut_words(rows: Rows, rule: WordRule) -> Finding | None:
    """Find spans that begin or end inside a word: a tagger, which tags words, can never give them."""
    some = rows.taken(np.arange(min(CHECKED_ROWS, len(rows))))
    texts = [text for part in some.iterate_fields() for (text,) in part]
    cut = _cut(texts, some.targets, rule)
    if not cut:
        return None
    numbers, first = named_rows(rows.table, rows.positions[cut])
    what = f"{count_rows(len(cut))} with a span that begins or ends inside a word: row {first}."
    remedy = "Words are tagged whole; let spans begin and end with words, without the spaces around them."
    if rule is WordRule.WHOLE and len(_cut(texts, some.targets, WordRule.PARTS)) < len(cut):
        remedy += f' Or set options.words = "{WordRule.PARTS}": then addresses, handles and numbers are no words.'
    return Finding(Severity.WARNING, str(rows.table.path), what, remedy, numbers)


def _cut(texts: Sequence[str], targets: TargetArray, rule: WordRule) -> list[int]:
    """Return the places of the texts in which a span begins or ends inside a word."""
    cut: list[int] = []
    for place, (text, spans) in enumerate(zip(texts, targets, strict=True)):
        words = words_of(text, rule)
        starts, ends = {start for start, _ in words}, {end for _, end in words}
        if any(start not in starts or end not in ends for start, end, _ in spans.tolist()):
            cut.append(place)
    return cut
