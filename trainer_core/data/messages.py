"""Conversations: messages as chat models write them, ShareGPT's way, instructions with answers, or plain texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from trainer_core.data.nested import parse_nested
from trainer_core.data.roles import Fields, Role
from trainer_core.data.sources import Table
from trainer_core.data.targets import BoolArray, Reasons, Targets
from trainer_core.errors import InputError
from trainer_core.inference.written import Message, Side

SIDES: dict[str, Side] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
}
SIDE_KEYS, TEXT_KEYS = ("role", "from"), ("content", "value")
LISTS = ("messages", "conversations", "conversation")


class Unreadable(ValueError):
    """Why a cell is no conversation that can be learnt from, for a sentence after "since"."""


def read_conversations(table: Table, columns: Mapping[Role, str], whole: BoolArray) -> Targets:
    """Find the rows from which nothing can be learnt: half a chat, or an instruction without an answer.

    Args:
        table: a file.
        columns: by role: messages; or question and answers, perhaps with a context; or text.
        whole: bool [rows to read], which rows count.

    Raises:
        InputError: these columns make no conversation.
    """
    check_columns(columns)
    missing = np.zeros(len(whole), dtype=np.bool_)
    reasons = Reasons("conversations")
    for place, fields in enumerate(_rows(table, list(columns.values()), len(whole))):
        if not whole[place]:
            continue
        try:
            if len(columns) > 1 or Role.MESSAGES in columns:
                conversation_of(fields)
        except Unreadable as cause:
            missing[place] = True
            reasons.add(cause, place)
    return Targets(np.zeros(len(whole), dtype=np.int8), missing, unusable=reasons.unusable)


def check_columns(columns: Mapping[Role, str]) -> None:
    """Refuse columns that make no conversation.

    Raises:
        InputError: saying which one is lacking.
    """
    if {Role.MESSAGES, Role.TEXT} & columns.keys() or {Role.QUESTION, Role.ANSWERS} <= columns.keys():
        return
    what = "There is no column of messages, none of texts, and no pair of instructions and answers."
    remedy = "Name data.columns.messages; or data.columns.question and data.columns.answers; or data.columns.text."
    raise InputError.one("data.columns", what, remedy)


def _rows(table: Table, names: Sequence[str], stop: int) -> Iterator[Fields]:
    columns = [(text for chunk in table.read_text(name, stop) for text in chunk.to_pylist()) for name in names]
    return zip(*columns, strict=True)


def conversation_of(fields: Fields) -> list[Message]:
    """Return the messages of a row.

    Args:
        fields: messages as JSON; or an instruction, perhaps what it is about, and the answer.

    Raises:
        Unreadable: nothing can be learnt from them.
    """
    if len(fields) == 1:
        return parse_messages(fields[0])
    *asked, answer = fields
    said = "\n\n".join(text.strip() for text in asked if text.strip())
    return checked([{"role": "user", "content": said}, {"role": "assistant", "content": answer.strip()}])


def open_conversation(fields: Fields) -> list[Message]:
    """Return the messages to which an answer is wanted.

    Args:
        fields: messages as JSON, or a text; or an instruction, and what it is about.

    Raises:
        Unreadable: the messages are none.
    """
    if len(fields) == 1 and fields[0].lstrip().startswith(("[", "{")):
        try:
            messages = _listed(fields[0])
        except Unreadable:
            messages = []
        if messages:
            asked = messages[:-1] if messages[-1]["role"] == "assistant" else messages
            checked([*asked, {"role": "assistant", "content": "..."}])
            return asked
    said = "\n\n".join(text.strip() for text in fields if text.strip())
    return [{"role": "user", "content": said}]


def is_conversation(text: str) -> bool:
    """Whether a text is written as messages are."""
    try:
        return bool(parse_messages(text))
    except Unreadable:
        return False


def parse_messages(text: str) -> list[Message]:
    """Return the messages that JSON holds: ``role`` and ``content``, or ``from`` and ``value``, of each.

    Raises:
        Unreadable: it holds something else, or half a conversation.
    """
    return checked(_listed(text))


def _listed(text: str) -> list[Message]:
    try:
        value = parse_nested(text)
    except ValueError as cause:
        raise Unreadable("the messages are no valid JSON") from cause
    if isinstance(value, dict):
        value = next((value[key] for key in LISTS if key in value), value)
    if not isinstance(value, list) or not value:
        raise Unreadable("there is no list of messages")
    return [_message(part) for part in value]


def _message(part: Any) -> Message:
    side = _first(part, SIDE_KEYS)
    if side is None:
        raise Unreadable("a message needs a role and a content")
    if str(side).lower() not in SIDES:
        raise Unreadable(f'a message is from "{str(side)[:40]}", not from system, user or assistant')
    return {"role": SIDES[str(side).lower()], "content": _content(_first(part, TEXT_KEYS))}


def _first(part: Any, keys: Sequence[str]) -> Any:
    if not isinstance(part, Mapping):
        return None
    return next((part[key] for key in keys if part.get(key) is not None), None)


def _content(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(part, Mapping) and part.get("type") == "text" for part in value):
        return "\n".join(str(part.get("text") or "") for part in value).strip()
    raise Unreadable("a message holds something else than text")


def checked(messages: list[Message]) -> list[Message]:
    """Return messages from which an answer can be learnt.

    Raises:
        Unreadable: one is empty, or they are not questions and answers in turn that end with an answer.
    """
    sides = [message["role"] for message in messages]
    turns = sides[1:] if sides[:1] == ["system"] else sides
    if any(not message["content"] for message in messages if message["role"] != "system"):
        raise Unreadable("a message is empty")
    if "system" in turns:
        raise Unreadable("a system message stands behind another message")
    if turns[:1] == ["assistant"]:
        raise Unreadable("they begin with an answer")
    if any(one == other for one, other in pairwise(turns)):
        raise Unreadable("one side speaks twice in a row")
    if not turns or turns[-1] != "assistant":
        raise Unreadable("there is no answer at the end")
    return messages
