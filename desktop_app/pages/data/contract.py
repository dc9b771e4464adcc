"""What the presenter of the data page needs of its view, and what it hands it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.adapters.rows_model import RowsModel
from desktop_app.pages.base import NoticeView
from trainer_core.data.report import ColumnInfo, Finding, SplitInfo


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
        skip_incomplete: whether rows without text or label are left out.
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
    def role_chosen(self) -> SignalInstance:
        """The user gave a column a role: its position, the role."""

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

    def show_empty(self) -> None:
        """Show that there is no project."""

    def show_settings(self, settings: DataSettings) -> None:
        """Show what the project says."""

    def show_columns(self, columns: Sequence[ColumnInfo]) -> None:
        """Show the columns of the training file."""

    def show_busy(self) -> None:
        """Show that the rows are being read."""

    def show_report(self, findings: Sequence[Finding], splits: Sequence[SplitInfo], baseline: str) -> None:
        """Show what was noticed, the classes, and what always answering the same would score."""

    def show_failure(self, findings: Sequence[Finding], error: Exception | None) -> None:
        """Show why there is no report: as findings, or as an error nobody foresaw."""

    def set_rows(self, rows: RowsModel) -> None:
        """Show this table of rows."""

    def show_row_count(self, shown: int, total: int) -> None:
        """Tell how many rows can be scrolled through, of how many there are."""
