"""What the window has to know of a task. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainer_core.data.roles import Need, Role


@dataclass(frozen=True)
class OptionFacts:
    """Something that can be chosen about a task.

    Attributes:
        name: the key in ``[options]``.
        title: what the window calls it.
        description: what it does, in a sentence.
        default: what holds unless it is chosen.
        choices: the values it can have; none for a number, a switch or a free text.
        least: the smallest number, where there is one.
        most: the largest number, where there is one.
    """

    name: str
    title: str
    description: str
    default: Any
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class TaskFacts:
    """A task as it can be chosen.

    Attributes:
        name: as a project file writes it.
        title: as the window writes it.
        summary: what it does, in a sentence.
        needs: the columns that it reads.
        metrics: their names, the usual choice for the best first.
        options: what can be chosen about it.
        language: whether a language model learns its own tokens in it, so that it matters which of them count.
    """

    name: str
    title: str
    summary: str
    needs: tuple[Need, ...]
    metrics: tuple[str, ...]
    options: tuple[OptionFacts, ...] = ()
    language: bool = False

    @property
    def given(self) -> tuple[Role, ...]:
        """The roles of the texts that a prediction needs, or can have."""
        return tuple(need.role for need in self.needs if need.given)
