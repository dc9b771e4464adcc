"""How the model reads the rows, for the Data page: what is worth knowing of all of them, and one in full. No widget."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from desktop_app.adapters.rows_model import Row
from desktop_app.workspace import Workspace
from trainer_core.data.reading import Reading
from trainer_core.data.report import Finding
from trainer_core.project.schema import Project

NOTICE = "Reading the rows as the model does"
READ = "Reading a row as the model does"


class RowReading(QObject):
    """Asks the core, once rows and model are known, and again after each change of what is read or how.

    Attributes:
        findings: of all rows; none while they are unknown.
    """

    noticed = Signal()
    """There are other findings."""
    read = Signal(object)
    """The chosen row was read, a ``Reading``; None where that says nothing, or is not known any more."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.findings: Sequence[Finding] = ()
        self._workspace = workspace
        self._cells: Row | None = None
        self._of: tuple[object, ...] = ()
        workspace.report_changed.connect(self._on_report_changed)
        workspace.facts_changed.connect(self._look_again)
        workspace.project_changed.connect(self._look_again)
        workspace.tasks.changed.connect(self._look_again)

    def choose(self, cells: Row | None) -> None:
        """Read this row, or none."""
        self._cells = cells
        self._workspace.jobs.forget(READ)
        project = self._project
        if project is None or cells is None:
            self.read.emit(None)
            return
        reading = partial(self._workspace.core.preview_reading, project, self._workspace.folder, cells)
        # Where it cannot be read, the page says elsewhere what is wrong with the rows or the model.
        self._workspace.jobs.start(READ, reading, self._on_read, lambda error: self.read.emit(None))

    @property
    def _project(self) -> Project | None:
        """The open project, where a language model reads its rows and both are known."""
        workspace, task = self._workspace, self._workspace.task
        known = workspace.report is not None and workspace.facts is not None
        return workspace.project if known and task is not None and task.language else None

    def _on_report_changed(self) -> None:
        self._cells = None  # the rows are read anew, and none of them is chosen
        self._look_again()

    def _look_again(self) -> None:
        """Ask anew where something that matters has changed."""
        workspace, project = self._workspace, self._project
        of = () if project is None else (workspace.report, workspace.facts, project.model, project.options)
        if of == self._of:
            return
        self._of = of
        self._tell(())
        workspace.jobs.forget(NOTICE)
        if project is not None:
            noticing = partial(workspace.core.notice_rows, project, workspace.folder)
            workspace.jobs.start(NOTICE, noticing, self._tell, lambda error: None)
        self.choose(self._cells)

    def _tell(self, findings: Sequence[Finding]) -> None:
        if list(findings) != list(self.findings):
            self.findings = tuple(findings)
            self.noticed.emit()

    def _on_read(self, reading: Reading | None) -> None:
        self.read.emit(reading)
