"""Lists and objects written into a cell of text: as JSON, or as Python writes them, which many tables hold."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

WORD = re.compile(r"""'[^']*'|"[^"]*\"""")
ARRAY = re.compile(rf"\[\s*(?:{WORD.pattern})(?:\s+(?:{WORD.pattern}))+\s*\]")
"""How NumPy writes words: no comma between them."""
PARSERS = (json.loads, ast.literal_eval)


def parse_nested(text: str) -> Any:
    """Return the value that a text spells.

    Raises:
        ValueError: it is neither JSON nor a literal of Python.
    """
    if ARRAY.fullmatch(text):  # Python would join words that stand next to each other
        return [word[1:-1] for word in WORD.findall(text)]
    for parse in PARSERS:
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    message = "this is no valid JSON"
    raise ValueError(message)


def as_rows(value: Mapping[str, Any]) -> list[Any]:
    """Return an object of lists, one for each key, as a list of objects; one object alone as a list of it.

    Where one list is shorter than another, the last objects have None there.
    """
    columns = {key: cells for key, cells in value.items() if isinstance(cells, list)}
    if not columns:
        return [value] if value else []
    return [dict(zip(columns, row, strict=True)) for row in zip_longest(*columns.values())]
