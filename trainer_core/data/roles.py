"""What a column is used for, and which columns a task needs. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Fields: TypeAlias = tuple[str, ...]
"""The texts of a row that a model reads, in the order of the task's needs."""


class Role(StrEnum):
    """What a column is used for; the keys of ``[data.columns]``."""

    TEXT = "text"
    SECOND_TEXT = "second_text"
    LABEL = "label"
    QUESTION = "question"
    CONTEXT = "context"
    ANSWERS = "answers"
    MESSAGES = "messages"


class Content(StrEnum):
    """By what a column is told whose name says nothing: the longest cells, cells that repeat, numbers, or messages."""

    TEXT = "text"
    CLASSES = "classes"
    NUMBERS = "numbers"
    MESSAGES = "messages"


@dataclass(frozen=True)
class Need:
    """A column that a task reads.

    Attributes:
        role: what it is used for.
        content: how it is told where its name says nothing.
        title: what the window calls it.
        given: whether a prediction needs it too; else it is what is to be learnt.
        optional: whether there may be none.
        nested: whether its cells may be lists.
        blank: whether its cells may be empty.
        unless: roles in place of which it stands: it is not looked for where there is one of these.
    """

    role: Role
    content: Content
    title: str
    given: bool = True
    optional: bool = False
    nested: bool = False
    blank: bool = False
    unless: tuple[Role, ...] = ()


TEXT = Need(Role.TEXT, Content.TEXT, "Text")
SECOND_TEXT = Need(Role.SECOND_TEXT, Content.TEXT, "Second text")
LABEL = Need(Role.LABEL, Content.CLASSES, "Label", given=False)
