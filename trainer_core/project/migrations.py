"""From the project files of earlier versions to the present one. There is one version so far, so nothing is to do."""

from __future__ import annotations

from trainer_core.versioned import Migration, Values, brought_up_to_date

_MIGRATIONS: tuple[Migration, ...] = ()


def migrate_project(values: Values) -> Values:
    """Return the values of a project as the present version writes them.

    Raises:
        InputError: a later version wrote it.
    """
    return brought_up_to_date(values, _MIGRATIONS, where="version", what="project files")
