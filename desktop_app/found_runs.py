"""A run that was broken off is told of when its project is opened, so that nobody has to look for it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop_app.run_summaries import RunSummaries
from desktop_app.workspace import Workspace


class FoundRuns(QObject):
    """Looks at the newest run of a project once, after the project was opened."""

    found = Signal(object)
    """It was broken off, and nobody is working on it: its RunFolder."""

    def __init__(self, workspace: Workspace, summaries: RunSummaries, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._summaries = summaries
        self._asked = True
        workspace.project_opened.connect(self._on_project_opened)
        summaries.changed.connect(self._on_summaries_changed)

    def _on_project_opened(self) -> None:
        self._asked = False

    def _on_summaries_changed(self) -> None:
        asked, self._asked = self._asked, True
        summaries = self._summaries.summaries
        if not asked and summaries and summaries[0].broken_off and self._workspace.run is None:
            self.found.emit(summaries[0].folder)
