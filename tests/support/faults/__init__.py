"""Faults of a file system: a library laid before the C library, made from ``faults.c`` with the machine's compiler."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")
NOT_HERE = "needs Linux and a C compiler"


class Mode(IntEnum):
    """What becomes of the chosen call: it fails; it writes half and then fails; it writes half and the process dies."""

    FAIL = 0
    HALF = 1
    DIE = 2


def can_fault() -> bool:
    """Whether faults can be made on this machine."""
    return sys.platform == "linux" and shutil.which("cc") is not None


def build_library() -> Path:
    """Return the library, compiled if that was not done yet."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    library = Path(tempfile.gettempdir()) / f"thaw-faults-{os.getuid()}-{digest}.so"
    if not library.is_file():
        beside = library.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", beside, SOURCE, "-ldl", "-pthread"], check=True)
        beside.replace(library)
    return library


class Faults:
    """The library, in a process that was started with it in ``LD_PRELOAD``."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.faults_first.restype = ctypes.c_char_p
        self._library.faults_count.restype = self._library.faults_met.restype = ctypes.c_long
        self._library.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]

    def arm(self, folder: Path, nth: int, error: int, mode: Mode) -> None:
        """Let the n-th call that writes below a folder fail, and all after it; 0 for none, which counts only."""
        self._library.faults_arm(os.fsencode(folder), nth, error, int(mode))

    def disarm(self) -> None:
        """Let nothing fail any more."""
        self._library.faults_disarm()

    @property
    def count(self) -> int:
        """The calls so far."""
        return int(self._library.faults_count())

    @property
    def met(self) -> int:
        """How many of them failed."""
        return int(self._library.faults_met())

    @property
    def first(self) -> str:
        """The first of these: the call and the path."""
        return os.fsdecode(self._library.faults_first())
