"""Made-up rows of every task, of the words of ``toy_texts``: a small model can find what is to be learnt of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from tests.support.toy_texts import CLASS_WORDS, toy_rows
from trainer_core.data.words import places_in

Cells = tuple[str, ...]

HEADERS: dict[str, Cells] = {
    "classification": ("text", "label"),
    "multilabel": ("text", "labels"),
    "tagging": ("text", "spans"),
    "answering": ("question", "context", "answers"),
    "pair_classification": ("premise", "hypothesis", "label"),
    "regression": ("text", "score"),
    "chat": ("instruction", "output"),
    "language_model": ("text",),
}
"""The columns that a task's rows have, for every task that Thaw brings."""
FAMILIES = {"chat": "llama-lm", "language_model": "llama-lm"}
"""The architectures that suit a task, where it is not any."""


def toy_rows_of(task: str, count: int, *, seed: int = 0) -> list[Cells]:
    """Return rows of a task, as ``HEADERS`` names their columns; no two have the same text.

    A text holds words of some classes. Its labels are these classes, none now and then; its number grows with the words
    of one class; and of two texts the class is whether they are of one class.
    """
    generator = random.Random(seed)
    singles = toy_rows(count, seed=seed)
    if task == "classification":
        return list(singles)
    if task == "multilabel":
        return [_labelled(text, label, generator) for text, label in singles]
    if task == "regression":
        return [(text, f"{_score(text):.2f}") for text, _ in singles]
    if task == "tagging":
        return [(text, json.dumps(list(_spans(text)))) for text, _ in singles]
    if task == "answering":
        return [_asked(text, label) for text, label in singles]
    if task == "chat":
        return [(text, " ".join([*CLASS_WORDS[label][:2], "please"])) for text, label in singles]
    if task == "language_model":
        return [(text,) for text, _ in singles]
    others = [generator.choice(singles) for _ in singles]
    return [
        (text, other, "same" if label == kind else "other")
        for (text, label), (other, kind) in zip(singles, others, strict=True)
    ]


def _labelled(text: str, label: str, generator: random.Random) -> Cells:
    """Return a text with words of more classes, or of none, and the names of these classes."""
    more = [name for name in CLASS_WORDS if name != label and generator.random() < 0.4]
    if generator.random() < 0.1:
        return " ".join(word for word in text.split() if word not in CLASS_WORDS[label]), ""
    words = [generator.choice(CLASS_WORDS[name]) for name in more]
    return " ".join([text, *words]), "|".join([label, *more])


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where words of classes stand, with the class as label."""
    for start, end in places_in(text.split()):
        for name, words in CLASS_WORDS.items():
            if text[start:end] in words:
                yield start, end, name


def _asked(text: str, label: str) -> Cells:
    """Return a question about a text, the text, and as answer its first word of the class; none in some."""
    start, end, _ = next(span for span in _spans(text) if span[2] == label)
    answered = len(text) % 5 > 0
    return (
        f"why {CLASS_WORDS[label][0]}",
        text if answered else text.replace(text[start:end], "hello"),
        json.dumps([{"text": text[start:end], "answer_start": start}] if answered else []),
    )


def _score(text: str) -> float:
    words = text.split()
    return 200.0 + 10.0 * sum(word in CLASS_WORDS["billing"] for word in words) + len(words)
