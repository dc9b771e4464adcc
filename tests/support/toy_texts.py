"""Made-up texts of a few words whose class a small model can find: every class has words of its own."""

from __future__ import annotations

import random
from collections.abc import Sequence

CLASS_WORDS = {
    "billing": ("invoice", "charged", "refund", "card", "payment", "twice"),
    "delivery": ("parcel", "late", "courier", "tracking", "shipped", "address"),
    "returns": ("broken", "exchange", "size", "return", "damaged", "label"),
}
FILLERS = ("the", "my", "is", "was", "please", "hello", "order", "again", "not", "why", "and", "still", "when", "now")
ALL_WORDS = (*(word for words in CLASS_WORDS.values() for word in words), *FILLERS)

Row = tuple[str, str]


def toy_rows(count: int, *, seed: int = 0, classes: Sequence[str] = tuple(CLASS_WORDS)) -> list[Row]:
    """Return rows of text and label, the classes in turn; no two texts are the same."""
    generator = random.Random(seed)
    rows: list[Row] = []
    seen: set[str] = set()
    while len(rows) < count:
        label = classes[len(rows) % len(classes)]
        words = [generator.choice(CLASS_WORDS[label]) for _ in range(generator.randint(1, 3))]
        words += [generator.choice(FILLERS) for _ in range(generator.randint(2, 9))]
        generator.shuffle(words)
        text = " ".join(words)
        if text in seen:
            continue
        seen.add(text)
        rows.append((text, label))
    return rows
