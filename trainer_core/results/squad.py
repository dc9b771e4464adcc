"""How answers are compared, as the script of SQuAD does it: Rajpurkar et al. 2016, arXiv:1606.05250."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normal_form(answer: str) -> str:
    """Return an answer in small letters, without punctuation and articles, with one space between words."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, gold: Sequence[str]) -> float:
    """Return 1 where an answer is one of the right ones, else 0; without right ones, the empty answer is right."""
    return float(normal_form(answer) in map(normal_form, gold or [""]))


def word_f1(answer: str, gold: Sequence[str]) -> float:
    """Return the largest F1 of an answer's words against a right one's; without right ones, that of the empty one."""
    return max(_f1(normal_form(answer).split(), normal_form(right).split()) for right in gold or [""])


def _f1(answer: list[str], right: list[str]) -> float:
    if not answer or not right:
        return float(answer == right)
    common = (Counter(answer) & Counter(right)).total()
    return 2 * common / (len(answer) + len(right))
