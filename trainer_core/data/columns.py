"""Which column plays which role: as the project says, or guessed from names and content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer_core.data.names import LABEL_NAMES, TEXT_NAMES
from trainer_core.data.sources import Table
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import ColumnsSection

SAMPLE_ROWS = 1_000
MOST_LISTED = 20


@dataclass(frozen=True)
class Columns:
    """The names of the columns in use, and which of them were guessed."""

    text: str
    label: str
    guessed: frozenset[str]


def resolve_columns(table: Table, section: ColumnsSection) -> Columns:
    """Return which columns hold the texts and the labels.

    Raises:
        InputError: a named column is not there, or none can play a role.
    """
    problems: list[Problem] = []
    given = {role: _named(table, role, getattr(section, role), problems) for role in ("text", "label")}
    if problems:
        raise InputError(problems)
    taken = {name for name in given.values() if name}
    text = given["text"] or _guess_text(table, taken)
    label = given["label"] or _guess_label(table, taken | {text})
    guessed = frozenset(role for role, name in given.items() if name is None)
    if text == label:
        what = f'The column "{text}" is named for both the texts and the labels.'
        raise InputError.one("data.columns", what, "Name two different columns.")
    return Columns(text, label, guessed)


def _named(table: Table, role: str, wanted: str | int | None, problems: list[Problem]) -> str | None:
    names = table.columns
    if wanted is None:
        return None
    if isinstance(wanted, int):
        if wanted < len(names):
            return names[wanted]
        what = f"{table.path.name} has no column {wanted}; it has {len(names)}, counted from 0."
        problems.append(Problem(f"data.columns.{role}", what, f"Give a position from 0 to {len(names) - 1}."))
        return None
    if wanted in names:
        return wanted
    what = f'{table.path.name} has no column "{wanted}".'
    problems.append(Problem(f"data.columns.{role}", what, f"Its columns are: {listed(names)}."))
    return None


def listed(names: Sequence[str]) -> str:
    """Return names as an enumeration, the first of them where they are many."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _guess_text(table: Table, taken: set[str]) -> str:
    free = [name for name in table.columns if name not in taken]
    named = next((name for wish in TEXT_NAMES for name in free if name.lower() == wish), None)
    if named:
        return named
    lengths = {name: sum(map(len, cells)) for name, cells in _samples(table, free).items()}
    if not lengths:
        what = f"{table.path.name} has no column left that could hold the texts."
        raise InputError.one("data.columns.text", what, "Name the column with the texts.")
    return max(lengths, key=lambda name: lengths[name])


def _guess_label(table: Table, taken: set[str]) -> str:
    free = [name for name in table.columns if name not in taken]
    named = next((name for wish in LABEL_NAMES for name in free if name.lower() == wish), None)
    if named:
        return named
    variety = {name: len(set(cells)) / len(cells) for name, cells in _samples(table, free).items() if len(cells)}
    if not variety:
        what = f"{table.path.name} has no column that could hold the labels."
        raise InputError.one("data.columns.label", what, "Add a column with the class of each row.")
    return min(variety, key=lambda name: variety[name])


def _samples(table: Table, names: list[str]) -> dict[str, list[str]]:
    head = table.rows.select(range(min(SAMPLE_ROWS, len(table.rows))))
    columns = {name: head[name] for name in names}
    return {name: [str(cell) for cell in cells] for name, cells in columns.items()}
