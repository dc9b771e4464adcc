"""The error tree: what happened, why, and what to do next.

Every error that can reach a person is a ``ThawError``. The command line and the window show its three parts;
a traceback is shown only for errors that are not of this tree. Imports nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with something the user gave.

    Attributes:
        where: the file, row, or dotted key at fault, e.g. ``stage[1].learning_rate``.
        what: what is wrong, as one sentence.
        remedy: what the user can do about it, as one sentence.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the problem as one line."""
        start = f"{self.where}: " if self.where else ""
        return f"{start}{self.what}{' ' + self.remedy if self.remedy else ''}"


class ThawError(Exception):
    """Something that a person has to know, with its cause and its remedy.

    Args:
        what: what happened, as one sentence that names the thing.
        why: the cause, where it adds to ``what``.
        remedy: what to do next, as one sentence.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        """Return all three parts as one text."""
        return " ".join(part for part in (self.what, self.why, self.remedy) if part)


class InputError(ThawError):
    """The user's input is at fault: a project file, a data file, a model folder, or an output place.

    Args:
        problems: every problem found, so that all can be mended at once.
    """

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = len(self.problems) - 1
        what = f"{first.where}: {first.what}" if first.where else first.what
        super().__init__(what + (f" (and {more} more)" if more else ""), remedy=first.remedy)

    def __str__(self) -> str:
        """Return one line a problem."""
        return "\n".join(str(problem) for problem in self.problems)

    @classmethod
    def one(cls, where: object, what: str, remedy: str = "") -> Self:
        """Return an error with a single problem."""
        return cls([Problem(str(where), what, remedy)])


class RunChanged(InputError):
    """What a run was begun with is no longer what it was; going on has to be wished all the same."""


class PickledWeights(InputError):
    """A model has its weights only as a pickle.

    Attributes:
        folder: of the model.
    """

    folder: Path


class ForeignCode(InputError):
    """A model needs Python code of its own, which was not allowed to run.

    Attributes:
        folder: of the model.
    """

    folder: Path


class RunDiverged(ThawError):
    """The loss of a run was no number any more."""


class RunStopped(ThawError):
    """The user stopped the work before it had anything to keep."""

    exit_code = 3
