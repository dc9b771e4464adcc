"""The nested JSON of SQuAD as rows: articles have paragraphs, paragraphs have questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trainer_core.data.nested import as_rows
from trainer_core.errors import InputError

ANSWERS, TEXT, START = "answers", "text", "answer_start"
UNKNOWN = -1
"""Where an answer begins that does not say so: it is looked for in its context."""


def is_squad(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is written as SQuAD is."""
    articles = value.get("data")
    return isinstance(articles, list) and any(
        "paragraphs" in article for article in articles if isinstance(article, dict)
    )


def squad_rows(value: Mapping[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    """Yield a row a question: its id, its article, the question, the context, and the answers.

    Args:
        value: what a file holds.
        path: of that file, to be named in errors.

    Raises:
        InputError: something in it is no object, or no list.
    """
    for place, article in _objects(value, "data", "article", str(path)):
        for paragraph_place, paragraph in _objects(article, "paragraphs", "paragraph", place):
            for question_place, asked in _objects(paragraph, "qas", "question", paragraph_place):
                name = _text(asked.get("id"))
                where = f'{question_place} ("{name}")' if name else question_place
                yield {
                    "id": name,
                    "title": _text(article.get("title")),
                    "question": _text(asked.get("question")),
                    "context": _text(paragraph.get("context")),
                    ANSWERS: [] if asked.get("is_impossible") else _answers(asked, where),
                }


def _answers(asked: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Return the answers to a question: a list of them, or their texts and their starts, each in a list."""
    given = asked.get(ANSWERS)
    if isinstance(given, dict):
        asked = {ANSWERS: as_rows(given)}
    objects = (answer for _, answer in _objects(asked, ANSWERS, "answer", where))
    return [{TEXT: _text(answer.get(TEXT)), START: _start(answer.get(START))} for answer in objects]


def _objects(holder: Mapping[str, Any], key: str, title: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a list, each with its place in words; there are none where the list is left out or null."""
    found = holder.get(key)
    if found is not None and not isinstance(found, list):
        raise InputError.one(where, f'"{key}" is no list.', f"Write a list of objects there: one for each {title}.")
    for number, value in enumerate(found or [], start=1):
        place = f"{where}, {title} {number}"
        if not isinstance(value, dict):
            raise InputError.one(place, "This is no JSON object.", "Write it as SQuAD does, or remove it.")
        yield place, value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _start(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN
