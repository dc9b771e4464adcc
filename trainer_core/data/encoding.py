"""In which encoding a text file is written."""

from __future__ import annotations

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from trainer_core.errors import InputError

SAMPLE_BYTES = 256 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect_encoding(path: Path) -> str:
    """Return the name of a text file's encoding.

    A byte order mark decides; else UTF-8 where the whole file is valid; else what the bytes look like around the
    first one that is not UTF-8.

    Raises:
        InputError: the file is no text.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if b"\0" in sample:
        return _without_mark(path, sample)
    stretch = _not_utf8(path)
    if stretch is None:
        return "utf-8"
    guess = from_bytes(stretch).best()
    if guess is None:
        raise _no_text(path)
    return guess.encoding


def _not_utf8(path: Path) -> bytes | None:
    """Return the first stretch of a file that is not valid UTF-8, or None where all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while True:
            chunk = file.read(SAMPLE_BYTES)
            if b"\0" in chunk:
                raise _no_text(path)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                file.seek(max(0, file.tell() - len(chunk) - SAMPLE_BYTES))
                return file.read(2 * SAMPLE_BYTES)
            if not chunk:
                return None


def _without_mark(path: Path, sample: bytes) -> str:
    """Tell UTF-16 without a mark, where every second byte of Latin text is zero, from binary content."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(1, len(sample) // 2)
    if odd > 0.3 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.05 * half:
        return "utf-16-be"
    raise _no_text(path)


def _no_text(path: Path) -> InputError:
    remedy = "Give a text file: CSV, TSV, JSON lines or JSON; or a Parquet file named .parquet."
    return InputError.one(path, "This file holds binary data, not text.", remedy)
