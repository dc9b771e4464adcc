"""What columns of texts and of labels are usually called."""

from __future__ import annotations

TEXT_NAMES = ("text", "sentence", "review", "message", "content", "question", "tweet", "comment", "body", "title")
LABEL_NAMES = ("label", "labels", "category", "class", "sentiment", "intent", "target", "topic", "tag", "rating")
