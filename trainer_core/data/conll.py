"""Reading CoNLL columns: a word and its tag a line, a blank line between sentences."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from trainer_core.data.encoding import detect_encoding
from trainer_core.data.words import is_tag
from trainer_core.errors import InputError

ROWS_PER_BATCH = 10_000
TEXT, TAGS = "text", "tags"
COMMENT, DOCUMENT = "# ", "-DOCSTART-"

Sentence = tuple[list[str], list[str]]


def read_conll(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield sentences as rows of two columns: the words, joined by spaces, and their tags, joined likewise.

    The word is the first column of a line, the tag the last one. Comments and marks between documents are left out.

    Raises:
        InputError: a line has no tag, or the file is no text.
    """
    try:
        sentences = _sentences(path)
        while chunk := list(itertools.islice(sentences, ROWS_PER_BATCH)):
            columns = [[" ".join(sentence[place]) for sentence in chunk] for place in (0, 1)]
            arrays = [pa.array(column, pa.large_string()) for column in columns]
            yield pa.RecordBatch.from_arrays(arrays, [TEXT, TAGS])
    except UnicodeError as cause:
        raise InputError.one(path, f"This file is no text that can be read: {cause}.", "Save it in UTF-8.") from cause


def _sentences(path: Path) -> Iterator[Sentence]:
    words: list[str] = []
    tags: list[str] = []
    with path.open(encoding=detect_encoding(path)) as file:
        for number, line in enumerate(itertools.chain(file, [""]), start=1):
            cells = line.split()
            if not cells or cells[0] == DOCUMENT:
                if words:
                    yield words, tags
                words, tags = [], []
            elif len(cells) > 1 or not line.startswith(COMMENT):
                if line.startswith(COMMENT) and not is_tag(cells[-1]):
                    continue
                words.append(cells[0])
                tags.append(_tag(cells, path, number))


def _tag(cells: list[str], path: Path, number: int) -> str:
    if len(cells) > 1 and is_tag(cells[-1]):
        return cells[-1]
    what = f'Line {number} has no tag: it ends with "{cells[-1][:40]}".'
    raise InputError.one(path, what, "Write a word and its tag on each line, as in: Paris B-place")
