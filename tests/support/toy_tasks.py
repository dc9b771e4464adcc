"""Made-up rows of every task, of the words of ``toy_texts``: a small model can find what is to be learnt of them."""

from __future__ import annotations

import random

from tests.support.toy_texts import CLASS_WORDS, toy_rows

Cells = tuple[str, ...]

HEADERS: dict[str, Cells] = {
    "classification": ("text", "label"),
    "multilabel": ("text", "labels"),
    "pair_classification": ("premise", "hypothesis", "label"),
    "regression": ("text", "score"),
}
"""The columns that a task's rows have, for every task that Thaw brings."""


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


def _score(text: str) -> float:
    words = text.split()
    return 200.0 + 10.0 * sum(word in CLASS_WORDS["billing"] for word in words) + len(words)
