"""Files of older versions, brought up to date one version at a time when they are read. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trainer_core.errors import InputError

Values = dict[str, Any]
Migration = Callable[[Values], Values]


def brought_up_to_date(values: Values, migrations: Sequence[Migration], *, where: object, what: str) -> Values:
    """Return the values of a file as the present version writes them.

    Args:
        values: as they were read; one without ``version`` counts as present.
        migrations: the first brings version 1 to 2, the next 2 to 3, and so on.
        where: the file, or the key at fault.
        what: what such files are called, e.g. ``project files``.

    Raises:
        InputError: a later version wrote it.
    """
    newest = len(migrations) + 1
    version = values.get("version", newest)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return values  # whoever checks the values says so
    if version > newest:
        told = f"This was written in version {version} of {what}; this Thaw reads {newest}."
        raise InputError.one(where, told, "Install a newer Thaw.")
    for migration in migrations[version - 1 :]:
        values = migration(values)
    return {**values, "version": newest}
