"""Opening, beginning, saving and leaving a project: the flows behind the File menu, the welcome page and drops.

Knows the dialogs by their interface and no widget. Leaving is asked for with what shall happen afterwards, because a
run that has to end first ends later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QMimeData, QObject, Signal

from desktop_app.dialogs import PROJECT_SUFFIX, Dialogs, LeaveRun, Unsaved
from desktop_app.settings import Settings
from desktop_app.workspace import Workspace
from trainer_core.data.kinds import DATA_KINDS
from trainer_core.errors import InputError, ThawError
from trainer_core.resources import StarterProject
from trainer_core.runs.folder import RunFolder, is_run_folder

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance


class RunControl(Protocol):
    """What is needed of the trainer here."""

    running_changed: SignalInstance

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        ...

    def stop(self) -> None:
        """Wish for its end, with its best weights kept."""
        ...

    def put_aside(self) -> None:
        """Wish for it to be saved where it stands, to go on later."""
        ...


class ProjectActions(QObject):
    """What the user can do with whole projects."""

    recent_changed = Signal()

    def __init__(
        self,
        workspace: Workspace,
        trainer: RunControl,
        dialogs: Dialogs,
        settings: Settings,
        examples: Sequence[StarterProject],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._trainer = trainer
        self._dialogs = dialogs
        self._settings = settings
        self._examples = tuple(examples)
        self._after_run: Callable[[], None] | None = None
        trainer.running_changed.connect(self._on_running_changed)
        workspace.project_opened.connect(self._on_project_opened)

    # --- opening -----------------------------------------------------------------------------------------------

    def new(self) -> None:
        """Ask for a data file and begin a project on it."""
        path = self._dialogs.choose_data_file(self._settings.folder)
        if path is not None:
            self.open_path(path)

    def open(self) -> None:
        """Ask for a project file and open it."""
        path = self._dialogs.choose_project(self._settings.folder)
        if path is not None:
            self.open_path(path)

    def examples(self) -> Sequence[StarterProject]:
        """Return the projects that Thaw ships with."""
        return self._examples

    def open_example(self, place: int) -> None:
        """Open one of the projects that Thaw ships with."""
        self.open_path(self._examples[place].path)

    def open_path(self, path: Path) -> None:
        """Open a project file or a run, or begin a project on a data file, once the present project may be left."""
        self.leave(lambda: self._open_now(path))

    def recent(self) -> Sequence[Path]:
        """Return the recent projects that are still there, the newest first."""
        return self._settings.recent_present()

    def _open_now(self, path: Path) -> None:
        try:
            if path.suffix.lower() == PROJECT_SUFFIX:
                self._workspace.open(path)
            elif is_run_folder(path):
                self._workspace.open_run(RunFolder(path.resolve()))
            elif path.suffix.lower() in DATA_KINDS and path.is_file():
                self._workspace.new(path)
            else:
                raise _not_openable(path)
        except ThawError as error:
            self._dialogs.show_error(error)

    # --- saving ------------------------------------------------------------------------------------------------

    def save(self) -> bool:
        """Save the project, asking where if need be; return whether it is saved."""
        if self._workspace.needs_new_place:
            return self.save_as()
        return self._save_to(None)

    def save_as(self) -> bool:
        """Ask where the project shall be saved, and save it there; return whether it is saved."""
        workspace = self._workspace
        name = workspace.path.name if workspace.path else f"project{PROJECT_SUFFIX}"
        folder = self._settings.folder if workspace.needs_new_place else workspace.folder
        path = self._dialogs.choose_place(folder / name)
        return path is not None and self._save_to(path)

    def _save_to(self, path: Path | None) -> bool:
        try:
            self._workspace.save(path)
        except ThawError as error:
            self._dialogs.show_error(error)
            return False
        self._remember()
        return True

    # --- leaving -----------------------------------------------------------------------------------------------

    def leave(self, then: Callable[[], None]) -> None:
        """Ask what has to be asked before the project is left; call ``then`` once it may be."""
        if self._trainer.running:
            answer = self._dialogs.ask_to_leave_run()
            if answer is not LeaveRun.GO_ON:
                self._after_run = then
                self._trainer.put_aside() if answer is LeaveRun.PUT_ASIDE else self._trainer.stop()
                if not self._trainer.running:
                    self._on_running_changed(False)
            return
        if self._changes_are_settled():
            then()

    def _changes_are_settled(self) -> bool:
        if not self._workspace.modified or self._workspace.project is None:
            return True
        answer = self._dialogs.ask_unsaved(self._workspace.title)
        if answer is Unsaved.SAVE:
            return self.save()
        return answer is Unsaved.DISCARD

    def _on_running_changed(self, running: bool) -> None:
        if not running and self._after_run is not None:
            then, self._after_run = self._after_run, None
            self.leave(then)

    def _on_project_opened(self) -> None:
        if self._workspace.path is not None:
            self._remember()
        else:
            self._settings.folder = self._workspace.folder

    def _remember(self) -> None:
        path = self._workspace.path
        if path is None:
            return
        self._settings.remember(path)
        if not self._workspace.needs_new_place:
            self._settings.folder = self._workspace.folder
        self._settings.save()
        self.recent_changed.emit()


def openable_in(dropped: QMimeData) -> Path | None:
    """Return the first of the dropped files that is a project or can begin one."""
    paths = [Path(url.toLocalFile()) for url in dropped.urls() if url.isLocalFile()]
    return next((path for path in paths if path.suffix.lower() in (PROJECT_SUFFIX, *DATA_KINDS)), None)


def _not_openable(path: Path) -> InputError:
    if not path.exists():
        return InputError.one(path, "There is no such file.", "Choose another one.")
    kinds = ", ".join((PROJECT_SUFFIX, *DATA_KINDS))
    return InputError.one(path, "This is neither a project nor a data file.", f"Choose a file that ends in {kinds}.")
