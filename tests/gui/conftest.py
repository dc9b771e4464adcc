"""What tests of the window share: the fake core, dialogs that answer by themselves, and a window on stub pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop_app.app import PAGES, Shell, build_shell
from desktop_app.dialogs import Dialogs, Unsaved
from desktop_app.pages.base import Page, PageEntry, PageState
from desktop_app.settings import Settings
from tests.support.fake_core import FakeCore, small_project
from trainer_core.project.save import save_project


class FakeDialogs(Dialogs):
    """Answers at once, and notes what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.errors: list[BaseException] = []
        self.file: Path | None = None
        self.place: Path | None = None
        self.unsaved = Unsaved.DISCARD
        self.stop = True

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

    def ask_to_stop(self) -> bool:
        """Return the prepared answer."""
        self.asked.append("stop")
        return self.stop

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
    dialogs.unsaved, dialogs.stop = Unsaved.DISCARD, True
    made.window.hide()
    made.window.deleteLater()
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)


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
