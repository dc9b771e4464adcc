"""The one error of the setup: what failed and what to do, in words for the person at the keyboard."""

from __future__ import annotations

import errno
from pathlib import Path


class SetupFailure(Exception):
    """The setup cannot go on. ``what`` is one sentence, ``remedy`` says what the reader can do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class Stopped(Exception):
    """The system asked this program to end (SIGTERM); raised so that children are ended on the way out."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def explain_os_error(error: OSError, folder: Path) -> SetupFailure:
    """Turn what the operating system refused into words; ``folder`` is where Thaw wanted to write."""
    place = f"'{error.filename}'" if error.filename else f"'{folder}'"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    if error.errno == errno.EROFS:
        return SetupFailure(
            f"{place} cannot be written: it lies on a read-only disk.",
            "Copy the folder of Thaw to a place where you may write, and start it there.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return SetupFailure(
            f"{place} cannot be written or run by this user.",
            "Copy the folder of Thaw to a place of your own (your home folder), and start it there; "
            "where another user made the folder .venv in it, have that user delete it.",
        )
    return SetupFailure(
        f"the system refused: {error.strerror or error} ({place}).",
        "Put that right and start again; what was finished is kept.",
    )


def disk_full(folder: Path) -> SetupFailure:
    """Say that the disk, or the folder for temporary files, has no room left."""
    return SetupFailure(
        f"no space is left on the disk of '{folder}' or in the folder for temporary files.",
        "Free a few gigabytes (TMPDIR can name another folder for temporary files) and start again; "
        "what was finished is kept.",
    )
