"""Every question the window asks in a box of its own; passed in, so that tests can answer without a box."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QWidget

from desktop_app.widgets.error_dialog import ErrorDialog
from trainer_core import __version__
from trainer_core.data.kinds import DATA_PATTERNS

PROJECT_SUFFIX = ".thaw"


class Unsaved(StrEnum):
    """What to do with changes that were not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class LeaveRun(StrEnum):
    """What to do with a run under way when its project is left."""

    PUT_ASIDE = "put aside"
    FINISH = "finish"
    GO_ON = "go on"


class Dialogs:
    """The real boxes. ``parent`` is the window they belong to."""

    def __init__(self) -> None:
        self.parent: QWidget | None = None

    def choose_data_file(self, folder: Path) -> Path | None:
        """Ask for a data file; None when the user changed their mind."""
        return self.choose_file("Choose a data file", folder, f"Data files ({DATA_PATTERNS});;All files (*)")

    def choose_project(self, folder: Path) -> Path | None:
        """Ask for a project file."""
        return self.choose_file("Open a project", folder, f"Thaw projects (*{PROJECT_SUFFIX});;All files (*)")

    def choose_file(self, title: str, folder: Path, patterns: str = "All files (*)") -> Path | None:
        """Ask for an existing file."""
        name, _ = QFileDialog.getOpenFileName(self.parent, title, str(folder), patterns)
        return Path(name) if name else None

    def choose_place(self, suggestion: Path) -> Path | None:
        """Ask where a project shall be saved."""
        name, _ = QFileDialog.getSaveFileName(
            self.parent, "Save the project as", str(suggestion), f"Thaw projects (*{PROJECT_SUFFIX})"
        )
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(PROJECT_SUFFIX)

    def ask_unsaved(self, title: str) -> Unsaved:
        """Ask what to do with changes that were not saved."""
        box = _question(self.parent, f"Save the changes to {title}?", "Without saving, the changes are lost.")
        save = _answer(box, "&Save", QMessageBox.ButtonRole.AcceptRole)
        discard = _answer(box, "&Don't save", QMessageBox.ButtonRole.DestructiveRole)
        cancel = _answer(box, "&Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(cancel)
        box.exec()
        clicked = box.clickedButton()
        if clicked is save:
            return Unsaved.SAVE
        return Unsaved.DISCARD if clicked is discard else Unsaved.CANCEL

    def ask_to_leave_run(self) -> LeaveRun:
        """Ask what shall become of the run under way."""
        box = _question(
            self.parent,
            "A run is under way.",
            "Put aside, it is saved where it stands and can be continued later, as if nothing had happened. Finished "
            "now, its best checkpoint so far becomes its model.",
        )
        aside = _answer(box, "&Put it aside", QMessageBox.ButtonRole.AcceptRole)
        finish = _answer(box, "&Finish it now", QMessageBox.ButtonRole.AcceptRole)
        go_on = _answer(box, "&Go on training", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(go_on)
        box.setEscapeButton(go_on)
        box.exec()
        answers = {aside: LeaveRun.PUT_ASIDE, finish: LeaveRun.FINISH}
        return answers.get(box.clickedButton(), LeaveRun.GO_ON)  # type: ignore[call-overload, no-any-return]

    def ask_to_discard(self, folder: Path | None) -> bool:
        """Ask whether a run and all that it saved shall go."""
        there = f"{folder} is removed, with its checkpoints." if folder else "It has saved nothing yet."
        box = _question(self.parent, "Discard the run under way?", f"{there} This cannot be taken back.")
        discard = _answer(box, "&Discard", QMessageBox.ButtonRole.DestructiveRole)
        keep = _answer(box, "&Keep", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.exec()
        return box.clickedButton() is discard

    def show_error(self, error: BaseException) -> None:
        """Show an error in its three layers; returns at once."""
        dialog = ErrorDialog(error, self.parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_about(self) -> None:
        """Say what Thaw is."""
        text = (
            f"<h3>Thaw {__version__}</h3>"
            "<p>Fine-tunes pretrained language models on your own machine. Your texts never leave it.</p>"
            "<p>Apache License 2.0</p>"
        )
        QMessageBox.about(self.parent, "About Thaw", text)


def _question(parent: QWidget | None, text: str, more: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Thaw")
    box.setText(text)
    box.setInformativeText(more)
    return box


def _answer(box: QMessageBox, text: str, role: QMessageBox.ButtonRole) -> QPushButton:
    return box.addButton(text, role)
