"""The rows of a file that are to be predicted: the lines of a plain text, or columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trainer_core.data.columns import listed
from trainer_core.data.findings import find_unusable
from trainer_core.data.kinds import PLAIN
from trainer_core.data.lines import read_lines
from trainer_core.data.messages import Unreadable, open_conversation
from trainer_core.data.roles import Fields, Role
from trainer_core.data.rows import shown
from trainer_core.data.sources import Table, load_table
from trainer_core.data.targets import Reasons
from trainer_core.errors import InputError, Problem
from trainer_core.inference.prediction import OpenRows

ROWS_AT_ONCE = 2_000


def open_predictable(file: Path, trained: Mapping[Role, str], wanted: Sequence[str] = ()) -> OpenRows:
    """Open a file for prediction. A ``.txt`` file is its lines; of a table, a column for every text is taken.

    Args:
        file: a text file, or a table of any kind that training reads.
        trained: the names of the columns that the model learnt from, by role, in their order.
        wanted: names of columns, or their positions from 0, in that order, where the user gave some.

    Raises:
        InputError: the file cannot be read, or its columns are not the ones that are meant.
    """
    if file.suffix.lower() == PLAIN and not wanted and len(trained) == 1:
        lines = read_lines(file)
        return OpenRows(len(lines), [(line,) for line in lines])
    table = load_table(file)
    if wanted and len(wanted) != len(trained):
        what = f"The model reads {len(trained)} columns ({', '.join(trained)}); {len(wanted)} are named."
        raise InputError.one(file, what, "Name one for each.")
    wishes: Sequence[str | None] = wanted or [None] * len(trained)
    names = [
        _choose(table, wish, name, alone=len(trained) == 1) for wish, name in zip(wishes, trained.values(), strict=True)
    ]
    by_role = dict(zip(trained, names, strict=True))
    if Role.MESSAGES in by_role:
        _check_conversations(table, by_role[Role.MESSAGES])
    return OpenRows(len(table.rows), _rows(table, by_role))


def _choose(table: Table, wanted: str | None, trained: str, *, alone: bool) -> str:
    """Return the column of a text: the one wanted, the one of training, or the only one there is."""
    names = table.columns
    if wanted is None:
        if trained in names:
            return trained
        if alone and len(names) == 1:
            return names[0]
        what = f'There is no column "{trained}", from which the model learnt; its columns are {listed(names)}.'
        raise InputError.one(table.path, what, "Say which column holds the texts (on the command line with --column).")
    if wanted in names:
        return wanted
    if wanted.isdigit() and int(wanted) < len(names):
        return names[int(wanted)]
    what = f'There is no column "{wanted}".'
    raise InputError.one(table.path, what, f"Name one of: {listed(names)}.")


def _check_conversations(table: Table, name: str) -> None:
    """Refuse conversations to which nothing can be said, before the first is answered."""
    reasons = Reasons("conversations")
    cells = (cell for chunk in table.read_text(name) for cell in chunk.to_pylist())
    for place, cell in enumerate(cells):
        try:
            open_conversation((cell,))
        except Unreadable as cause:
            reasons.add(cause, place)
    found = [find_unusable(table, one.reason, one.places, one.what, Role.MESSAGES) for one in reasons.unusable]
    if found:
        remedy = "Mend these rows, or take them out."
        raise InputError([Problem(finding.where, finding.what, remedy) for finding in found])


def _rows(table: Table, names: Mapping[Role, str]) -> Iterator[Fields]:
    for start in range(0, len(table.rows), ROWS_AT_ONCE):
        cells = table.rows[start : start + ROWS_AT_ONCE]
        texts = ([shown(cell, role, given=True) for cell in cells[name]] for role, name in names.items())
        yield from zip(*texts, strict=True)
