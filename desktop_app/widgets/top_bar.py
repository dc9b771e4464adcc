"""The bar above the pages: which project, what the run is doing, and the buttons that start and stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop_app.theme import palette_icon
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import GAP, muted, plain_button, primary_button, set_kind, strong
from trainer_core.training.control import ENDING, Wish

PAUSE, CONTINUE, FINISH = "Pa&use", "Contin&ue", "Finis&h now"
_PAUSE = "Waits after the step at hand; the model stays in memory, so predictions go on (Ctrl+P)"
_GO_ON = "Goes on from where it waits (Ctrl+P)"
_FINISH = "Ends the run after the step at hand and keeps the best checkpoint (Ctrl+.)"
_ENDING = "The run ends after the step at hand"


class TopBar(QFrame):
    """Shows what it is told; tells what was clicked."""

    train_wished = Signal()
    pause_wished = Signal()
    continue_wished = Signal()
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
        self.pause_button = plain_button(PAUSE, "mdi6.pause")
        self.stop_button = plain_button(FINISH, "mdi6.stop")
        self.train_button.clicked.connect(self.train_wished)
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.stop_button.clicked.connect(self.stop_wished)
        self._pausing = False
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
        layout.addWidget(self.pause_button)
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

    def set_run(self, *, running: bool, wish: Wish) -> None:
        """Let the user pause and finish the run; what was wished the buttons say at once."""
        ending = running and wish in ENDING
        self._pausing = running and wish is Wish.PAUSE
        self.pause_button.setEnabled(running and not ending)
        self.pause_button.setText(CONTINUE if self._pausing else PAUSE)
        self.pause_button.setIcon(palette_icon("mdi6.play" if self._pausing else "mdi6.pause"))
        self.pause_button.setToolTip(_GO_ON if self._pausing else _PAUSE)
        self.stop_button.setEnabled(running and not ending)
        self.stop_button.setText("Ending…" if ending else FINISH)
        self.stop_button.setToolTip(_ENDING if ending else _FINISH)

    def _on_pause_clicked(self) -> None:
        (self.continue_wished if self._pausing else self.pause_wished).emit()
