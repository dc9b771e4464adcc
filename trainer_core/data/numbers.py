"""Numbers to be learnt, read from a column."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Reasons, Targets

LARGEST_NUMBER = float(np.finfo(np.float32).max)


def read_numbers(table: Table, column: str, whole: BoolArray) -> Targets:
    """Read finite numbers, float32, of a column; where a cell is none, something is missing.

    Where every number with a fraction has a comma before it, as in "0,5", and none has a point, the comma is read so.
    """
    comma = _has_decimal_commas(table.read_text(column, len(whole)))
    values, missing = np.zeros(len(whole), dtype=np.float32), np.zeros(len(whole), dtype=np.bool_)
    reasons = Reasons("numbers")
    cells = (cell for chunk in table.read_text(column, len(whole)) for cell in chunk.to_pylist())
    for place, cell in enumerate(cells):
        value = number_in(cell.replace(",", ".") if comma else cell)
        if value is not None:
            values[place] = value
            continue
        missing[place] = True
        if whole[place] and cell.strip():
            reasons.add(f'a cell such as "{cell.strip()[:40]}" {_why_no_number(cell.strip())}', place)
    return Targets(values, missing, unusable=reasons.unusable)


def number_in(cell: str) -> float | None:
    """Return the number that a cell holds, written with a decimal point; None where it holds none that is finite."""
    try:
        value = math.nan if "_" in cell else float(cell)  # Python takes 1_000 for a number
    except ValueError:
        return None
    return value if abs(value) <= LARGEST_NUMBER else None


def _has_decimal_commas(chunks: Iterator[pa.LargeStringArray]) -> bool:
    """Whether numbers are written with a decimal comma; "1,000" alone may as well be a thousand."""
    fractions = 0
    for chunk in chunks:
        trimmed = pc.utf8_trim_whitespace(chunk)
        if pc.any(pc.match_substring_regex(trimmed, r"^[+-]?\d*\.\d|\d,\d.*,")).as_py():
            return False
        fractions += pc.sum(pc.match_substring_regex(trimmed, r"^[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+)$")).as_py() or 0
    return fractions > 0


def _why_no_number(cell: str) -> str:
    if number_in(cell.replace(",", "")) is not None:
        return "has a comma; a decimal point, and nothing between thousands, can be read"
    return "is no finite number"
