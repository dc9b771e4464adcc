"""What tests of the window share: the fake core, workspaces, dialogs that answer, and a window on stub pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop_app.app import PAGES, Shell, build_shell
from desktop_app.background.jobs import Jobs
from desktop_app.background.trainer import Trainer
from desktop_app.dialogs import Dialogs, LeaveRun, Unsaved
from desktop_app.pages import train
from desktop_app.pages.base import Page, PageEntry, PageState
from desktop_app.settings import Settings
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_views import Chooser, FileAnswers
from tests.support.layers_pages import fill
from tests.support.leftovers import forgotten_items
from tests.support.runs import write_run
from tests.support.small import small_project
from trainer_core.project.save import save_project
from trainer_core.runs.folder import RunFolder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Fail a test in which Qt deleted an item of a layout that Python still knows."""
    yield
    if forgotten := forgotten_items():
        pytest.fail(f"Python knows what no layout has any more: {', '.join(forgotten)}", pytrace=False)


class FakeDialogs(Dialogs):
    """Answers at once, and notes what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.errors: list[BaseException] = []
        self.file: Path | None = None
        self.place: Path | None = None
        self.unsaved = Unsaved.DISCARD
        self.leave_run = LeaveRun.PUT_ASIDE
        self.discard = True

    def choose_file(self, title: str, folder: Path, patterns: str = "") -> Path | None:
        """Return the prepared file."""
        self.asked.append(title)
        return self.file

    def choose_place(self, suggestion: Path) -> Path | None:
        """Return the prepared place."""
        self.asked.append("place")
        return self.place

    def ask_unsaved(self, title: str) -> Unsaved:
        """Return the prepared answer."""
        self.asked.append("unsaved")
        return self.unsaved

    def ask_to_leave_run(self) -> LeaveRun:
        """Return the prepared answer."""
        self.asked.append("leave run")
        return self.leave_run

    def ask_to_discard(self, folder: Path | None) -> bool:
        """Return the prepared answer."""
        self.asked.append("discard")
        return self.discard

    def show_error(self, error: BaseException) -> None:
        """Keep the error."""
        self.errors.append(error)

    def show_about(self) -> None:
        """Note it."""
        self.asked.append("about")


class StubPresenter(QObject):
    """A presenter whose state a test sets."""

    state_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state = PageState.EMPTY
        self.problems: list[str] = []

    def become(self, state: PageState, *problems: str) -> None:
        """Take a state and tell it."""
        self.state, self.problems = state, list(problems)
        self.state_changed.emit()


@pytest.fixture
def dialogs() -> FakeDialogs:
    """Return dialogs without boxes."""
    return FakeDialogs()


@pytest.fixture
def core() -> FakeCore:
    """Return a core without torch."""
    return FakeCore()


@pytest.fixture
def workspace(qapp: QApplication, core: FakeCore) -> Iterator[Workspace]:
    """Return a workspace without a project."""
    jobs = Jobs()
    workspace = Workspace(core, jobs)
    yield workspace
    jobs.wait()
    workspace.deleteLater()
    jobs.deleteLater()


@pytest.fixture
def idle(qtbot: QtBot, workspace: Workspace) -> Callable[[], None]:
    """Return what waits until nothing is under way in the background."""
    return lambda: qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


@pytest.fixture
def open_project(workspace: Workspace, project_file: Path, idle: Callable[[], None]) -> Callable[[], None]:
    """Return what opens the project and waits until everything is known of it."""

    def open_and_wait() -> None:
        workspace.open(project_file)
        idle()

    return open_and_wait


@pytest.fixture
def ready(workspace: Workspace, open_project: Callable[[], None]) -> Workspace:
    """Return the workspace with an open project of which everything is known."""
    open_project()
    return workspace


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Return the workspace with everything known of a project that lies nowhere; no job was needed."""
    fill(workspace)
    return workspace


@pytest.fixture
def trainer(ready: Workspace, core: FakeCore) -> Iterator[Trainer]:
    """Return who trains the open project; its run is brought to an end."""
    trainer = Trainer(ready)
    yield trainer
    core.training.release()
    trainer.stop()
    assert trainer.wait(10)


@pytest.fixture
def train_page(qtbot: QtBot, ready: Workspace, trainer: Trainer) -> Page:
    """Return the Train page of the open project, shown."""
    page = train.build_page(ready, Theme(ThemeChoice.LIGHT), trainer)
    qtbot.addWidget(page.view)
    page.view.resize(1000, 740)
    page.view.show()
    return page


@pytest.fixture
def run(ready: Workspace) -> RunFolder:
    """Return a finished run of the open project."""
    return write_run(ready.runs_folder)


@pytest.fixture
def questions(tmp_path: Path) -> FileAnswers:
    """Return the answers to the questions for files, with a file of texts that is there."""
    (tmp_path / "texts.txt").write_text("\n".join(["bbb", "=1+1", "@me", "plain"] * 40), encoding="utf-8")
    return FileAnswers(tmp_path)


@pytest.fixture
def chooser() -> Chooser:
    """Return a dialog that answers with what was put in."""
    return Chooser()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a folder of their own."""
    return Settings(tmp_path / "settings" / "window.json", folder=tmp_path)


@pytest.fixture
def presenters() -> dict[str, StubPresenter]:
    """Return the presenters of the stub pages, by page, as they are made."""
    return {}


@pytest.fixture
def shell(
    qapp: QApplication,
    qtbot: QtBot,
    core: FakeCore,
    settings: Settings,
    dialogs: FakeDialogs,
    presenters: dict[str, StubPresenter],
) -> Iterator[Shell]:
    """Return a window on stub pages and everything it stands on; closed at the end without questions."""

    def build(key: str, title: str, icon: str) -> Page:
        presenters[key] = StubPresenter()
        return Page(key, title, icon, QLabel(title), presenters[key])

    def entries(*_: object) -> list[PageEntry]:
        return [
            PageEntry(key, title, icon, lambda k=key, t=title, i=icon: build(k, t, i)) for key, title, icon in PAGES
        ]

    style, sheet, palette = qapp.style().objectName(), qapp.styleSheet(), qapp.palette()
    made = build_shell(qapp, core=core, settings=settings, dialogs=dialogs, entries=entries)
    yield made
    core.engine().release()
    made.close()
    dialogs.unsaved, dialogs.leave_run = Unsaved.DISCARD, LeaveRun.PUT_ASIDE
    made.window.hide()
    made.window.deleteLater()
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)


@pytest.fixture
def real(qapp: QApplication, qtbot: QtBot, core: FakeCore, settings: Settings, dialogs: FakeDialogs) -> Iterator[Shell]:
    """Return a window on the real pages."""
    shell = build_shell(qapp, core=core, settings=settings, dialogs=dialogs)
    qtbot.addWidget(shell.window)
    yield shell
    core.training.release()
    shell.close()
    qapp.setStyleSheet("")


@pytest.fixture
def project_file(tmp_path: Path) -> Path:
    """Return a project file with its data beside it."""
    path = tmp_path / "tickets.thaw"
    save_project(small_project(), path)
    (tmp_path / "tickets.tsv").write_text("id\ttext\tcategory\n1\thello\tBilling\n", encoding="utf-8")
    return path


@pytest.fixture
def opened(shell: Shell, project_file: Path, qtbot: QtBot) -> Shell:
    """Return a shown window with an open project, all pages made and nothing under way."""
    qtbot.addWidget(shell.window)
    shell.window.show()
    shell.workspace.open(project_file)
    while (key := shell.window.next_unbuilt()) is not None:
        shell.window.ensure_page(key)
    qtbot.waitUntil(lambda: not shell.jobs.is_busy)
    return shell
