"""What columns are usually called, by what they are used for."""

from __future__ import annotations

import re

from trainer_core.data.roles import Role

USUAL_NAMES: dict[Role, tuple[str, ...]] = {
    Role.TEXT: (
        *("text", "sentence", "tokens", "words", "review", "review_text", "review_body", "message", "content"),
        *("question", "tweet", "tweet_text", "comment", "comment_text", "body", "description", "title", "headline"),
        *("text1", "text_1", "text_a", "sentence1", "sentence_1", "premise", "question1"),
    ),
    Role.SECOND_TEXT: (
        *("second_text", "text2", "text_2", "text_b", "sentence2", "sentence_2", "hypothesis", "question2"),
        *("other", "reply", "answer"),
    ),
    Role.LABEL: (
        *("label", "labels", "category", "class", "class_index", "sentiment", "intent", "target", "topic", "tag"),
        *("rating", "overall", "score", "similarity", "stars", "value", "categories", "topics", "tags", "genres"),
        *("spans", "entities", "ner_tags", "ner", "annotations"),
    ),
    Role.QUESTION: ("question", "query", "instruction", "prompt"),
    Role.CONTEXT: ("context", "passage", "paragraph", "document", "input"),
    Role.ANSWERS: ("answers", "answer", "output", "response", "completion"),
    Role.MESSAGES: ("messages", "conversations", "conversation", "chat"),
}
"""The likeliest first. Capitals, spaces and underscores make no difference: Review Text is a ``review_text``."""

_WORDS_OF_MARKS = frozenset(
    (
        *("id", "ids", "idx", "index", "uuid", "guid", "asin", "unnamed", "url", "link"),
        *("time", "date", "datetime", "timestamp", "unix"),
    )
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_usual(name: str, role: Role) -> bool:
    """Whether a column of this name usually plays a role."""
    return plain_name(name) in map(plain_name, USUAL_NAMES[role])


def plain_name(name: str) -> str:
    """Return a name without what differs from file to file."""
    return re.sub(r"[\s_-]", "", name.lower())


def is_mark(name: str) -> bool:
    """Whether a column of this name usually says which row it is, or of when: ``reviewerID``, ``unix_time``."""
    return any(word.lower() in _WORDS_OF_MARKS for word in _WORD.findall(name))
