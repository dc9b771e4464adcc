"""Pinned rows as lines that can be edited, and back: a line a row, tabs between its texts. Imports no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from trainer_core.data.roles import Fields, Role
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import LONGEST_PINNED, MOST_PINNED

if TYPE_CHECKING:
    from trainer_core.data.report import DataReport
    from trainer_core.tasks.facts import TaskFacts

Pin: TypeAlias = str | Fields
"""A pinned row as a project has it: a text, or several."""

_NAMED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSEEN = [*map(chr, range(0x20)), "\x7f", "\u2028", "\u2029", "\ufdd0", "\ufdd1"]
"""What a field of lines would break a text at, or lose."""
_ESCAPES = {letter: f"\\u{ord(letter):04x}" for letter in _UNSEEN} | _NAMED
_LETTERS = {escape: letter for letter, escape in _ESCAPES.items()}
_ANY_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")


@dataclass(frozen=True)
class Asked:
    """Which texts a row has.

    Attributes:
        titles: of the texts, in their order; none while that is not known.
        fewest: how many there are at least.
    """

    titles: tuple[str, ...] = ()
    fewest: int = 1

    @property
    def several(self) -> bool:
        """Whether a row may have more texts than one."""
        return len(self.titles) != 1

    def takes(self, count: int) -> bool:
        """Return whether a row may have so many texts."""
        return not self.titles or self.fewest <= count <= len(self.titles)


def asked_of(task: TaskFacts | None, report: DataReport | None) -> Asked:
    """Return which texts a row of a task has: which of those that it can have, only the data's columns tell."""
    if task is None or report is None:
        return Asked()
    given = [need for need in task.needs if need.given and need.role in report.roles]
    if task.language:  # which writes the answers itself
        given = [need for need in given if need.role is not Role.ANSWERS]
    return Asked(tuple(need.title for need in given), 1 if task.language else len(given))


def format_pins(pins: Sequence[Pin]) -> str:
    """Return rows as lines; what would break a line is written with a backslash."""
    return "\n".join("\t".join(map(_escaped, fields_of(pin))) for pin in pins)


def parse_pins(lines: str, asked: Asked) -> tuple[Pin, ...]:
    r"""Return the rows of lines, which end with ``\n``; empty ones are passed over.

    Raises:
        InputError: naming every line that is no such row.
    """
    pins: list[Pin] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines.split("\n"), start=1):
        if line.strip():
            texts = tuple(map(_unescaped, line.split("\t")))
            problems += _problems(f"Line {number}", texts, asked)
            pins.append(texts if len(texts) > 1 else texts[0])
    if len(pins) > MOST_PINNED:
        what = f"Here are {len(pins)} rows, and {MOST_PINNED} are the most: each is answered at every measurement."
        problems.insert(0, Problem("", what, "Take some lines out."))
    if problems:
        raise InputError(problems)
    return tuple(pins)


def fields_of(pin: Pin) -> Fields:
    """Return the texts of a pinned row."""
    return (pin,) if isinstance(pin, str) else pin


def _problems(where: str, texts: Fields, asked: Asked) -> list[Problem]:
    found = []
    if not asked.takes(len(texts)):
        found.append(Problem(where, f"It has {_count(len(texts))}, and a row has {_count_of(asked)}.", _remedy(asked)))
    elif not all(text.strip() for text in texts):
        found.append(Problem(where, "One of its texts is empty.", "Write something, or take the tab out."))
    if (longest := max(map(len, texts))) > LONGEST_PINNED:
        what = f"It has a text of {longest:,} letters, and {LONGEST_PINNED:,} are the most."
        found.append(Problem(where, what, "Shorten it."))
    return found


def _count(texts: int) -> str:
    return "one text" if texts == 1 else f"{texts} texts"


def _count_of(asked: Asked) -> str:
    most = _count(len(asked.titles))
    return most if asked.fewest == len(asked.titles) else f"at most {most}"


def _remedy(asked: Asked) -> str:
    return f"Put a tab between: {', '.join(asked.titles)}." if asked.several else "Write a tab within a text as \\t."


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _unescaped(text: str) -> str:
    return _ANY_ESCAPE.sub(lambda found: _LETTERS.get(found[0], found[0]), text)
