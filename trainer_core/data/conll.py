"""Reading CoNLL columns: a word and its tag a line, a blank line between sentences."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.records import numbered
from trainer_core.data.words import OUTSIDE, is_tag
from trainer_core.errors import InputError

ROWS_PER_BATCH = 10_000
TEXT, TAGS = "text", "tags"
COMMENT, DOCUMENT = "# ", "-DOCSTART-"
SENTENCES_LOOKED_AT = 3
"""Where the first column counts the words in all of the first sentences, it does so everywhere."""
FEWEST_COUNTED = 3
"""So many columns a line has at least where the first one counts words: the count, the word, and its tag."""
_COUNT = re.compile(r"\d+([-.]\d+)?")
"""How CoNLL-U counts words; ``1-2`` are two words written as one, ``1.1`` is a word left out."""
_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")
"""White space, without the kinds at which no line may break: these belong to a word."""


@dataclass
class _Sentence:
    """A sentence, and the line on which it begins.

    Attributes:
        number: of that line.
        words: without white space in them.
        tags: as many.
        firsts: the first column of each line; empty where a line has too few columns for it to count words.
    """

    number: int
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    firsts: list[str] = field(default_factory=list)


def read_conll(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield sentences as rows of two columns: the words, joined by spaces, and their tags, joined likewise.

    The word is the first column of a line, the tag the last one. Comments and marks between documents are left out.
    A word with white space in it, such as ``10 000``, becomes several words of one span.

    Raises:
        InputError: a line has no word or no tag, or the file is no text.
    """
    try:
        sentences = _sentences(path)
        while chunk := list(itertools.islice(sentences, ROWS_PER_BATCH)):
            columns = ([" ".join(one.words) for one in chunk], [" ".join(one.tags) for one in chunk])
            arrays = [pa.array(column, pa.large_string()) for column in columns]
            batch = pa.RecordBatch.from_arrays(arrays, [TEXT, TAGS])
            yield numbered(batch, [one.number for one in chunk])
    except UnicodeError as cause:
        raise InputError.one(path, f"This file is no text that can be read: {cause}.", "Save it in UTF-8.") from cause


def _sentences(path: Path) -> Iterator[_Sentence]:
    sentence: _Sentence | None = None
    looked_at: list[_Sentence] = []
    with path.open(encoding=detect_encoding(path)) as file:
        for number, line in enumerate(itertools.chain(file, [""]), start=1):
            cells = _cells(line)
            if not cells or cells[0] == DOCUMENT:
                if sentence and sentence.words:
                    if len(looked_at) < SENTENCES_LOOKED_AT:
                        looked_at.append(sentence)
                        if len(looked_at) == SENTENCES_LOOKED_AT:
                            _check_columns(looked_at, path)
                    yield sentence
                sentence = None
            elif not (line.startswith(COMMENT) and not is_tag(_last_word(cells))):
                sentence = sentence or _Sentence(number)
                _add(sentence, cells, path, number)
    if len(looked_at) < SENTENCES_LOOKED_AT:
        _check_columns(looked_at, path)


def _cells(line: str) -> list[str]:
    """Return the columns of a line, which tabs separate, or else spaces; a blank line has none."""
    if not line.strip():
        return []
    line = line.rstrip()
    return line.split("\t") if "\t" in line else [cell for cell in _SPACES.split(line) if cell]


def _add(sentence: _Sentence, cells: Sequence[str], path: Path, number: int) -> None:
    tag = _tag(cells, path, number)
    if not cells[0]:
        what = f"Line {number} has no word before its tag."
        raise InputError.one(path, what, "Write a word and its tag on each line, or remove it.")
    parts = cells[0].split()  # none where the word is only white space: it is no word of the text then
    inside = tag if tag == OUTSIDE else f"I-{tag.partition('-')[2]}"
    sentence.words += parts
    sentence.tags += [tag, *[inside] * (len(parts) - 1)][: len(parts)]
    sentence.firsts.append(cells[0] if len(cells) >= FEWEST_COUNTED else "")


def _tag(cells: Sequence[str], path: Path, number: int) -> str:
    last = _last_word(cells)
    if len(cells) > 1 and is_tag(last):
        return last
    if len(cells) >= FEWEST_COUNTED and cells[0].partition("-")[0] == "1":
        raise _counting(path, number)
    what = f'Line {number} has no tag: it ends with "{last[:40]}".'
    raise InputError.one(path, what, "Write a word and its tag on each line, as in: Paris B-place")


def _last_word(cells: Sequence[str]) -> str:
    return cells[-1].split()[-1]


def _check_columns(sentences: Sequence[_Sentence], path: Path) -> None:
    if sentences and all(map(_counts_words, sentences)):
        raise _counting(path, sentences[0].number)


def _counts_words(sentence: _Sentence) -> bool:
    """Whether the first column counts the words, as that of CoNLL-U does: the counts would be the words."""
    counts = [int(first) for first in sentence.firsts if first.isdecimal()]
    return len(counts) > 1 and counts == list(range(1, len(counts) + 1)) and all(map(_COUNT.fullmatch, sentence.firsts))


def _counting(path: Path, number: int) -> InputError:
    what = f"Line {number} begins with the count of a word, as CoNLL-U has it, where the word is expected."
    remedy = "Write the word in the first column, and its tag (O, B-place or I-place) in the last one."
    return InputError.one(path, what, remedy)
