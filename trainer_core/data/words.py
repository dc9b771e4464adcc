"""Words of a text, and from tags of words to spans and back. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""From where to where in a text, in characters, the end not included."""

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, kana, and Chinese characters."""
OUTSIDE = "O"
_PARTS = rf"[{UNSPACED}]|[^\W{UNSPACED}]+|[^\w\s]"
# Everything that may go on without an end is bounded or cannot fail late, so that long texts are read in linear time.
_WHOLE = "|".join(
    (
        rf"(?i:https?://|www\.)[^\s{UNSPACED}]*[^\s\W{UNSPACED}]/?",
        r"\w[\w.+-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63})+",
        rf"(?<!\w)[@#][^\W{UNSPACED}]+",
        r"\d+(?:[.,:]\d+)+",
        r"['\u2019](?i:s|m|d|t|ll|re|ve)\b",
        r"&(?:\w{1,8}|#\d{1,7});",
        r"([.!?*~=-])\1+",
    )
)


class WordRule(StrEnum):
    """What counts as a word of a text."""

    WHOLE = "whole"
    PARTS = "parts"


_RULES = {
    WordRule.WHOLE: re.compile(f"{_WHOLE}|{_PARTS}"),
    WordRule.PARTS: re.compile(_PARTS),
}


def words_of(text: str, rule: WordRule = WordRule.WHOLE) -> list[Span]:
    """Return where the words of a text stand: runs of letters and digits; every other sign is a word of its own.

    Characters of scripts without spaces between words each count as a word. By the rule of whole words, addresses,
    handles and hashtags, numbers with their signs, English short forms ('s, 't) and repeated signs are one word each,
    as corpora of tagged texts have them.
    """
    return [match.span() for match in _RULES[rule].finditer(text)]


def spans_of_tags(tags: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the first word, the word behind the last, and the label of every span that tags of words mean.

    A tag is ``O``, ``B-label`` or ``I-label``; of other schemes ``S`` and ``U`` are read as ``B``, ``E`` and ``L`` as
    ``I``. As seqeval reads them, a span also begins with ``I`` after another label or after ``O``.
    """
    begun: tuple[int, str] | None = None
    for place, tag in enumerate((*tags, OUTSIDE)):
        prefix, _, label = tag.partition("-")
        inside = prefix in {"I", "E", "L"} and begun is not None and begun[1] == label
        if begun is not None and not inside:
            yield begun[0], place, begun[1]
            begun = None
        if tag != OUTSIDE and begun is None:
            begun = (place, label)


def is_tag(text: str) -> bool:
    """Whether a text is a tag of a word."""
    return text == OUTSIDE or (text[:2] in {"B-", "I-", "E-", "L-", "S-", "U-"} and len(text) > 2)


def places_in(words: Iterable[str], between: str = " ") -> list[Span]:
    """Return where words stand in the text that they make when joined."""
    found: list[Span] = []
    start = 0
    for word in words:
        found.append((start, start + len(word)))
        start += len(word) + len(between)
    return found
