"""Keeps a Python older than 3.12 alive under PySide6 6.12.0, whose wheels return None without counting the reference.

Measured on Python 3.11: ``sys.getrefcount(None)`` falls by one at every call of a Qt method that returns nothing, that
of True at every ``Signal.emit``, and after some thousand calls the interpreter ends with "none_dealloc: deallocating
None" or "bool_dealloc: deallocating True or False". 6.11.2 and 6.10.1 count rightly; from Python 3.12 on these objects
are immortal and nothing happens. Remove this module once 3.11 is no longer supported.
"""

from __future__ import annotations

import ctypes
import sys

SPARE_REFERENCES = 1 << 40
"""More than a window can lose in years."""


def keep_none_alive() -> None:
    """Give None and its kin so many references that losing one a call does no harm; nothing where they are immortal."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for shared in (None, True, False, NotImplemented):
        count = ctypes.c_ssize_t.from_address(id(shared))
        if abs(count.value - sys.getrefcount(shared)) < 16 and count.value < SPARE_REFERENCES:
            count.value += SPARE_REFERENCES
