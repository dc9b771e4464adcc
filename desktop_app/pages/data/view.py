"""The widgets of the data page: columns and settings at the left, the rows, and the report at the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.adapters.rows_model import RowsModel
from desktop_app.marked import MarkedText
from desktop_app.pages.data.columns_panel import ColumnsPanel
from desktop_app.pages.data.contract import Counts
from desktop_app.pages.data.report_panel import ClassesPanel, FindingsPanel
from desktop_app.pages.data.rows_panel import RowsPanel
from desktop_app.pages.data.settings_panel import ReadingPanel, ValidationPanel
from desktop_app.pages.data.task_panel import OptionsPanel, TaskPanel
from desktop_app.pages.page_views import ProjectPage
from desktop_app.theme import Theme
from desktop_app.widgets.folding_columns import FoldingColumns
from desktop_app.widgets.kit import GAP, EmptyState, PageFrame, icon_button, plain_button, primary_button
from desktop_app.widgets.snug_scroll_area import SnugScrollArea

if TYPE_CHECKING:
    from desktop_app.pages.data.contract import DataSettings
    from trainer_core.data.report import ColumnInfo, Finding
    from trainer_core.data.roles import Need
    from trainer_core.project.schema import OptionValue
    from trainer_core.tasks.facts import OptionFacts, TaskFacts

NARROW = 117
"""Below so many letters of width, the report stands below the columns instead of right of the rows."""
SIZES = [264, 400, 300]
"""The widths to begin with: settings, rows, report."""
MUCH = 1_000
"""The share of what takes all room there is, against 1 for what is left over."""


class DataView(ProjectPage):
    """The page. Takes a file that is dropped anywhere on it."""

    file_dropped = Signal(str)
    file_wanted = Signal()
    reread_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.task = TaskPanel()
        self.options = OptionsPanel()
        self.columns = ColumnsPanel()
        self.reading = ReadingPanel()
        self.validation = ValidationPanel()
        self.rows = RowsPanel(theme)
        self.row_chosen = self.rows.row_chosen
        self.findings = FindingsPanel(theme)
        self.classes = ClassesPanel(theme)
        self.task_chosen = self.task.task_chosen
        self.option_chosen = self.options.option_chosen
        self.role_chosen = self.columns.role_chosen
        self.guess_wanted = self.columns.guess_wanted
        self.header_chosen = self.reading.header_chosen
        self.limit_chosen = self.reading.limit_chosen
        self.skip_chosen = self.reading.skip_chosen
        self.share_chosen = self.validation.share_chosen
        self.validation_file_wanted = self.validation.file_wanted
        self.set_frame(self._make_frame(), self._make_empty())

    # --- what the presenter shows ------------------------------------------------------------------------------

    def show_settings(self, settings: DataSettings) -> None:
        """Show what the project says."""
        self.show_frame()
        self._frame.set_subtitle(f"{settings.path} · drop another file on this page to replace it")
        self.reading.show_settings(settings)
        self.validation.show_settings(settings)
        self.columns.set_chosen(settings.columns_given)

    def show_tasks(self, tasks: Sequence[TaskFacts], chosen: str) -> None:
        """Offer these tasks; before they are known, the chosen one by its name."""
        self.task.show_tasks(tasks, chosen)

    def show_options(self, options: Sequence[OptionFacts], values: Mapping[str, OptionValue]) -> None:
        """Show what can be chosen about the task, and what is chosen."""
        self.options.show_options(options, values)

    def show_columns(self, columns: Sequence[ColumnInfo], needs: Sequence[Need]) -> None:
        """Show the columns of the training file, and which of them the task needs."""
        self.columns.show_columns(columns, needs)

    def show_busy(self) -> None:
        """Show that the rows are being read."""
        self.columns.show_busy()
        self.findings.show_busy()
        self.classes.show_busy()

    def show_report(self, findings: Sequence[Finding], counts: Counts) -> None:
        """Show what was noticed, and how many rows there are of what is learnt."""
        self.findings.show_findings(findings)
        self.classes.show_counts(counts)

    def show_failure(self, findings: Sequence[Finding], error: Exception | None) -> None:
        """Show why there is no report: as findings, or as an error nobody foresaw."""
        self.columns.show_columns((), ())
        self.classes.show_counts(Counts())
        if error is None:
            self.findings.show_findings(findings)
        else:
            self.findings.show_error(error)

    def set_rows(self, rows: RowsModel) -> None:
        """Show this table of rows."""
        self.rows.set_rows(rows)

    def show_reading(self, marked: MarkedText | None, counted: str) -> None:
        """Show how the model reads the chosen row, and how much of it counts."""
        self.rows.show_reading(marked, counted)

    def show_row_count(self, shown: int, total: int) -> None:
        """Tell how many rows can be scrolled through, of how many there are."""
        self.rows.show_count(shown, total)

    # --- Qt ----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, and nothing else."""
        if _local_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell which file was dropped; of several, the first."""
        files = _local_files(event)
        if files:
            event.acceptProposedAction()
            self.file_dropped.emit(files[0])

    # --- layout ------------------------------------------------------------------------------------------------

    def _make_empty(self) -> EmptyState:
        empty = EmptyState(
            "mdi6.file-table-outline",
            "No data yet",
            "Drop a file here, or choose one. Each of its rows needs a text, and what shall be answered to it.\n"
            "Thaw reads CSV, TSV, JSON lines, JSON and Parquet.",
        )
        button = primary_button("&Choose a file…")
        button.setToolTip("Begin a project on a file with your rows")
        button.clicked.connect(self.file_wanted)
        empty.add_action(button)
        self.first_choose = button
        return empty

    def _make_frame(self) -> PageFrame:
        frame = PageFrame("Data")
        self.reread = icon_button("mdi6.refresh", "Read again", "Read the files again, after they changed on disk")
        self.reread.setShortcut("F5")
        self.reread.clicked.connect(self.reread_wanted)
        self.choose = plain_button("&Choose a file…", "mdi6.folder-open-outline")
        self.choose.setToolTip("Learn from another file; the roles of its columns are guessed anew")
        self.choose.clicked.connect(self.file_wanted)
        frame.add_header_widget(self.reread)
        frame.add_header_widget(self.choose)
        frame.body.addWidget(self.notice)
        frame.body.addWidget(self._make_columns(), 1)
        return frame

    def _make_columns(self) -> FoldingColumns:
        report = QWidget()
        inside = QVBoxLayout(report)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2 * GAP)
        inside.addWidget(self.findings, MUCH)
        inside.addWidget(self.classes, MUCH)
        inside.addStretch(1)  # findings stay at the top where nothing is counted below them
        settings = QWidget()
        left = QVBoxLayout(settings)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(2 * GAP)
        for card in (self.task, self.columns, self.reading, self.validation, self.options):
            left.addWidget(card)
        left.addStretch(1)
        self.settings = SnugScrollArea(settings)
        columns = FoldingColumns(
            (self.settings, self.rows, report), sizes=SIZES, stretch=(0, 3, 2), home=left, place=1, letters=NARROW
        )
        columns.folded.connect(self.findings.area.show_whole)
        return columns


def _local_files(event: QDropEvent) -> list[str]:
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
