"""The window: pages right, navigation and runs left, the run above, problems below. Makes no page itself."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.background.trainer import Trainer
from desktop_app.found_runs import FoundRuns
from desktop_app.menus import Menus
from desktop_app.pages.base import Page, PageEntry
from desktop_app.project_actions import ProjectActions, openable_in
from desktop_app.run_rows import run_rows
from desktop_app.run_summaries import RunSummaries
from desktop_app.run_words import share_done, status_line
from desktop_app.settings import Settings
from desktop_app.theme import Theme
from desktop_app.widgets.problem_strip import ProblemStrip
from desktop_app.widgets.sidebar import Sidebar, mark_of
from desktop_app.widgets.top_bar import TopBar
from desktop_app.workspace import Workspace
from trainer_core.runs.folder import RunFolder
from trainer_core.training.events import (
    EvaluationFinished,
    PretrainedMeasured,
    ProbeFinished,
    RunContinued,
    RunHeld,
    RunPaused,
)

STATUS_MILLISECONDS = 250
"""How often the status line moves at most."""
SHOWN_IN_LIST = EvaluationFinished | PretrainedMeasured | ProbeFinished | RunPaused | RunHeld | RunContinued
"""What changes how the run under way stands in the list of runs."""


class MainWindow(QMainWindow):
    """The one window."""

    painted = Signal()
    """The window was drawn for the first time."""
    closing = Signal()
    """The window may be closed, and is."""

    def __init__(
        self,
        workspace: Workspace,
        trainer: Trainer,
        theme: Theme,
        *,
        actions: ProjectActions,
        settings: Settings,
        menus: Menus,
        welcome: Page,
        entries: Sequence[PageEntry],
    ) -> None:
        super().__init__()
        self._workspace, self._trainer, self._theme = workspace, trainer, theme
        self._actions, self._settings, self._welcome = actions, settings, welcome
        self._entries = {entry.key: entry for entry in entries}
        self._pages: dict[str, Page] = {}
        self._summaries = RunSummaries(workspace, self)
        self._found_runs = FoundRuns(workspace, self._summaries, self)
        self._shown_page = next(iter(self._entries))
        self._was_painted = self._may_close = False
        self.setWindowTitle("Thaw")
        self.setAcceptDrops(True)
        self.top_bar, self.sidebar, self.strip = TopBar(), Sidebar(theme), ProblemStrip()
        self.stack = QStackedWidget()
        self._status_timer = QTimer(self, singleShot=True, interval=STATUS_MILLISECONDS)
        self._lay_out()
        self.menus = menus
        menus.fill(self)
        self._connect()
        self._restore_place()
        self._on_project_changed()
        self._on_running_changed()

    # --- building ----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for number, entry in enumerate(self._entries.values(), start=1):
            self.sidebar.add_page(entry.key, entry.title, entry.icon, f"Ctrl+{number}")
        self.stack.addWidget(self._welcome.view)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.top_bar)
        right.addWidget(self.stack, 1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.sidebar)
        middle.addLayout(right, 1)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(middle, 1)
        layout.addWidget(self.strip)
        self.setCentralWidget(centre)

    def _connect(self) -> None:
        workspace, trainer = self._workspace, self._trainer
        workspace.project_opened.connect(self._on_project_opened)
        workspace.project_changed.connect(self._on_project_changed)
        workspace.run_chosen.connect(self._on_summaries_changed)
        workspace.jobs.busy_changed.connect(self.strip.set_work)
        trainer.running_changed.connect(self._on_running_changed)
        trainer.run_started.connect(self._on_run_started)
        trainer.events_arrived.connect(self._on_events_arrived)
        trainer.run_finished.connect(self._on_run_ended)
        trainer.run_failed.connect(self._on_run_ended)
        trainer.run_left.connect(self._on_run_ended)
        self._summaries.changed.connect(self._on_summaries_changed)
        self._found_runs.found.connect(self._on_run_found)
        self._status_timer.timeout.connect(self._show_status)
        self.top_bar.train_wished.connect(self.train)
        self.top_bar.pause_wished.connect(trainer.pause)
        self.top_bar.continue_wished.connect(trainer.go_on)
        self.top_bar.stop_wished.connect(trainer.stop)
        self.sidebar.page_wished.connect(self.show_page)
        self.sidebar.run_wished.connect(self._on_run_wished)
        self.strip.problem_clicked.connect(self.show_page)

    def _restore_place(self) -> None:
        self.setMinimumSize(860, 560)
        self.resize(1280, 800)
        if self._settings.geometry:
            self.restoreGeometry(QByteArray(self._settings.geometry))

    # --- pages -------------------------------------------------------------------------------------------------

    @property
    def page_titles(self) -> dict[str, str]:
        """The pages' titles by their keys, in the order of the navigation."""
        return {key: entry.title for key, entry in self._entries.items()}

    @property
    def shown_page(self) -> str:
        """The key of the page at the front; ``welcome`` while no project is open."""
        return self._shown_page if self._workspace.project else self._welcome.key

    def ensure_page(self, key: str) -> Page:
        """Return a page, making it if that was not done yet."""
        if key not in self._pages:
            page = self._entries[key].build()
            self._pages[key] = page
            self.stack.addWidget(page.view)
            page.presenter.state_changed.connect(self._on_page_state_changed)
            for other, wish in page.leads.items():
                wish.connect(partial(self._on_page_wished, other))
            self._on_page_state_changed()
        return self._pages[key]

    def next_unbuilt(self) -> str | None:
        """Return the key of a page that is still to be made, or None."""
        return next((key for key in self._entries if key not in self._pages), None)

    def _on_page_wished(self, key: str, run: RunFolder | None = None) -> None:
        if run is not None and run != self._workspace.run:
            self._workspace.choose_run(run)
        self.show_page(key)

    def show_page(self, key: str) -> None:
        """Bring a page to the front; while no project is open it is kept in mind."""
        self._shown_page = key
        self.sidebar.show_page(key)
        self._show_front()

    def _show_front(self) -> None:
        opened = self._workspace.project is not None
        self.sidebar.setVisible(opened)
        self.top_bar.setVisible(opened)
        page = self.ensure_page(self._shown_page) if opened else self._welcome
        if self.stack.currentWidget() is not page.view:
            self.stack.setCurrentWidget(page.view)
            page.shown()

    # --- training ----------------------------------------------------------------------------------------------

    def train(self) -> None:
        """Start a run, if one may be started."""
        if self.top_bar.train_button.isEnabled():
            self._trainer.start()

    def _on_running_changed(self) -> None:
        running, wish = self._trainer.running, self._trainer.wish
        self.top_bar.set_run(running=running, wish=wish)
        self.menus.set_run(running=running, wish=wish)
        self._show_status()
        self._show_problems()

    def _on_run_started(self, run: RunFolder) -> None:
        self.show_page("train")

    def _on_events_arrived(self, events: Sequence[object]) -> None:
        if any(isinstance(event, SHOWN_IN_LIST) for event in events):
            self._on_summaries_changed()
        if not self._status_timer.isActive():
            self._status_timer.start()

    def _on_run_found(self, run: RunFolder) -> None:
        self._workspace.choose_run(run)
        self.show_page("train")
        self.top_bar.set_status("The last run was broken off. It can be continued from where it was saved.")

    def _on_run_ended(self, end: object) -> None:
        self._status_timer.stop()
        self._show_status()

    def _show_status(self) -> None:
        trainer = self._trainer
        line = status_line(trainer.history, running=trainer.running, wish=trainer.wish)
        self.top_bar.set_status(line)
        self.top_bar.set_progress(share_done(trainer.history) if trainer.running else None)

    # --- what is shown -----------------------------------------------------------------------------------------

    def _on_project_opened(self) -> None:
        if not self._trainer.running:
            self.top_bar.set_status("")
        self.show_page(next(iter(self._entries)))

    def _on_project_changed(self) -> None:
        workspace = self._workspace
        opened = workspace.project is not None
        place = str(workspace.path or "Not saved yet")
        self.top_bar.set_project(workspace.title, modified=workspace.modified, place=place)
        self.setWindowTitle(f"{workspace.title}[*] - Thaw" if opened else "Thaw")
        self.setWindowModified(opened and workspace.modified)
        self.menus.set_project_open(opened)
        self._show_front()
        self._show_problems()

    def _on_page_state_changed(self) -> None:
        for key, page in self._pages.items():
            problems = page.presenter.problems
            self.sidebar.set_page_mark(key, mark_of(page.presenter.state, problems), problems)
        self._show_problems()

    def _show_problems(self) -> None:
        made = [(key, self._pages[key]) for key in self._entries if key in self._pages]
        found = [(key, problem) for key, page in made for problem in page.presenter.problems]
        if not self._workspace.project:
            self.strip.show_calm("", fine=False)
        elif found:
            self.strip.show_problems([problem for _, problem in found], found[0][0])
        else:
            self.strip.show_calm("Nothing to mend", fine=self.next_unbuilt() is None)
        self._allow_training([problem for _, problem in found])

    def _allow_training(self, problems: Sequence[str]) -> None:
        ready, tooltip = False, "Trains the model on your rows, stage by stage (Ctrl+R)"
        if self._trainer.running:
            tooltip = "A run is under way"
        elif self._workspace.project is None:
            tooltip = "Open a project first"
        elif problems:
            tooltip = "Before training, mend this:\n" + "\n".join(f"• {problem}" for problem in problems)
        else:
            ready = True
        self.top_bar.set_train(enabled=ready, tooltip=tooltip)
        self.menus.set_trainable(ready)

    def _on_summaries_changed(self) -> None:
        trainer = self._trainer
        rows = run_rows(
            self._summaries.summaries,
            under_way=trainer.folder if trainer.running else None,
            history=trainer.history,
            today=datetime.date.today(),
        )
        self.sidebar.set_runs(rows, str(self._workspace.run.path) if self._workspace.run else "")

    def _on_run_wished(self, key: str) -> None:
        self._workspace.choose_run(RunFolder(Path(key)))
        self.show_page("train")

    # --- the window's own events -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell of the first time the window is drawn."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a project or a data file."""
        if openable_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        path = openable_in(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self._actions.open_path(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, once what has to be asked was answered."""
        if not self._may_close:
            event.ignore()
            self._actions.leave(self._close_now)
            return
        self._settings.geometry = bytes(self.saveGeometry().data())
        self._settings.save()
        self.closing.emit()
        event.accept()

    def _close_now(self) -> None:
        self._may_close = True
        QTimer.singleShot(0, self.close)
