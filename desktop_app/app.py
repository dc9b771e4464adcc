"""The composition root: every object of the window is made here and handed to those who need it.

Importing this module, and painting the window, imports none of torch, transformers, datasets, sklearn and pyqtgraph:
pages are made after the first paint, and the libraries are loaded after that, in the background.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractSpinBox, QApplication

from desktop_app.background.jobs import Jobs
from desktop_app.background.trainer import Trainer
from desktop_app.core_access import Core, LocalCore
from desktop_app.dialogs import Dialogs
from desktop_app.main_window import MainWindow
from desktop_app.menus import Menus
from desktop_app.pages import welcome
from desktop_app.pages.base import Page, PageEntry
from desktop_app.project_actions import ProjectActions
from desktop_app.settings import Settings
from desktop_app.theme import Theme
from desktop_app.widgets.kit import inset_spin_box
from desktop_app.workspace import Workspace
from trainer_core.resources import resources_folder, starter_projects

WARM_UP = "Loading the libraries"
"""The job that imports torch and its kin."""
END_SECONDS = 30.0
"""How long the end of the program waits for a run that was asked to end."""

PAGES = (
    ("data", "Data", "mdi6.table"),
    ("model", "Model", "mdi6.cube-outline"),
    ("layers", "Layers", "mdi6.layers-triple-outline"),
    ("stages", "Stages", "mdi6.stairs-up"),
    ("train", "Train", "mdi6.chart-line"),
    ("try_it", "Try it", "mdi6.message-text-outline"),
)
"""The pages in the order of the work: key, title, icon."""


@dataclass(frozen=True)
class Shell:
    """The objects of one window. Keep it as long as the window lives."""

    jobs: Jobs
    workspace: Workspace
    trainer: Trainer
    theme: Theme
    actions: ProjectActions
    window: MainWindow

    def close(self) -> None:
        """Bring all background work to its end; for after the window was closed."""
        if not self.trainer.stopping:
            self.trainer.put_aside()
        self.trainer.wait(END_SECONDS)
        self.jobs.close()


def build_shell(
    app: QApplication,
    *,
    core: Core,
    settings: Settings,
    dialogs: Dialogs,
    entries: Callable[[Workspace, Theme, Trainer], list[PageEntry]] | None = None,
) -> Shell:
    """Make the window and what it stands on; it is not shown yet."""
    theme = Theme(settings.theme)
    theme.apply(app)
    jobs = Jobs()
    workspace = Workspace(core, jobs)
    trainer = Trainer(workspace)
    trainer.running_changed.connect(workspace.forecaster.set_training)
    actions = ProjectActions(workspace, trainer, dialogs, settings, starter_projects())
    window = MainWindow(
        workspace,
        trainer,
        theme,
        actions=actions,
        settings=settings,
        menus=Menus(actions, trainer, theme, dialogs=dialogs, settings=settings),
        welcome=welcome.build_page(actions, theme),
        entries=(entries or page_entries)(workspace, theme, trainer),
    )
    dialogs.parent = window
    jobs.failed.connect(dialogs.show_error)
    return Shell(jobs, workspace, trainer, theme, actions, window)


def page_entries(workspace: Workspace, theme: Theme, trainer: Trainer) -> list[PageEntry]:
    """Return the pages, to be made when they are needed."""
    return [PageEntry(key, title, icon, partial(_build, key, workspace, theme, trainer)) for key, title, icon in PAGES]


def _build(key: str, workspace: Workspace, theme: Theme, trainer: Trainer) -> Page:
    module = import_module(f"desktop_app.pages.{key}")
    page: Page = module.build_page(workspace, theme, trainer) if key == "train" else module.build_page(workspace, theme)
    for box in page.view.findChildren(QAbstractSpinBox):
        inset_spin_box(box)
    return page


class StartUp(QObject):
    """What happens after the first paint: the pages one by one, the project that was named, then the libraries."""

    finished = Signal()
    """Everything is made; the libraries may still be loading."""

    def __init__(self, shell: Shell, project: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._project = project
        self._waiting = list(shell.window.page_titles)
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._on_turn)
        shell.window.painted.connect(self._on_painted)

    def _on_painted(self) -> None:
        if self._project is not None:
            self._shell.actions.open_path(self._project)
        self._timer.start()

    def _on_turn(self) -> None:
        if self._waiting:
            key = self._waiting.pop(0)
            self._timer.start()  # before the page, so that one that cannot be made does not take the others with it
            self._shell.window.ensure_page(key)
            return
        self._shell.jobs.start(WARM_UP, self._shell.workspace.core.warm_up, _ignore)
        self._shell.workspace.tasks.learn()
        self.finished.emit()


def _ignore(result: object) -> None:
    """Take an answer that says nothing."""


class ErrorReporter(QObject):
    """Shows errors that nobody handled, from whatever thread they come; the window goes on."""

    _raised = Signal(object)

    def __init__(self, dialogs: Dialogs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dialogs = dialogs
        self._raised.connect(self._on_raised)
        self._seen: set[str] = set()

    def install(self) -> None:
        """Take over from Python's own hooks."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if isinstance(error, Exception):
            self._raised.emit(error)

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def _on_raised(self, error: Exception) -> None:
        """Show an error once: one that a timer raises ten times a second must not bury the window in boxes."""
        words = f"{type(error).__name__}: {error}"
        if words not in self._seen:
            self._seen.add(words)
            self._dialogs.show_error(error)


def run_window(project: Path | None = None, *, core: Core | None = None) -> int:
    """Show the window until it is closed; return the exit code."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Thaw")
    app.setDesktopFileName("thaw")
    app.setWindowIcon(_window_icon())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    dialogs = Dialogs()
    reporter = ErrorReporter(dialogs)
    reporter.install()
    shell = build_shell(app, core=core or LocalCore(), settings=Settings.load(), dialogs=dialogs)
    start_up = StartUp(shell, project)
    shell.window.show()
    try:
        return app.exec()
    finally:
        start_up.deleteLater()
        shell.close()
        reporter.uninstall()


def _window_icon() -> QIcon:
    icon = QIcon()
    for file in sorted((resources_folder() / "icons").glob("*.png")):
        icon.addFile(str(file))
    return icon
