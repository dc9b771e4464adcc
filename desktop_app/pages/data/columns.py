"""What a chosen role means for ``[data.columns]``."""

from __future__ import annotations

from trainer_core.data.report import ColumnInfo, DataReport
from trainer_core.data.roles import Role
from trainer_core.project.schema import ColumnsSection


def with_role(report: DataReport, columns: ColumnsSection, position: int, role: Role | None) -> ColumnsSection | None:
    """Return the columns section after a column was given a role, or None where that leaves nothing to do.

    Two columns swap where one takes the role of the other. A column that is not to be used loses its role to the
    guess; a guessed one cannot lose it, because nothing would change.
    """
    column = next(column for column in report.columns if column.position == position)
    if column.role is role:
        return columns
    if role is None:
        return _without(columns, column)
    values: dict[str, int | str | None] = columns.model_dump()
    values[role] = _ref(column, report)
    if column.role is not None:
        former = next((other for other in report.columns if other.role is role), None)
        values[column.role] = None if former is None else _ref(former, report)
    return ColumnsSection.model_validate(values)


def why_not_without(report: DataReport, position: int) -> str:
    """Return why a column that was guessed cannot be left without its role, and what to do."""
    column = next(column for column in report.columns if column.position == position)
    need = next(need for need in report.needs if need.role is column.role)
    title = need.title.lower()
    if need.optional:
        return (
            f"The name of the column “{column.name}” makes it the {title}. To train without one, "
            "rename the column, or leave it out of the file."
        )
    return f"One column has to be the {title}: give that role to another one."


def _without(columns: ColumnsSection, column: ColumnInfo) -> ColumnsSection | None:
    if column.guessed or column.role is None:
        return None
    return columns.model_copy(update={column.role.value: None})


def _ref(column: ColumnInfo, report: DataReport) -> int | str:
    """Return how the project names a column: by position where its name was made up for lack of a header."""
    made_up = not report.header and column.name == f"column {column.position}"
    return column.position if made_up or not column.name else column.name
