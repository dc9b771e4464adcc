"""The box that shows a model's own code, file by file, and lets it run once all of it was looked at."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_app.widgets.kit import GAP, muted, plain_button, primary_button, wrapping_label
from trainer_core.models.foreign_code import ModelCode

SIZE = (860, 600)
WARNING = "Allowed, this code runs with all your rights, as if you had started it yourself. Nothing of it has run yet."
LIST_LETTERS = 26


class CodeDialog(QDialog):
    """Shows code; tells when the user allows it.

    Args:
        code: of the model, as it lies in its folder.
    """

    allowed = Signal(object)
    """The user allows this to run: the ModelCode."""

    def __init__(self, code: ModelCode, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"The code of {code.folder.name}")
        self.resize(*SIZE)
        self._code = code
        self._seen: set[int] = set()
        self.files = QListWidget()
        self.files.setAccessibleName("Files of code")
        self.files.setToolTip("Every file has to be looked at before the code can be allowed")
        self.files.addItems([file.name for file in code.files])
        self.files.setSpacing(3)
        self.files.setFixedWidth(self.fontMetrics().averageCharWidth() * LIST_LETTERS)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName("The code of the chosen file")
        self.left = muted()
        self.allow = primary_button("&Allow this code")
        self.allow.setToolTip("From now on the model is loaded by this code, until a file of it changes")
        self.refuse = plain_button("&Don't allow")
        self.refuse.setToolTip("Runs nothing; the model cannot be used")
        self.refuse.setDefault(True)
        self.files.currentRowChanged.connect(self._on_file_chosen)
        self.allow.clicked.connect(self._on_allow_clicked)
        self.refuse.clicked.connect(self.reject)
        self._lay_out()
        self.files.setCurrentRow(0)

    def _on_file_chosen(self, row: int) -> None:
        self._seen.add(row)
        self.text.setPlainText(self._code.files[row].shown)
        unseen = len(self._code.files) - len(self._seen)
        self.left.setText(f"{unseen} more to look at" if unseen else f"SHA-256 {self._code.sha256[:16]}…")
        self.allow.setEnabled(unseen == 0)

    def _on_allow_clicked(self) -> None:
        self.allowed.emit(self._code)
        self.accept()

    def _lay_out(self) -> None:
        parts = QHBoxLayout()
        parts.setSpacing(GAP)
        parts.addWidget(self.files)
        parts.addWidget(self.text, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.left, 1)
        buttons.addWidget(self.refuse)
        buttons.addWidget(self.allow)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(2 * GAP)
        layout.addWidget(wrapping_label(WARNING))
        layout.addLayout(parts, 1)
        layout.addLayout(buttons)
