"""Lists and objects written into a cell of text: as JSON, or as Python writes them, which many tables hold."""

from __future__ import annotations

import ast
import json
from typing import Any

PARSERS = (json.loads, ast.literal_eval)


def parse_nested(text: str) -> Any:
    """Return the value that a text spells.

    Raises:
        ValueError: it is neither JSON nor a literal of Python.
    """
    for parse in PARSERS:
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    message = "this is no valid JSON"
    raise ValueError(message)
