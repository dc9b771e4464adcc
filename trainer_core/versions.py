"""Versions of installed libraries, which do not change while a process runs."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def version_of(library: str) -> str:
    """Return a library's version; reading its metadata takes some milliseconds, so it is read once.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    return metadata.version(library)
