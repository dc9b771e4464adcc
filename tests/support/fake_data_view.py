"""The fake view of the Data page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal

from desktop_app.adapters.rows_model import RowsModel
from desktop_app.marked import MarkedText
from desktop_app.pages.data.contract import Counts, DataSettings
from tests.support.fake_views import FakeNoticeView
from trainer_core.data.report import ColumnInfo, Finding
from trainer_core.data.roles import Need
from trainer_core.project.schema import OptionValue
from trainer_core.tasks.facts import OptionFacts, TaskFacts


class FakeDataView(FakeNoticeView):
    """Keeps what it was last told."""

    file_dropped = Signal(str)
    file_wanted = Signal()
    reread_wanted = Signal()
    task_chosen = Signal(str)
    option_chosen = Signal(str, object)
    role_chosen = Signal(int, str)
    guess_wanted = Signal()
    header_chosen = Signal(object)
    validation_file_wanted = Signal()
    share_chosen = Signal(float)
    limit_chosen = Signal(object)
    skip_chosen = Signal(bool)
    row_chosen = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.settings: DataSettings | None = None
        self.tasks: Sequence[TaskFacts] = ()
        self.task = ""
        self.options: dict[str, Any] = {}
        self.columns: Sequence[ColumnInfo] = ()
        self.needs: Sequence[Need] = ()
        self.findings: Sequence[Finding] = ()
        self.counts = Counts()
        self.failure: Exception | None = None
        self.rows: RowsModel | None = None
        self.count = (0, 0)
        self.reading: MarkedText | None = None
        self.counted = ""

    def show_settings(self, settings: DataSettings) -> None:
        self.settings = settings

    def show_tasks(self, tasks: Sequence[TaskFacts], chosen: str) -> None:
        self.tasks, self.task = tasks, chosen

    def show_options(self, options: Sequence[OptionFacts], values: Mapping[str, OptionValue]) -> None:
        self.options = {option.name: values.get(option.name, option.default) for option in options}

    def show_columns(self, columns: Sequence[ColumnInfo], needs: Sequence[Need]) -> None:
        self.columns, self.needs = columns, needs

    def show_busy(self) -> None:
        self.mode = "busy"

    def show_report(self, findings: Sequence[Finding], counts: Counts) -> None:
        self.mode, self.findings, self.counts = "report", findings, counts

    def show_failure(self, findings: Sequence[Finding], error: Exception | None) -> None:
        self.mode, self.findings, self.failure = "failure", findings, error

    def set_rows(self, rows: RowsModel) -> None:
        self.rows = rows

    def show_reading(self, marked: MarkedText | None, counted: str) -> None:
        self.reading, self.counted = marked, counted

    def show_row_count(self, shown: int, total: int) -> None:
        self.count = (shown, total)
