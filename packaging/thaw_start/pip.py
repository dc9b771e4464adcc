"""Calling pip in the environment, and saying in words what it means when it fails."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path

from .command import Outcome, Run
from .failure import SetupFailure, disk_full

QUIET = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "3", "--no-compile")

_NO_SPACE = re.compile(r"No space left on device|Errno 28|Errno 122|Disk quota exceeded|not enough space", re.I)
_NO_NETWORK = re.compile(
    r"name resolution|Name or service not known|getaddrinfo failed|nodename nor servname|Failed to establish a new "
    r"connection|NewConnectionError|ConnectTimeout|Network is unreachable|Read timed out|ReadTimeout|ProxyError|"
    r"Connection refused|No route to host|Connection reset|Max retries exceeded|Temporary failure|"
    r"IncompleteRead|Connection broken",
    re.I,
)
_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLError|SSL module is not available", re.I)
_NOTHING_FITS = re.compile(r"No matching distribution found for (\S+)")
_CONFLICT = re.compile(r"ResolutionImpossible|conflicting dependencies")
_NOT_WRITABLE = re.compile(r"Permission denied|Errno 13|Read-only file system|Errno 30|Access is denied", re.I)
_BAD_HASH = re.compile(r"DO NOT MATCH THE HASHES|hash mismatch|BadZipFile|is corrupted", re.I)


class PipFailure(SetupFailure):
    """A call of pip failed; ``kind`` is one of few words that callers may look at."""

    def __init__(self, kind: str, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.kind = kind


class Pip:
    """pip of one environment. ``constraints`` names the file that holds torch, once it is installed."""

    def __init__(self, python: Path, folder: Path, run: Run, note: Callable[[str], None]) -> None:
        self.folder = folder
        self.note = note
        self.constraints: Path | None = None
        self._python = python
        self._run = run

    def install(self, *arguments: str) -> Outcome:
        """Run ``pip install``; the caller looks at the outcome."""
        held = ["--constraint", str(self.constraints)] if self.constraints else []
        return self._run([str(self._python), "-m", "pip", "install", *QUIET, *held, *arguments])

    def require(self, what: str, *arguments: str) -> None:
        """Run ``pip install`` and raise SetupFailure, naming ``what``, where it fails."""
        outcome = self.install(*arguments)
        if not outcome.ok:
            raise explain_pip_failure(outcome.text, what, self.folder)


def out_of_space(text: str) -> bool:
    """Whether pip failed because the disk is full: no other way of installing would help."""
    return bool(_NO_SPACE.search(text))


def explain_pip_failure(text: str, what: str, folder: Path) -> PipFailure:
    """Say in words why pip could not install ``what``, from what it printed."""
    if _NO_SPACE.search(text):
        full = disk_full(folder)
        return PipFailure("space", full.what, full.remedy)
    if _CERTIFICATE.search(text):
        return PipFailure(
            "certificate",
            f"{what} could not be fetched: the server's certificate was not accepted.",
            "In a company network, have PIP_CERT name the file with the company's certificates; otherwise check the "
            "date and time of this computer. Then start again.",
        )
    if _NO_NETWORK.search(text):
        return PipFailure(
            "network",
            f"{what} could not be fetched: the network, or the server behind it, did not answer.",
            "Check the connection (and the proxy, if there is one) and start again; what was finished is kept.",
        )
    return _explain_refusal(text, what, folder)


def _explain_refusal(text: str, what: str, folder: Path) -> PipFailure:
    if _NOT_WRITABLE.search(text):
        return PipFailure(
            "permission",
            f"{what} could not be written into '{folder / '.venv'}'.",
            "Delete the folder .venv (as the user who made it), or copy Thaw to a folder of your own.",
        )
    if _BAD_HASH.search(text):
        return PipFailure(
            "damaged",
            f"{what} arrived damaged.",
            "Start again; if it happens again, empty pip's cache with 'python3 -m pip cache purge'.",
        )
    if _CONFLICT.search(text):
        return PipFailure(
            "conflict",
            f"{what} cannot be installed together with this PyTorch.",
            "Leave --torch away, or name another version with it.",
        )
    missing = _NOTHING_FITS.search(text)
    if missing:
        return PipFailure(
            "nothing fits",
            f"{what} could not be installed: no '{missing.group(1)}' was found that fits this Python and this system.",
            "Check that pip can reach its package index, or use another version of Python (3.11 to 3.14).",
        )
    errors = [line for line in text.splitlines() if line.lower().startswith("error")]
    last = f" pip said: {errors[-1]}" if errors else ""
    return PipFailure("other", f"{what} could not be installed.{last}", "The log has all that pip said.")


def installed_version(site_packages: Path, package: str) -> str | None:
    """Read the version of an installed package, without importing it."""
    found = importlib.metadata.distributions(name=package, path=[str(site_packages)])
    return next((distribution.version for distribution in found), None)
