"""The logic of the data page: what the user does becomes changes of the project, what is known of the rows is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from desktop_app.adapters.rows_model import RowsModel
from desktop_app.error_words import sentences
from desktop_app.pages.data.columns import why_not_without, with_role
from desktop_app.pages.data.contract import Counts, DataPageView, DataSettings
from desktop_app.pages.data.opened_rows import OpenedRows, headings_of, open_rows, row_count
from desktop_app.pages.data.row_reading import RowReading
from desktop_app.pages.data.task_change import change_task, with_option
from desktop_app.pages.data.words import WindowWords, classes_title, marked_reading, reading_words
from desktop_app.pages.marks import MarkedPresenter, state_of
from desktop_app.pages.refusals import change_from_page, change_sections
from desktop_app.workspace import Workspace
from trainer_core.data.kinds import DATA_KINDS
from trainer_core.data.reading import Reading
from trainer_core.data.report import DataReport, Finding, Severity
from trainer_core.data.roles import Role
from trainer_core.errors import InputError
from trainer_core.project.schema import DataSection, OptionValue, Project

OPEN = "Opening the rows"


class DataPresenter(MarkedPresenter):
    """Keeps the data page and the project the same."""

    def __init__(
        self,
        view: DataPageView,
        workspace: Workspace,
        choose_file: Callable[[str, Path], Path | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._choose_file = choose_file
        self._rows = RowsModel(workspace.jobs, self)
        self._reading = RowReading(workspace, self)
        view.set_rows(self._rows)
        self._connect_view()
        self._rows.fetch_failed.connect(view.show_error)
        workspace.project_opened.connect(view.clear_notice)
        workspace.project_changed.connect(self._show_project)
        workspace.report_changed.connect(self._show_report)
        workspace.tasks.changed.connect(self._on_tasks_known)
        self._reading.noticed.connect(self._on_noticed)
        self._reading.read.connect(self._on_row_read)
        self._show_project()
        self._show_report()

    def _connect_view(self) -> None:
        view = self._view
        view.file_dropped.connect(self._on_file_dropped)
        view.file_wanted.connect(self._on_file_wanted)
        view.reread_wanted.connect(self._workspace.examine_data)
        view.row_chosen.connect(self._reading.choose)
        view.task_chosen.connect(self._on_task_chosen)
        view.option_chosen.connect(self._on_option_chosen)
        view.role_chosen.connect(self._on_role_chosen)
        view.guess_wanted.connect(self._on_guess_wanted)
        view.header_chosen.connect(self._on_header_chosen)
        view.validation_file_wanted.connect(self._on_validation_file_wanted)
        view.share_chosen.connect(self._on_share_chosen)
        view.limit_chosen.connect(self._on_limit_chosen)
        view.skip_chosen.connect(self._on_skip_chosen)

    # --- the mark of the page ----------------------------------------------------------------------------------

    def _mark(self) -> None:
        workspace = self._workspace
        problems = self._problems_now()
        known = workspace.report is not None
        self._set_state(state_of(opened=workspace.project is not None, known=known, problems=problems), problems)

    def _problems_now(self) -> list[str]:
        workspace = self._workspace
        words = self._words
        if workspace.report_error is not None:
            return sentences(workspace.report_error, words.sentence)
        return [words.error_sentence(found) for found in workspace.report.errors] if workspace.report else []

    @property
    def _words(self) -> WindowWords:
        task, report = self._workspace.task, self._workspace.report
        needs = report.needs if report else task.needs if task else ()
        return WindowWords(needs, self._workspace.tasks.all, task)

    # --- from the project to the page --------------------------------------------------------------------------

    def _show_project(self) -> None:
        project = self._workspace.project
        if project is None:
            self._view.show_empty()
        else:
            self._view.show_settings(self._settings(project.data))
            self._show_task(project)
        self._mark()

    def _show_task(self, project: Project) -> None:
        task = self._workspace.task
        self._view.show_tasks(self._workspace.tasks.all, project.task)
        self._view.show_options(task.options if task else (), project.options)

    def _settings(self, data: DataSection) -> DataSettings:
        report = self._workspace.report
        return DataSettings(
            name=Path(data.train).name,
            path=str(self._workspace.folder / data.train),
            header=data.header,
            header_found=report.header if report else None,
            validation=data.validation,
            share=data.share_for_validation,
            limit=data.limit,
            skip_incomplete=data.skip_incomplete,
            columns_given=any(column is not None for column in data.columns.model_dump().values()),
        )

    def _show_report(self) -> None:
        workspace = self._workspace
        self._show_project()
        if workspace.project is not None:
            self._show_rows(workspace.report)
            self._show_what_is_known()

    def _show_what_is_known(self) -> None:
        workspace = self._workspace
        if workspace.report is not None:
            self._show_known(workspace.report)
        elif workspace.report_error is not None:
            self._show_failure(workspace.report_error)
        else:
            self._view.show_busy()

    def _on_tasks_known(self) -> None:
        """Say anew what was said without the titles of tasks and options."""
        self._show_project()
        if self._workspace.project is not None:
            self._show_what_is_known()

    def _on_noticed(self) -> None:
        if self._workspace.report is not None:
            self._show_known(self._workspace.report)

    def _show_known(self, report: DataReport) -> None:
        words = self._words
        self._view.show_columns(report.columns, report.needs)
        counts = Counts(classes_title(report.labels, report.needs), report.splits, report.baseline)
        findings = [*report.findings, *self._reading.findings]
        self._view.show_report([words.finding(found) for found in findings], counts)

    def _show_failure(self, error: Exception) -> None:
        if isinstance(error, InputError):
            problems = map(self._words.problem, error.problems)
            findings = [Finding(Severity.ERROR, p.where, p.what, p.remedy) for p in problems]
            self._view.show_failure(findings, None)
        else:
            self._view.show_failure((), error)

    # --- the rows ----------------------------------------------------------------------------------------------

    def _show_rows(self, report: DataReport | None) -> None:
        workspace = self._workspace
        workspace.jobs.forget(OPEN)
        if report is None or workspace.project is None:
            self._rows.clear()
            self._view.show_row_count(0, 0)
            return
        self._rows.show_rows(headings_of(report), len(report.sample), known=report.sample)
        self._view.show_row_count(len(report.sample), row_count(workspace.project.data, report))
        opening = partial(open_rows, partial(workspace.core.open_rows, workspace.project, workspace.folder))
        workspace.jobs.start(OPEN, opening, self._on_rows_opened, self._view.show_error)

    def _on_rows_opened(self, opened: OpenedRows) -> None:
        self._rows.show_rows(self._rows.headings, opened.total, opened.fetch, opened.first, opened.number_of)
        self._view.show_row_count(opened.total, opened.total)

    def _on_row_read(self, reading: Reading | None) -> None:
        if reading is None:
            self._view.show_reading(None, "")
        else:
            self._view.show_reading(marked_reading(reading), reading_words(reading))

    # --- from the page to the project --------------------------------------------------------------------------

    def _on_file_dropped(self, path: str) -> None:
        self._take_file(Path(path))

    def _on_file_wanted(self) -> None:
        path = self._choose_file("Choose the training data", self._workspace.folder)
        if path is not None:
            self._take_file(path)

    def _take_file(self, path: Path) -> None:
        if not self._is_readable(path):
            return
        project = self._workspace.project
        if project is None:
            self._workspace.new(path)
            return
        had_own_file = project.data.validation is not None
        place = self._workspace.as_written(path)
        self._update(train=place, columns={}, header=None, validation=None)
        if had_own_file and place != project.data.train:
            self._view.show_warning(
                "The validation file belonged to the other data and was let go: a share of the new rows is held out."
            )

    def _is_readable(self, path: Path) -> bool:
        if path.is_dir():
            self._view.show_warning(f"“{path.name}” is a folder. Choose one file in it.")
            return False
        if path.suffix.lower() not in DATA_KINDS:
            kinds = ", ".join(kind.removeprefix(".") for kind in DATA_KINDS)
            self._view.show_warning(f"Thaw cannot read “{path.name}” as rows. It reads these kinds of files: {kinds}.")
            return False
        return True

    def _on_task_chosen(self, name: str) -> None:
        project, task = self._workspace.project, self._workspace.tasks.named(name)
        if project is None or task is None:
            return
        change = change_task(project, task, self._workspace.task)
        if self._change(**change.sections) and change.lost:
            self._view.show_warning(change.sentence)

    def _on_option_chosen(self, name: str, value: OptionValue | None) -> None:
        project, task = self._workspace.project, self._workspace.task
        option = next((option for option in task.options if option.name == name), None) if task else None
        if project is not None and option is not None:
            self._change(options=with_option(project.options, option, value))

    def _change(self, **sections: Any) -> bool:
        """Replace whole sections; return whether the project took them, and show why where it did not."""
        self._view.clear_notice()
        refused = change_sections(self._workspace, **sections)
        if refused is not None:
            self._view.show_error(refused)
        self._show_project()
        return refused is None

    def _on_role_chosen(self, position: int, role: str) -> None:
        project, report = self._workspace.project, self._workspace.report
        if project is None or report is None:
            return
        columns = with_role(report, project.data.columns, position, Role(role) if role else None)
        if columns is None:
            self._show_known(report)
            self._view.show_warning(why_not_without(report, position))
        else:
            self._update(columns=columns.model_dump())

    def _on_guess_wanted(self) -> None:
        self._update(columns={})

    def _on_header_chosen(self, header: bool | None) -> None:
        # Names are no names any more without a header, and positions deserve names with one: guess anew.
        self._update(header=header, columns={})

    def _on_validation_file_wanted(self) -> None:
        path = self._choose_file("Choose the validation data", self._workspace.folder)
        if path is None or not self._is_readable(path):
            self._show_project()
        else:
            self._update(validation=self._workspace.as_written(path), validation_share=None)

    def _on_share_chosen(self, share: float) -> None:
        self._update(validation=None, validation_share=share)

    def _on_limit_chosen(self, limit: int | None) -> None:
        self._update(limit=limit)

    def _on_skip_chosen(self, skip: bool) -> None:
        self._update(skip_incomplete=skip)

    def _update(self, **values: Any) -> None:
        change_from_page(self._view, self._workspace, "data", values)
        self._show_project()
