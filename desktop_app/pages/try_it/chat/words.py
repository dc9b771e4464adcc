"""The chat in words: what stands under an answer, what is offered to begin with. Imports no Qt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.words import MOST_EXAMPLES, example_fields
from trainer_core.data.roles import Fields, Role
from trainer_core.inference.written import WritingEnd, Written

if TYPE_CHECKING:
    from trainer_core.data.report import DataReport

VOICE_TITLES = {Voice.BEFORE: "Before fine-tuning", Voice.AFTER: "After fine-tuning"}
LISTS = ("messages", "conversations", "conversation")
USERS = ("user", "human", "prompter")


@dataclass(frozen=True)
class Reply:
    """What is shown of an answer.

    Attributes:
        text: as far as it is written.
        facts: stands under it.
        warning: what the user should know about it.
    """

    text: str = ""
    facts: str = ""
    warning: str = ""


NOT_ASKED = Reply(facts="Not asked")
WAITING = Reply(facts="Waiting for its turn...")
WRITING = Reply(facts="Writing...")
FAILED = Reply(facts="No answer")


def reply_of(written: Written) -> Reply:
    """Return what is shown of what a model wrote."""
    facts = [f"{count_tokens(written.tokens)}, {written.speed:,.1f} a second"]
    if written.end is WritingEnd.STOPPED:
        facts.append("stopped by you")
    elif written.end is WritingEnd.LENGTH:
        facts.append(f"cut at {count_tokens(written.tokens)}")
    if not written.text:
        facts.insert(0, "Nothing was written")
    return Reply(written.text, " · ".join(facts), _forgotten(written.forgotten))


def _forgotten(tokens: int) -> str:
    if not tokens:
        return ""
    was = "was" if tokens == 1 else "were"
    return f"There was no room for the beginning: the first {count_tokens(tokens)} {was} forgotten."


def count_tokens(count: int) -> str:
    """Return a number of tokens in words."""
    return "1 token" if count == 1 else f"{count:,} tokens"


def first_messages(folder: Path, report: DataReport | None) -> list[str]:
    """Return what one can begin a conversation with: the lines beside the project, or what training rows ask."""
    lines = [text for (text,) in example_fields(folder, 1)]
    return lines or (_asked_in(report.roles, report.sample) if report is not None else [])


def _asked_in(roles: Sequence[Role], rows: Sequence[Fields]) -> list[str]:
    asked = (_question(dict(zip(roles, row, strict=True))) for row in rows)
    return list(dict.fromkeys(text for text in asked if text))[:MOST_EXAMPLES]


def _question(row: dict[Role, str]) -> str:
    if Role.MESSAGES in row:
        return _first_of_user(row[Role.MESSAGES])
    parts = (row.get(role, "").strip() for role in (Role.QUESTION, Role.CONTEXT))
    return "\n\n".join(part for part in parts if part)


def _first_of_user(cell: str) -> str:
    """Return what the user says first in a cell of messages; nothing where that is hard to tell."""
    try:
        value: Any = json.loads(cell)
    except (json.JSONDecodeError, RecursionError):
        return ""
    if isinstance(value, dict):
        value = next((value[key] for key in LISTS if key in value), None)
    for part in value if isinstance(value, list) else ():
        if isinstance(part, dict) and part.get("role", part.get("from")) in USERS:
            said = part.get("content", part.get("value"))
            return said.strip() if isinstance(said, str) else ""
    return ""
