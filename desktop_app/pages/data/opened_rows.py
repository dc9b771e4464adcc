"""Rows that lie on disk, for the table that scrolls through them. No Qt; opened in a background job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop_app.adapters.rows_model import PAGE, Heading, Row
from desktop_app.core_access import TrainingRows
from trainer_core.data.report import DataReport
from trainer_core.data.roles import Content
from trainer_core.project.schema import DataSection

LONG = (Content.TEXT, Content.MESSAGES)


@dataclass(frozen=True)
class OpenedRows:
    """Rows that can be asked for: how many, how, and the first of them."""

    total: int
    fetch: Callable[[int, int], Sequence[Row]]
    first: Sequence[Row]
    number_of: Callable[[int], int]


def open_rows(opening: Callable[[], TrainingRows]) -> OpenedRows:
    """Open rows and read the first of them."""
    opened = opening()

    def fetch(start: int, count: int) -> Sequence[Row]:
        return opened.rows[start : start + count]

    return OpenedRows(len(opened.rows), fetch, fetch(0, PAGE), opened.number_of)


def headings_of(report: DataReport) -> tuple[Heading, ...]:
    """Return the headings over the cells in use, in their order."""
    titles = {need.role: Heading(need.title, wide=need.content in LONG) for need in report.needs}
    return tuple(titles[role] for role in report.roles)


def row_count(data: DataSection, report: DataReport) -> int:
    """Return how many training rows there are before any is held out."""
    held_out = data.validation is None
    return sum(split.rows for split in report.splits if held_out or split.name == "train")
