"""In which encoding a text file is written."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Alphabet:
    """The letters beyond ASCII that texts of a language have, or of languages that often stand in one file.

    Attributes:
        letters: the small ones.
        weight: below 1 where it has so many letters that chance fits it too.
    """

    letters: str
    weight: float = 1.0

    def __contains__(self, letter: str) -> bool:
        return letter.lower() in self.letters


_ANY_WESTERN = _Alphabet("àáâãäåæçèéêëìíîïñòóôõöøœùúûüÿß", weight=0.95)
_WESTERN = (
    *(_Alphabet("äöüß"), _Alphabet("àâæçèéêëîïôœùûüÿ"), _Alphabet("áéíñóúü"), _Alphabet("àáâãçéêíóôõúü")),
    *(_Alphabet("àèéìíîòóùú"), _Alphabet("àçèéíïòóúü·"), _Alphabet("éèëïöü"), _Alphabet("åäöéü"), _Alphabet("æøåé")),
    *(_Alphabet("áðéíóúýþæö"), _Alphabet("äõöüšž"), _ANY_WESTERN),
)
"""German, French, Spanish, Portuguese; Italian, Catalan, Dutch, Swedish and Finnish, Danish and Norwegian; Icelandic,
Estonian, and several of them."""
_CENTRAL = (
    *(_Alphabet("ąćęłńóśźż"), _Alphabet("áčďéěíňóřšťúůýž"), _Alphabet("áäčďéíĺľňóôŕšťúýž")),
    *(_Alphabet("áéíóöőúüű"), _Alphabet("čćđšž"), _Alphabet("ăâîşţ")),
)
"""Polish, Czech, Slovak; Hungarian, Croatian and Slovene, Romanian."""
_TURKISH = (_Alphabet("çğıöşüâîûi̇"),)
_BALTIC = (_Alphabet("ąčęėįšųūž"), _Alphabet("āčēģīķļņšūž"), _Alphabet("äõöüšž"))
"""Lithuanian, Latvian, Estonian."""
_LATIN: Mapping[str, tuple[_Alphabet, ...]] = {
    "cp1252": _WESTERN,
    "iso8859_15": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
}
"""The likeliest first: it is taken where others fit no better."""
_OTHER_SCRIPTS = (
    *("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic", "cp1253", "iso8859_7", "cp1255", "cp1256"),
    *("tis_620", "cp932", "euc_jp", "gb18030", "big5", "big5hkscs", "cp949"),
)
_SIGNS = "“”‘’‚„«»‹›–—…•€£©®™\xa0\xad"
_SIGNS_BETWEEN_WORDS = "¿¡ªº°§×÷±²³¹¼½¾µ´¨¸¢¥¦¶†‡‰"
_SIGNS_IN_WORDS = {"m²", "m³", "nº", "nª"}
_BREAKS = re.compile(rb'[\r\n"]+')
_RUNS = re.compile(rb"[\x80-\xff]+")
_WITH_LETTER_BEFORE = re.compile(rb"[a-z]?[\x80-\xff]")
LEAST_FIT = 0.8
"""The share of characters that have to fit an encoding of Latin letters."""
MOST_DAMAGE = 4
"""So many letters of UTF-8 for each byte that is none make a file one of UTF-8 that was damaged."""
MOST_CHAOS = 0.3
"""More than the library's own measure, which takes many a Korean text for none; binary content is far above it."""
SMALL = 2_560
"""So many bytes the library looks at as a whole; of more it looks at a few stretches, which may be plain ASCII."""


def detect_encoding(path: Path) -> str:
    """Return the name of a text file's encoding.

    A byte order mark decides; else UTF-8 where the whole file is valid; else what the bytes look like around the
    first one that is not UTF-8: cp1252 where no other encoding fits better.

    Raises:
        InputError: the file is no text, or UTF-8 with some bytes that are not.
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
    if _is_damaged(stretch):
        raise _damaged(path)
    guess = _guess(stretch)
    if guess is None:
        raise _no_text(path)
    return guess


def _guess(stretch: bytes) -> str | None:
    """Return the likeliest encoding of a stretch of text that is not UTF-8; None where it is no text."""
    telling = b"\n".join(piece for piece in _BREAKS.split(stretch) if not piece.isascii())
    if _is_latin(telling):
        fit, name = max(_latin_fits(telling), key=lambda fit_and_name: fit_and_name[0])
        if fit >= LEAST_FIT:
            return name
        match = None
    else:
        seen = stretch if len(stretch) <= SMALL else telling
        match = from_bytes(seen, cp_isolation=list(_OTHER_SCRIPTS), threshold=MOST_CHAOS).best()
    match = match or from_bytes(stretch).best()
    return match.encoding if match else None


def _is_latin(text: bytes) -> bool:
    """Tell texts whose letters are mostly ASCII from those of other scripts, whose letters fill whole words."""
    runs = [len(run) for run in _RUNS.findall(text)]
    return sum(run for run in runs if run > 2) < sum(runs) / 2


def _latin_fits(text: bytes) -> Iterator[tuple[float, str]]:
    """Yield encodings of Latin letters, and the share of the characters beyond ASCII that make sense in each.

    In the right one, all letters are of one language. The library looks at all letters, where the few that tell these
    encodings from each other count for nothing.
    """
    counts = Counter(_WITH_LETTER_BEFORE.findall(text))
    for name, alphabets in _LATIN.items():
        try:
            decoded = {place.decode(name): count for place, count in counts.items()}
        except UnicodeDecodeError:
            continue
        yield max(_fit(decoded, alphabet) for alphabet in alphabets), name


def _fit(counts: Mapping[str, int], alphabet: _Alphabet) -> float:
    fitting = sum(count for place, count in counts.items() if _makes_sense(place, alphabet))
    return alphabet.weight * fitting / sum(counts.values())


def _makes_sense(place: str, alphabet: _Alphabet) -> bool:
    """Whether a character can stand where it does: it comes with the small ASCII letter before it, where one is."""
    character, inside = place[-1], len(place) > 1
    if character in _SIGNS or place in _SIGNS_IN_WORDS:
        return True
    if inside and (character.isupper() or character in _SIGNS_BETWEEN_WORDS):
        return False
    return character in alphabet or character in _SIGNS_BETWEEN_WORDS


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
                start = max(0, file.tell() - len(chunk) - SAMPLE_BYTES)
                file.seek(start)
                return _uncut(file.read(3 * SAMPLE_BYTES), begins=start == 0, ends=not file.read(1))
            if not chunk:
                return None


def _is_damaged(stretch: bytes) -> bool:
    """Tell UTF-8 with a few bytes that are none from text in another encoding, where hardly a letter is UTF-8."""
    beyond = [letter for letter in stretch.decode("utf-8", "surrogateescape") if letter > "\x7f"]
    wrong = sum("\udc80" <= letter <= "\udcff" for letter in beyond)
    return len(beyond) - wrong > MOST_DAMAGE * wrong


def _damaged(path: Path) -> InputError:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        line = next(number for number, text in enumerate(file, start=1) if not _is_encodable(text))
    what = "This line holds bytes that are no UTF-8, as the rest of the file is; it was cut, or pasted together."
    return InputError.one(f"{path}, line {line}", what, "Mend that line, and save the file again in UTF-8.")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _uncut(stretch: bytes, *, begins: bool, ends: bool) -> bytes:
    """Leave out the lines that are cut, unless that leaves nothing to tell by: a character may be cut with them."""
    breaks = [match.span() for match in _BREAKS.finditer(stretch)]
    if not breaks:
        return stretch
    uncut = stretch[0 if begins else breaks[0][1] : None if ends else breaks[-1][0]]
    return stretch if uncut.isascii() else uncut


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
