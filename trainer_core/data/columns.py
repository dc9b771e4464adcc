"""Which column plays which role: as the project says, or guessed from names and content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainer_core.data.kinds import PLAIN
from trainer_core.data.messages import is_conversation
from trainer_core.data.names import USUAL_NAMES, is_mark, is_usual, plain_name
from trainer_core.data.numbers import number_in
from trainer_core.data.roles import Content, Need, Role
from trainer_core.data.sources import Table, as_json
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import ColumnsSection

SAMPLE_ROWS = 1_000
MOST_LISTED = 20
NUMBERS = 0.9
"""The share of filled cells that have to be numbers, where a column of numbers is looked for."""
LEAST_FILLED = 0.1
"""The share of cells that have to be filled, in a column that is taken while another one has more of them."""
FEW_WORDS = 2.5
"""So many words a cell has on average at least, in a column without a name that is taken for an optional text."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns in use by role, and the roles that were guessed."""

    by_role: Mapping[Role, str]
    guessed: frozenset[Role]


def resolve_columns(table: Table, needs: Sequence[Need], section: ColumnsSection) -> Columns:
    """Return which columns play the roles that a task needs.

    Raises:
        InputError: a named column is not there, plays two roles, or none can play a role.
    """
    problems: list[Problem] = []
    found = {need.role: _named(table, need.role, section.of(need.role), problems) for need in needs}
    chosen = {role: name for role, name in found.items() if name is not None}
    problems += _unneeded(needs, section)
    problems += _twice(chosen)
    if problems:
        raise InputError(problems)
    free = _Free(table, set(chosen.values()))
    missing = [need for need in needs if need.role not in chosen]
    for need in missing:
        name = None if chosen.keys() & set(need.unless) else free.by_name(need)
        if name is not None:
            chosen[need.role] = name
    for need in sorted((need for need in missing if need.role not in chosen), key=_guessing_order):
        name = None if chosen.keys() & set(need.unless) else free.by_content(need)
        if name is not None:
            chosen[need.role] = name
        elif not need.optional:
            what = f"{table.path.name} has no column left that could hold the {need.title.lower()}."
            raise InputError.one(
                f"data.columns.{need.role}", what, f"Name the column, or add it to the file.{_hint(table)}"
            )
    _in_the_order_of_the_file(table, needs, missing, chosen)
    guessed = frozenset(need.role for need in missing if need.role in chosen)
    return Columns({need.role: chosen[need.role] for need in needs if need.role in chosen}, guessed)


def _hint(table: Table) -> str:
    if table.path.suffix.lower() != PLAIN or len(table.columns) > 1:
        return ""
    return " This one is read as lines of text; rename a table .csv or .tsv, and words with their tags .conll."


def listed(names: Sequence[str]) -> str:
    """Return names as an enumeration, the first of them where they are many."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _named(table: Table, role: Role, wanted: str | int | None, problems: list[Problem]) -> str | None:
    names = table.columns
    if wanted is None:
        return None
    if isinstance(wanted, int):
        if wanted < len(names):
            return names[wanted]
        what = f"{table.path.name} has no column {wanted}; it has {len(names)}, counted from 0."
        remedy = f"Give a position from 0 to {len(names) - 1}.{_hint(table)}"
        problems.append(Problem(f"data.columns.{role}", what, remedy))
        return None
    if wanted in names:
        return wanted
    what = f'{table.path.name} has no column "{wanted}".'
    problems.append(Problem(f"data.columns.{role}", what, f"Its columns are: {listed(names)}.{_hint(table)}"))
    return None


def _unneeded(needs: Sequence[Need], section: ColumnsSection) -> list[Problem]:
    """Refuse a role that is named and that the task does not know: the user means another task."""
    known = [need.role for need in needs]
    return [
        Problem(f"data.columns.{role}", "This task reads no such column.", f"It reads: {', '.join(known)}.")
        for role in Role
        if section.of(role) is not None and role not in known
    ]


def _twice(chosen: Mapping[Role, str]) -> list[Problem]:
    roles: dict[str, list[Role]] = {}
    for role, name in chosen.items():
        roles.setdefault(name, []).append(role)
    return [
        Problem("data.columns", f'The column "{name}" is named for {" and ".join(of)}.', "Name a column for each.")
        for name, of in roles.items()
        if len(of) > 1
    ]


def _guessing_order(need: Need) -> tuple[bool, bool]:
    """Look for texts first, and for what there may be none of last."""
    return need.optional, need.content is not Content.TEXT


def _in_the_order_of_the_file(
    table: Table, needs: Sequence[Need], missing: Sequence[Need], chosen: dict[Role, str]
) -> None:
    """Let texts that were told by their content alone stand in the order of the file: the first one is the first."""
    roles = [need.role for need in needs if need in missing and need.content is Content.TEXT and need.role in chosen]
    roles = [role for role in roles if not is_usual(chosen[role], role)]
    names = sorted((chosen[role] for role in roles), key=table.columns.index)
    chosen.update(zip(roles, names, strict=True))


class _Free:
    """The columns that play no role yet; one that is given out is no longer free."""

    def __init__(self, table: Table, taken: set[str]) -> None:
        self._table = table
        self._names = [name for name in table.columns if name not in taken]
        self._samples: dict[str, list[str]] | None = None

    def by_name(self, need: Need) -> str | None:
        """Take the column with the likeliest name for a role; one for numbers has to hold numbers, too."""
        names = self._usual(need.role)
        if need.content is Content.NUMBERS:
            names = [name for name in names if _are_numbers(self._cells()[name])]
        return self._taken(names[0] if names else None)

    def by_content(self, need: Need) -> str | None:
        """Take the column whose cells fit a role best; one that is not needed only where names tell nothing."""
        samples = {name: cells for name, cells in self._cells().items() if name in self._names and cells}
        if need.content is Content.MESSAGES:
            return self._taken(next((name for name in samples if is_conversation(samples[name][0])), None))
        if need.optional:
            wordy = {name: cells for name, cells in samples.items() if _words(cells) >= FEW_WORDS}
            samples = wordy if _made_up(self._table) else {}
        if need.content is Content.NUMBERS:
            return self._taken(self._number(need.role, samples))
        samples = _likely(samples)
        if not samples:
            return None
        if need.content is Content.TEXT:
            return self._taken(max(samples, key=lambda name: sum(map(len, samples[name]))))
        return self._taken(min(samples, key=lambda name: len(set(samples[name])) / len(samples[name])))

    def _number(self, role: Role, samples: Mapping[str, list[str]]) -> str | None:
        """Return the last column of numbers: what is to be learnt usually stands last.

        Before a mark is learnt in silence, a column with a usual name is taken: its cells are told to be no numbers.
        """
        numbers = _likely({name: cells for name, cells in samples.items() if _are_numbers(cells)})
        wishes = [name for name in self._usual(role) if name in samples]
        if wishes and all(is_mark(name) for name in numbers):
            return wishes[0]
        return list(numbers)[-1] if numbers else None

    def _usual(self, role: Role) -> list[str]:
        wishes = dict.fromkeys(map(plain_name, USUAL_NAMES[role]))
        return [name for wish in wishes for name in self._names if plain_name(name) == wish]

    def _taken(self, name: str | None) -> str | None:
        if name is not None:
            self._names.remove(name)
        return name

    def _cells(self) -> dict[str, list[str]]:
        if self._samples is None:
            head = self._table.rows.select(range(min(SAMPLE_ROWS, len(self._table.rows))))
            columns = {name: head[name] for name in self._names}
            self._samples = {name: [_sample(cell) for cell in cells] for name, cells in columns.items()}
        return self._samples


def _sample(cell: Any) -> str:
    return as_json(cell) if cell is None or isinstance(cell, dict | list) else str(cell)


def _likely(samples: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Leave out columns that are as good as empty, and then marks, unless there is nothing else."""
    filled = {name: cells for name, cells in samples.items() if _share_filled(cells) >= LEAST_FILLED} or samples
    return {name: cells for name, cells in filled.items() if not is_mark(name)} or dict(filled)


def _made_up(table: Table) -> bool:
    """Whether a file names its columns itself: those of a delimited file without a header are made up."""
    return table.columns == [f"column {place}" for place in range(len(table.columns))]


def _words(cells: Sequence[str]) -> float:
    return sum(len(cell.split()) for cell in cells) / len(cells)


def _share_filled(cells: Sequence[str]) -> float:
    return sum(bool(cell.strip()) for cell in cells) / len(cells)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers; some may be missing, and they may be written with a decimal comma."""
    filled = [cell for cell in cells if cell.strip()]
    found = sum(number_in(cell.replace(",", ".")) is not None for cell in filled)
    return bool(filled) and found / len(filled) >= NUMBERS
