"""The bar above the pages: which project, what the run is doing, and the buttons that start and stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import GAP, muted, plain_button, primary_button, set_kind, strong


class TopBar(QFrame):
    """Shows what it is told; tells what was clicked."""

    train_wished = Signal()
    stop_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "topbar")
        self._name = strong()
        self._modified = muted("edited")
        self._modified.setWordWrap(False)
        self._modified.setToolTip("There are changes that are not saved yet (Ctrl+S saves them)")
        self._status = ElidedLabel()
        self._status.setAccessibleDescription("What the run is doing")
        set_kind(self._status, "muted")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 1000)
        self._progress.setAccessibleName("Progress of the run")
        self.train_button = primary_button("&Train", "mdi6.play")
        self.stop_button = plain_button("Sto&p", "mdi6.stop")
        self.train_button.clicked.connect(self.train_wished)
        self.stop_button.clicked.connect(self.stop_wished)
        self._lay_out()
        self.set_progress(None)

    def _lay_out(self) -> None:
        run = QVBoxLayout()
        run.setSpacing(4)
        run.addStretch(1)
        run.addWidget(self._status)
        run.addWidget(self._progress)
        run.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GAP + 2, GAP + 2, 2 * GAP, GAP + 2)
        layout.setSpacing(GAP)
        layout.addWidget(self._name)
        layout.addWidget(self._modified)
        layout.addSpacing(3 * GAP)
        layout.addLayout(run, 1)
        layout.addSpacing(2 * GAP)
        layout.addWidget(self.stop_button)
        layout.addWidget(self.train_button)

    def set_project(self, name: str, *, modified: bool, place: str) -> None:
        """Show the project's name, whether it has unsaved changes, and as a tooltip where it lies."""
        self._name.setText(name)
        self._name.setToolTip(place)
        self._modified.setVisible(modified)

    def set_status(self, text: str) -> None:
        """Show what the run is doing."""
        self._status.set_whole_text(text)

    @property
    def status(self) -> str:
        """What is said of the run."""
        return self._status.whole_text

    def set_progress(self, share: float | None) -> None:
        """Show how much of the run is done, from 0 to 1; None hides the bar."""
        self._progress.setVisible(share is not None)
        if share is not None:
            self._progress.setValue(round(1000 * share))

    def set_train(self, *, enabled: bool, tooltip: str) -> None:
        """Let the user train, or say why not."""
        self.train_button.setEnabled(enabled)
        self.train_button.setToolTip(tooltip)

    def set_stop(self, *, enabled: bool, stopping: bool) -> None:
        """Let the user stop the run; while it is ending the button says so."""
        self.stop_button.setEnabled(enabled)
        self.stop_button.setText("Stopping…" if stopping else "Sto&p")
        waiting = "The run ends after the step at hand; the best checkpoint is kept"
        idle = "Ends the run after the step at hand and keeps the best checkpoint (Ctrl+.)"
        self.stop_button.setToolTip(waiting if stopping else idle)
