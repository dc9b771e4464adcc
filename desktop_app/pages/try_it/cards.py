"""The smaller cards of the Try it page: examples to click, a whole file, and the command line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QPlainTextEdit, QProgressBar, QWidget

from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.kit import GAP, Card, muted, plain_button
from trainer_core.data.roles import Fields

COPIED_MILLISECONDS = 1500
BETWEEN = "  ·  "
"""Stands between the texts of an example."""


class ExamplesCard(Card):
    """Sentences that are put into the text field when clicked."""

    picked = Signal(object)
    """The texts of a row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Examples", parent)
        self._rows: tuple[Fields, ...] = ()
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setWordWrap(True)
        self.list.setAccessibleName("Example sentences")
        self.list.setToolTip("Click a sentence, or press Enter on it, to see its answer")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(1)
        self.list.itemClicked.connect(self._on_item_chosen)
        self.list.itemActivated.connect(self._on_item_chosen)
        self.body.addWidget(self.list, 1)

    def show_examples(self, rows: Sequence[Fields]) -> None:
        """Offer these rows of texts; the card hides while there are none."""
        if self._rows == tuple(rows):
            return
        self._rows = tuple(rows)
        self.list.clear()
        self.list.addItems([BETWEEN.join(row) for row in rows])
        self.setVisible(bool(rows))

    def _on_item_chosen(self, item: QListWidgetItem) -> None:
        self.picked.emit(self._rows[self.list.row(item)])


class FileCard(Card):
    """Predicts a whole file."""

    file_wished = Signal()
    evaluation_wished = Signal()
    cancel_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Many texts at once", parent)
        self.file_button = plain_button("Predict a &file...", "mdi6.file-table-outline")
        self.file_button.setToolTip(
            "Choose a file with texts; the answers go to another file, the texts stay as they are"
        )
        self.evaluation_button = plain_button("&Measure on a file...", "mdi6.ruler")
        self.evaluation_button.setToolTip(
            "Choose a file with texts and the right answers, such as a test set; the model's metrics are shown"
        )
        self.cancel_button = plain_button("Cancel", "mdi6.close")
        self.cancel_button.setToolTip("Stop predicting; no file is written")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Texts predicted")
        self._words = muted("Texts in, a CSV file with answers out; or right answers in, and how good the model is.")
        self._end = muted()
        self._end.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = FlowLayout(spacing=GAP, row_spacing=GAP)
        buttons.addWidget(self.file_button)
        buttons.addWidget(self.evaluation_button)
        progress = QHBoxLayout()
        progress.setSpacing(GAP)
        progress.addWidget(self.cancel_button)
        progress.addWidget(self.bar, 1, Qt.AlignmentFlag.AlignVCenter)
        self.body.addWidget(self._words)
        self.body.addLayout(buttons)
        self.body.addLayout(progress)
        self.body.addWidget(self._end)
        self.file_button.clicked.connect(self.file_wished)
        self.evaluation_button.clicked.connect(self.evaluation_wished)
        self.cancel_button.clicked.connect(self._on_cancel_clicked)
        self.show_end("")

    @property
    def end(self) -> str:
        """What is said of the last file, or of how far the present one is."""
        return self._end.text()

    def show_progress(self, done: int, total: int) -> None:
        """Show how far a file is; ``total`` is 0 where nobody knows yet."""
        self._show_running(running=True)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self._say(f"{done:,} of {total:,} texts" if total else "Opening the file")

    def show_end(self, text: str) -> None:
        """Say how a file ended; nothing when empty."""
        self._show_running(running=False)
        self._say(text)

    def _say(self, text: str) -> None:
        self._end.setText(text)
        self._end.setVisible(bool(text))

    def _show_running(self, *, running: bool) -> None:
        self.file_button.setVisible(not running)
        self.evaluation_button.setVisible(not running)
        self.bar.setVisible(running)
        if self.cancel_button.isHidden() == running:
            self.cancel_button.setVisible(running)
            self.cancel_button.setEnabled(True)
            self.cancel_button.setText("Cancel")

    def _on_cancel_clicked(self) -> None:
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText("Cancelling...")
        self.cancel_wished.emit()


class CommandCard(Card):
    """The command that gives the same answer without the window."""

    copy_wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Without the window", parent)
        self._command = QPlainTextEdit()
        self._command.setReadOnly(True)
        self._command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._command.setAccessibleName("Command")
        self._command.setTabChangesFocus(True)
        self._command.setToolTip("Gives the same answer in a terminal, on this computer or on a server")
        self._command.setFixedHeight(self.fontMetrics().lineSpacing() * 4 + 16)
        self.copy_button = plain_button("&Copy", "mdi6.content-copy")
        self.copy_button.setToolTip("Copy the command, to paste it into a terminal")
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self._copied = QTimer(self, singleShot=True, interval=COPIED_MILLISECONDS)
        self._copied.timeout.connect(self._on_copied_long_ago)
        self.body.addWidget(self._command)
        self.body.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def command(self) -> str:
        """The command."""
        return self._command.toPlainText()

    def show_command(self, command: str) -> None:
        """Show another command."""
        if command != self.command:
            self._command.setPlainText(command)

    def _on_copy_clicked(self) -> None:
        self.copy_wished.emit(self.command)
        self.copy_button.setText("Copied")
        self._copied.start()

    def _on_copied_long_ago(self) -> None:
        self.copy_button.setText("&Copy")
