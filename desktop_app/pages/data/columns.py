"""What a chosen role means for ``[data.columns]``."""

from __future__ import annotations

from trainer_core.data.report import ColumnInfo, ColumnRole, DataReport
from trainer_core.project.schema import ColumnsSection


def with_role(report: DataReport, columns: ColumnsSection, position: int, role: ColumnRole) -> ColumnsSection | None:
    """Return the columns section after a column was given a role, or None where that leaves nothing to do.

    Two columns swap where one takes the role of the other. A column that is to be ignored loses its role to the
    guess; a guessed one cannot be ignored, because nothing would change.
    """
    column = next(column for column in report.columns if column.position == position)
    if column.role is role:
        return columns
    if role is ColumnRole.IGNORE:
        return _without(columns, column)
    values: dict[str, int | str | None] = {"text": columns.text, "label": columns.label}
    values[role] = _ref(column, report)
    if column.role is not ColumnRole.IGNORE:
        former = next((other for other in report.columns if other.role is role), None)
        values[column.role] = None if former is None else _ref(former, report)
    return ColumnsSection.model_validate(values)


def _without(columns: ColumnsSection, column: ColumnInfo) -> ColumnsSection | None:
    if column.guessed:
        return None
    return columns.model_copy(update={column.role.value: None})


def _ref(column: ColumnInfo, report: DataReport) -> int | str:
    """Return how the project names a column: by position where its name was made up for lack of a header."""
    made_up = not report.header and column.name == f"column {column.position}"
    return column.position if made_up or not column.name else column.name
