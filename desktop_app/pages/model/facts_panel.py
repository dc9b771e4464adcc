"""What is known of the chosen model, or why nothing is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop_app.pages.model.words import fact_rows, source_words
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import GAP, Card, Notice, muted, plain_button
from trainer_core.errors import ForeignCode, PickledWeights
from trainer_core.models.facts import ModelFacts


class FactsPanel(Card):
    """A card with the facts."""

    retry_wanted = Signal()
    convert_wanted = Signal()
    code_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The model in use", parent)
        self.retry = plain_button("Look &again", "mdi6.refresh")
        self.retry.setToolTip("Look at the model again, after its files or the network changed")
        self.retry.clicked.connect(self.retry_wanted)
        self.convert = plain_button("&Convert to safetensors", "mdi6.shield-check-outline")
        self.convert.setToolTip(
            "Writes its tensors into a new folder beside it, from a closed process that runs no code"
        )
        self.convert.clicked.connect(self.convert_wanted)
        self.code = plain_button("See its &code…", "mdi6.code-braces")
        self.code.setToolTip("Shows the Python code that the model brings, to read it before it may run")
        self.code.clicked.connect(self.code_wanted)
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.notice = Notice()
        self.busy = _busy()
        self._facts = QWidget()
        self._grid = QGridLayout(self._facts)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GAP)
        self._grid.setVerticalSpacing(GAP - 2)
        self._grid.setColumnStretch(1, 1)
        self._values: dict[str, ElidedLabel] = {}
        for widget in (self.name, self.notice, self.busy, self._facts):
            self.body.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.convert)
        buttons.addWidget(self.code)
        buttons.addWidget(self.retry)
        buttons.addStretch(1)
        self.body.addLayout(buttons)
        self.show_busy()

    @property
    def values(self) -> dict[str, str]:
        """The facts on screen; none while there are none."""
        if self._facts.isHidden():
            return {}
        return {name: label.whole_text for name, label in self._values.items()}

    def show_source(self, source: str) -> None:
        """Show which model the project names."""
        self.name.set_whole_text(source_words(source))

    def show_busy(self) -> None:
        """Show that the model is being looked at."""
        self._show(self.busy)

    def show_facts(self, facts: ModelFacts) -> None:
        """Show what is known."""
        for name, value, meaning in fact_rows(facts):
            if name not in self._values:
                self._add_row(name, meaning)
            self._values[name].set_whole_text(value)
        self._show(self._facts)

    def show_error(self, error: Exception) -> None:
        """Show why the model cannot be used."""
        self._show(self.notice)
        self.notice.show_error(error)
        self.convert.setVisible(isinstance(error, PickledWeights))
        self.code.setVisible(isinstance(error, ForeignCode))

    def _show(self, shown: QWidget) -> None:
        self.notice.clear()
        for widget in (self.notice, self.busy, self._facts):
            widget.setVisible(widget is shown)
        self.retry.setVisible(shown is self.notice)
        self.convert.hide()
        self.code.hide()

    def _add_row(self, name: str, meaning: str) -> None:
        row = len(self._values)
        label = muted(name)
        label.setWordWrap(False)
        label.setToolTip(meaning)
        value = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._values[name] = value
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(value, row, 1)


def _busy() -> QWidget:
    widget = QWidget()
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    bar = QProgressBar()
    bar.setRange(0, 0)
    bar.setTextVisible(False)
    bar.setAccessibleName("Looking at the model")
    layout.addWidget(muted("Looking at the model…"))
    layout.addWidget(bar)
    return widget
