"""The boxes that ask for files on the Try it page, and before something is lost."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from trainer_core.data.kinds import DATA_PATTERNS

TEXT_FILES = f"Files with texts ({DATA_PATTERNS});;All files (*)"
PREDICTION_FILES = "CSV (*.csv);;TSV (*.tsv);;JSON lines (*.jsonl)"


class FileBoxes:
    """Asks with the system's file boxes, above the window of ``parent``."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def choose_texts(self, folder: Path) -> Path | None:
        """Ask for a file with texts; None when the user changed their mind."""
        title = "Choose a file with texts"
        name, _ = QFileDialog.getOpenFileName(self._parent.window(), title, str(folder), TEXT_FILES)
        return Path(name) if name else None

    def choose_answers(self, folder: Path) -> Path | None:
        """Ask for a file with texts and the right answers; None when the user changed their mind."""
        title = "Choose a file with texts and the right answers"
        name, _ = QFileDialog.getOpenFileName(self._parent.window(), title, str(folder), TEXT_FILES)
        return Path(name) if name else None

    def choose_target(self, suggestion: Path) -> Path | None:
        """Ask where the predictions go; whether a file may be replaced is asked by ``may_replace``."""
        name, _ = QFileDialog.getSaveFileName(
            self._parent.window(),
            "Save the predictions as",
            str(suggestion),
            PREDICTION_FILES,
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(".csv")

    def may_replace(self, path: Path) -> bool:
        """Ask whether a file that is there may be replaced."""
        loss = "Replacing it loses what is in it now."
        return self._may(f"{path.name} is there already.", loss, "&Replace it", "&Keep it")

    def may_forget_verdicts(self, count: int) -> bool:
        """Ask whether all verdicts on answers may be taken back."""
        what = "Take back your verdict?" if count == 1 else f"Take back all {count:,} verdicts?"
        loss = "They are removed from the run's folder, with the answers they were on. This cannot be undone."
        return self._may(what, loss, "&Take back", "&Keep")

    def _may(self, what: str, loss: str, go: str, keep: str) -> bool:
        """Ask whether something may be done that loses something; whoever presses Enter or Esc keeps it."""
        box = QMessageBox(self._parent.window())
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Thaw")
        box.setText(what)
        box.setInformativeText(loss)
        done = box.addButton(go, QMessageBox.ButtonRole.AcceptRole)
        kept = box.addButton(keep, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(kept)
        box.setEscapeButton(kept)
        box.exec()
        return box.clickedButton() is done
