"""The menu bar: every action with its shortcut, and which of them may be used at the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from desktop_app.background.trainer import Trainer
from desktop_app.dialogs import Dialogs
from desktop_app.project_actions import ProjectActions
from desktop_app.settings import Settings
from desktop_app.theme import Theme, ThemeChoice
from trainer_core.training.control import ENDING, Wish

Keys = QKeySequence | QKeySequence.StandardKey | str


class MenuWindow(Protocol):
    """What the menus need of the window they are in."""

    @property
    def page_titles(self) -> Mapping[str, str]:
        """The pages' titles by their keys, in the order of the navigation."""
        ...

    def menuBar(self) -> QMenuBar:
        """Return the bar that holds the menus."""
        ...

    def close(self) -> bool:
        """Ask what has to be asked, and close."""
        ...

    def train(self) -> None:
        """Start a run, if one may be started."""
        ...

    def show_page(self, key: str, /) -> None:
        """Bring a page to the front."""
        ...


class Menus(QObject):
    """Makes the menus of one window."""

    def __init__(
        self,
        actions: ProjectActions,
        trainer: Trainer,
        theme: Theme,
        *,
        dialogs: Dialogs,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._actions, self._trainer, self._theme = actions, trainer, theme
        self._dialogs, self._settings = dialogs, settings
        actions.recent_changed.connect(self._on_recent_changed)

    def fill(self, window: MenuWindow) -> None:
        """Put the menus into a window."""
        self._fill_file(window)
        self._fill_run(window)
        self._fill_view(window)
        helping = window.menuBar().addMenu("&Help")
        _add(helping, "&About Thaw", self._dialogs.show_about, tip="Says which version this is")

    def set_project_open(self, opened: bool) -> None:
        """Allow what needs a project."""
        for action in (self._save, self._save_as, *self._page_actions):
            action.setEnabled(opened)

    def set_trainable(self, trainable: bool) -> None:
        """Allow training."""
        self._train.setEnabled(trainable)

    def set_run(self, *, running: bool, wish: Wish) -> None:
        """Allow what can be wished of a run."""
        ending = wish in ENDING
        for action in (self._pause, self._put_aside, self._finish):
            action.setEnabled(running and not ending)
        self._discard.setEnabled(running and wish is not Wish.DISCARD)
        self._pause.setText("&Continue" if running and wish is Wish.PAUSE else "&Pause")

    def _fill_file(self, window: MenuWindow) -> None:
        menu = window.menuBar().addMenu("&File")
        standard = QKeySequence.StandardKey
        _add(menu, "&New from data file…", self._actions.new, standard.New, "Begins a project on a data file")
        _add(menu, "&Open…", self._actions.open, standard.Open, "Opens a project file")
        self._recent = menu.addMenu("Open &recent")
        examples = menu.addMenu("Open an &example")
        for place, example in enumerate(self._actions.examples()):
            _add(examples, example.title, partial(self._actions.open_example, place), tip=example.text)
        menu.addSeparator()
        self._save = _add(menu, "&Save", self._on_save_wished, standard.Save, "Writes the project to its file")
        self._save_as = _add(
            menu, "Save &as…", self._on_save_as_wished, "Ctrl+Shift+S", "Writes the project to another file"
        )
        menu.addSeparator()
        leave = _add(menu, "&Quit", window.close, "Ctrl+Q", "Closes Thaw; asks about unsaved changes first")
        leave.setMenuRole(QAction.MenuRole.QuitRole)
        self._on_recent_changed()

    def _fill_run(self, window: MenuWindow) -> None:
        menu = window.menuBar().addMenu("&Run")
        self._train = _add(menu, "&Train", window.train, "Ctrl+R", "Trains the model on your rows, stage by stage")
        menu.addSeparator()
        self._pause = _add(menu, "&Pause", self._on_pause_wished, "Ctrl+P", "Waits with the model in memory")
        tip = "Saves where the run stands and gives its memory back; it can be continued later"
        self._put_aside = _add(menu, "Put &aside and give the memory back", self._trainer.put_aside, tip=tip)
        tip = "Ends the run after the step at hand and keeps the best"
        self._finish = _add(menu, "&Finish now and keep the best", self._trainer.stop, "Ctrl+.", tip)
        tip = "Ends the run and removes everything that it saved"
        self._discard = _add(menu, "&Discard…", self._on_discard_wished, tip=tip)
        self.set_run(running=False, wish=Wish.GO_ON)

    def _fill_view(self, window: MenuWindow) -> None:
        menu = window.menuBar().addMenu("&View")
        self._page_actions = [
            _add(menu, title, partial(window.show_page, key), f"Ctrl+{number}", f"Shows the page {title}")
            for number, (key, title) in enumerate(window.page_titles.items(), start=1)
        ]
        menu.addSeparator()
        looks = menu.addMenu("&Theme")
        group = QActionGroup(looks)
        for choice, title in _LOOKS.items():
            action = _add(looks, title, partial(self._choose_look, choice))
            action.setCheckable(True)
            action.setChecked(choice is self._theme.choice)
            group.addAction(action)

    def _choose_look(self, choice: ThemeChoice) -> None:
        self._theme.choose(choice)
        self._settings.theme = choice
        self._settings.save()

    def _on_pause_wished(self) -> None:
        if self._trainer.wish is Wish.PAUSE:
            self._trainer.go_on()
        else:
            self._trainer.pause()

    def _on_discard_wished(self) -> None:
        folder = self._trainer.folder
        if self._dialogs.ask_to_discard(folder.path if folder else None):
            self._trainer.discard()

    def _on_save_wished(self) -> None:
        self._actions.save()

    def _on_save_as_wished(self) -> None:
        self._actions.save_as()

    def _on_recent_changed(self) -> None:
        self._recent.clear()
        paths = list(self._actions.recent())
        for number, path in enumerate(paths, start=1):
            title = f"&{number}  {path.name}  ({_short(path.parent)})"
            _add(self._recent, title, partial(self._actions.open_path, path), tip=str(path))
        self._recent.setEnabled(bool(paths))


_LOOKS = {
    ThemeChoice.SYSTEM: "As the &system",
    ThemeChoice.LIGHT: "&Light",
    ThemeChoice.DARK: "&Dark",
}


def _add(menu: QMenu, title: str, act: Callable[[], object], keys: Keys | None = None, tip: str = "") -> QAction:
    action = QAction(title, menu)
    if keys is not None:
        action.setShortcut(QKeySequence(keys))
    action.setToolTip(tip)
    action.triggered.connect(lambda: act())
    menu.addAction(action)
    menu.setToolTipsVisible(True)
    return action


def _short(folder: Path) -> str:
    try:
        return f"~/{folder.relative_to(Path.home()).as_posix()}"
    except ValueError:
        return str(folder)
