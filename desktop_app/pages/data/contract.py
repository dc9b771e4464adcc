"""What the presenter of the data page needs of its view, and what it hands it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.adapters.rows_model import RowsModel
from desktop_app.marked import MarkedText
from desktop_app.pages.base import NoticeView
from trainer_core.data.report import ColumnInfo, Finding, SplitInfo
from trainer_core.data.roles import Need
from trainer_core.project.schema import OptionValue
from trainer_core.tasks.facts import OptionFacts, TaskFacts


@dataclass(frozen=True)
class DataSettings:
    """What the project says about its data, for the view.

    Attributes:
        name: the name of the training file.
        path: where it lies.
        header: whether the first row holds names; None to detect it.
        header_found: what was detected, where it is known.
        validation: the validation file; None when a share of the training rows is held out.
        share: that share.
        limit: the most training rows to use; None for all.
        skip_incomplete: whether rows that lack something are left out.
        columns_given: whether a column's role was chosen rather than guessed.
    """

    name: str
    path: str
    header: bool | None
    header_found: bool | None
    validation: str | None
    share: float
    limit: int | None
    skip_incomplete: bool
    columns_given: bool


@dataclass(frozen=True)
class Counts:
    """How many rows there are of what is learnt.

    Attributes:
        title: the heading.
        splits: the rows to learn from, and those to measure on.
        baseline: what can be had without learning, in a sentence; may be empty.
    """

    title: str = "Classes"
    splits: Sequence[SplitInfo] = ()
    baseline: str = ""


class DataPageView(NoticeView, Protocol):
    """What the presenter needs of the view."""

    @property
    def file_dropped(self) -> SignalInstance:
        """The user dropped a file: its path."""

    @property
    def file_wanted(self) -> SignalInstance:
        """The user wants to choose a training file."""

    @property
    def reread_wanted(self) -> SignalInstance:
        """The user wants the files to be read again."""

    @property
    def task_chosen(self) -> SignalInstance:
        """The user wants another task: its name."""

    @property
    def option_chosen(self) -> SignalInstance:
        """The user chose something about the task: the option's name, its value."""

    @property
    def role_chosen(self) -> SignalInstance:
        """The user gave a column a role: its position, the role; none where it is empty."""

    @property
    def guess_wanted(self) -> SignalInstance:
        """The user wants all roles to be guessed."""

    @property
    def header_chosen(self) -> SignalInstance:
        """The user said whether there is a header: True, False, or None to detect it."""

    @property
    def validation_file_wanted(self) -> SignalInstance:
        """The user wants to choose a validation file."""

    @property
    def share_chosen(self) -> SignalInstance:
        """The user wants this share of the rows to be held out."""

    @property
    def limit_chosen(self) -> SignalInstance:
        """The user wants at most so many rows, or None for all."""

    @property
    def skip_chosen(self) -> SignalInstance:
        """The user wants incomplete rows to be left out, or not."""

    @property
    def row_chosen(self) -> SignalInstance:
        """The user chose a row to read: its cells."""

    def show_reading(self, marked: MarkedText | None, counted: str) -> None:
        """Show how the model reads the chosen row, and how much of it counts; or nothing of that."""

    def show_empty(self) -> None:
        """Show that there is no project."""

    def show_settings(self, settings: DataSettings) -> None:
        """Show what the project says."""

    def show_tasks(self, tasks: Sequence[TaskFacts], chosen: str) -> None:
        """Offer these tasks; before they are known, the chosen one by its name."""

    def show_options(self, options: Sequence[OptionFacts], values: Mapping[str, OptionValue]) -> None:
        """Show what can be chosen about the task, and what is chosen."""

    def show_columns(self, columns: Sequence[ColumnInfo], needs: Sequence[Need]) -> None:
        """Show the columns of the training file, and which of them the task needs."""

    def show_busy(self) -> None:
        """Show that the rows are being read."""

    def show_report(self, findings: Sequence[Finding], counts: Counts) -> None:
        """Show what was noticed, and how many rows there are of what is learnt."""

    def show_failure(self, findings: Sequence[Finding], error: Exception | None) -> None:
        """Show why there is no report: as findings, or as an error nobody foresaw."""

    def set_rows(self, rows: RowsModel) -> None:
        """Show this table of rows."""

    def show_row_count(self, shown: int, total: int) -> None:
        """Tell how many rows can be scrolled through, of how many there are."""
