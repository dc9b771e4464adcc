"""What columns are usually called, by what they are used for."""

from __future__ import annotations

from trainer_core.data.roles import Role

USUAL_NAMES: dict[Role, tuple[str, ...]] = {
    Role.TEXT: (
        *("text", "sentence", "tokens", "words", "review", "message", "content", "question", "tweet", "comment"),
        *("body", "title"),
        *("text1", "text_1", "text_a", "sentence1", "sentence_1", "premise", "question1"),
    ),
    Role.SECOND_TEXT: (
        *("second_text", "text2", "text_2", "text_b", "sentence2", "sentence_2", "hypothesis", "question2"),
        *("other", "reply", "answer"),
    ),
    Role.LABEL: (
        *("label", "labels", "category", "class", "sentiment", "intent", "target", "topic", "tag", "rating"),
        *("score", "similarity", "stars", "value", "categories", "topics", "tags", "genres"),
        *("spans", "entities", "ner_tags", "ner", "annotations"),
    ),
    Role.QUESTION: ("question", "query", "instruction", "prompt"),
    Role.CONTEXT: ("context", "passage", "paragraph", "document", "input"),
    Role.ANSWERS: ("answers", "answer", "output", "response", "completion"),
    Role.MESSAGES: ("messages", "conversations", "conversation", "chat"),
}
"""The likeliest first."""
