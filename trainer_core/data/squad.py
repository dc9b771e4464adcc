"""The nested JSON of SQuAD as rows: articles have paragraphs, paragraphs have questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def is_squad(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is written as SQuAD is."""
    articles = value.get("data")
    return isinstance(articles, list) and any(
        "paragraphs" in article for article in articles if isinstance(article, dict)
    )


def squad_rows(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row a question: its id, its article, the question, the context, and the answers."""
    for article in value["data"]:
        title = str(article.get("title", ""))
        for paragraph in article.get("paragraphs", []):
            for asked in paragraph.get("qas", []):
                answers = [] if asked.get("is_impossible") else asked.get("answers", [])
                yield {
                    "id": str(asked.get("id", "")),
                    "title": title,
                    "question": str(asked.get("question", "")),
                    "context": str(paragraph.get("context", "")),
                    "answers": [
                        {"text": str(one.get("text", "")), "answer_start": int(one.get("answer_start", -1))}
                        for one in answers
                    ],
                }
