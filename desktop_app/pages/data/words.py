"""What is known of the rows, in the words of the window."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from re import Match

from desktop_app.marked import Mark, MarkedText
from trainer_core.data.reading import Reading
from trainer_core.data.report import Finding
from trainer_core.data.roles import Need
from trainer_core.errors import Problem
from trainer_core.tasks.facts import TaskFacts

_PLAIN = {
    "leave them out with data.skip_incomplete = true": "tick “Leave out incomplete rows”",
    "Name the columns in [data.columns]": "Choose what the columns are for",
    "name yours in [data.columns]": "choose yours under “Columns”",
    "Name two different columns": "Choose two different columns",
    "Name a column for each": "Press “Guess again”, then choose a column for each",
    "Name a column of": "Choose a column of",
    "Name the column, or add it to the file": "Add it to the file, or choose another task",
    "is data.limit too small?": "is the limit of rows too small?",
    "Read fewer rows with data.limit": "Read fewer rows (“At most”)",
    "Mend or remove this value": "Choose another value",
}
"""What the core says of keys of the project file, and what the window says of its controls."""
_ANOTHER = re.compile(r"(?P<verb>[Nn])ame another column in data\.columns\.(?P<role>\w+)")
_WITH = re.compile(r"Name the column with the (?P<what>\w+)(?: in data\.columns\.(?P<role>\w+))?")
_OPTION = re.compile(r"in options\.(?P<option>\w+)")
_NO_OPTION = re.compile(r"The task \w+ has no option")
_TASK = re.compile(r"(?P<the>[Tt]he) task (?P<task>[a-z_]+)\b")


class WindowWords:
    """Speaks of parts of the page where the core speaks of keys of the project file.

    Args:
        needs: the columns that the project's task reads.
        tasks: the tasks as far as they are known.
        task: the project's.
    """

    def __init__(
        self, needs: Sequence[Need] = (), tasks: Iterable[TaskFacts] = (), task: TaskFacts | None = None
    ) -> None:
        self._roles = {need.role.value: need.title for need in needs}
        self._tasks = {known.name: known.title for known in tasks}
        self._options = {option.name: option.title for option in task.options} if task else {}

    def remedy(self, remedy: str) -> str:
        """Return a remedy that names what can be clicked."""
        for key, words in _PLAIN.items():
            remedy = remedy.replace(key, words)
        remedy = _ANOTHER.sub(self._another_column, remedy)
        remedy = _WITH.sub(self._column_with, remedy)
        remedy = _OPTION.sub(lambda found: f"under “{self._option(found['option'])}”", remedy)
        return self._with_titles(remedy)

    def place(self, where: str) -> str:
        """Return where to look: a file, an option's title; nothing for the keys that are columns and limits."""
        if where.startswith("options."):
            return self._option(where.removeprefix("options."))
        return "" if not where or where == "data" or where.startswith("data.") else where

    def finding(self, found: Finding) -> Finding:
        """Return a finding in the words of the window."""
        return dataclasses.replace(found, where=self.place(found.where), remedy=self.remedy(found.remedy))

    def problem(self, problem: Problem) -> Problem:
        """Return a problem in the words of the window."""
        what, remedy = problem.what, self.remedy(problem.remedy)
        if what == "This task reads no such column.":
            what = f"This task reads no {_plain(problem.where.rpartition('.')[2]).lower()}."
        if _NO_OPTION.match(what):
            what, remedy = self._with_titles(what), "Choose the task once more, and what it does not know is let go."
        return Problem(self.place(problem.where), what, remedy)

    def sentence(self, problem: Problem) -> str:
        """Return a problem in one line, with the place if it names one."""
        known = self.problem(problem)
        where = f"{known.where}: " if known.where else ""
        return f"{where}{known.what} {known.remedy}".strip()

    def error_sentence(self, found: Finding) -> str:
        """Return a finding that forbids training in one line."""
        return f"{found.what} {self.remedy(found.remedy)}".strip()

    def _with_titles(self, text: str) -> str:
        """Call tasks as the window does; words that are the name of none stay."""
        return _TASK.sub(self._with_title, text)

    def _with_title(self, found: Match[str]) -> str:
        title = self._tasks.get(found["task"])
        return f"{found['the']} task “{title}”" if title else found[0]

    def _another_column(self, found: Match[str]) -> str:
        return f"{'C' if found['verb'] == 'N' else 'c'}hoose another column as “{self._role(found['role'])}”"

    def _column_with(self, found: Match[str]) -> str:
        as_what = f" as “{self._role(found['role'])}”" if found["role"] else ""
        return f"Choose the column with the {found['what']}{as_what}"

    def _role(self, role: str) -> str:
        return self._roles.get(role, _plain(role))

    def _option(self, name: str) -> str:
        return self._options.get(name, _plain(name))


def _plain(key: str) -> str:
    return key.replace("_", " ").capitalize()


def classes_title(labels: Sequence[str], needs: Sequence[Need]) -> str:
    """Return the heading over how many rows there are of each class, or of each band of what is learnt."""
    learnt = next((need for need in needs if not need.given), None)
    if labels:
        name = "labels" if learnt is not None and learnt.nested else "classes"
        return f"{len(labels):,} {name}" if len(labels) > 1 else name.capitalize()
    return f"Rows by {learnt.title.lower()}" if learnt is not None else "Rows"


def marked_reading(reading: Reading) -> MarkedText:
    """Return what a model reads of a row, with what counts standing out."""
    marks, place = [], 0
    for stretch in reading.stretches:
        if stretch.learnt:
            marks.append(Mark(place, place + len(stretch.text)))
        place += len(stretch.text)
    return MarkedText("".join(stretch.text for stretch in reading.stretches), tuple(marks))


def reading_words(reading: Reading) -> str:
    """Return in a sentence how much of a row counts."""
    cut = " The end does not fit and is not read." if reading.cut else ""
    if not reading.learnt:
        return f"Nothing of this row counts: its answer is cut away at {reading.tokens:,} tokens."
    return f"As the model reads it: the marked {reading.learnt:,} of {reading.tokens:,} tokens are learnt.{cut}"
