"""What a disk refuses, in words; and as ``OSError``, whichever library met it. Imports no torch."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trainer_core.errors import InputError

_NUMBER = re.compile(r"(?:code: |os error )(\d+)")
"""How libraries written in Rust (safetensors, tokenizers) name the system's error in their own."""

_FULL = ("The disk is full.", "Make room on it, then try again.")
_KEPT_OUT = ("It cannot be written.", "Mend the permissions of its folder, then try again.")
_GONE = ("It is no longer there.", "Put it back, or connect its drive, then try again.")
_SILENT = ("The drive does not answer.", "Connect it again, then try again.")
_WORDS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _KEPT_OUT,
    errno.EPERM: _KEPT_OUT,
    errno.EROFS: _KEPT_OUT,
    errno.ENOENT: _GONE,
    errno.ENOTDIR: _GONE,
    errno.EIO: _SILENT,
    errno.ENODEV: _SILENT,
    errno.ENXIO: _SILENT,
    errno.ESTALE: _SILENT,
}


@dataclass(frozen=True)
class Refusal:
    """Why something could not be written: the cause, what to do about it, and the file where it is known."""

    why: str
    remedy: str
    where: str


def refusal_of(error: OSError) -> Refusal:
    """Return an error of the file system in words."""
    why, remedy = _WORDS.get(error.errno or 0, (f"{error.strerror or error}.", "Mend that, then try again."))
    where = next((str(name) for name in (error.filename2, error.filename) if isinstance(name, str | os.PathLike)), "")
    return Refusal(why, remedy, where)


@contextlib.contextmanager
def system_errors() -> Iterator[None]:
    """Raise as ``OSError`` what a library met at the file system and tells as an error of its own.

    Raises:
        OSError: with the system's number.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        number = _NUMBER.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


@contextlib.contextmanager
def refused_in_words(where: object, what: str) -> Iterator[None]:
    """Raise what the file system refuses as an error of the user's place.

    Args:
        where: the folder or file.
        what: what could not be done, as a sentence.

    Raises:
        InputError: in place of an ``OSError``.
    """
    try:
        with system_errors():
            yield
    except OSError as error:
        refusal = refusal_of(error)
        raise InputError.one(where, f"{what} {refusal.why}", refusal.remedy) from error
