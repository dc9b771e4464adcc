"""Where one says which of two answers is better: a row of buttons under a turn. Decides nothing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.pages.try_it.chat.verdict_words import NAMES, QUESTION, TIPS, TITLES
from desktop_app.theme import palette_icon
from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.kit import GAP, muted, plain_button
from trainer_core.results.verdicts import Verdict

CHOSEN, FREE = "mdi6.check-circle", "mdi6.circle-outline"


class VerdictRow(QWidget):
    """A question and its answers, of which at most one is chosen."""

    clicked = Signal(object)
    """A ``Verdict``, also the one that is chosen already."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        question = muted(QUESTION)
        question.setWordWrap(False)
        self.buttons = {verdict: plain_button(TITLES[verdict], FREE) for verdict in Verdict}
        layout = FlowLayout(self, spacing=GAP, row_spacing=GAP // 2)
        layout.addWidget(question)
        for verdict, button in self.buttons.items():
            button.setCheckable(True)
            button.setAccessibleName(NAMES[verdict])
            button.setToolTip(TIPS[verdict])
            button.clicked.connect(lambda _=False, verdict=verdict: self.clicked.emit(verdict))
            layout.addWidget(button)
        self.hide()

    def show_verdict(self, verdict: Verdict | None) -> None:
        """Show which is chosen, or that none is; a mark tells it too, not only the colour."""
        for mine, button in self.buttons.items():
            button.setChecked(mine is verdict)
            button.setIcon(palette_icon(CHOSEN if mine is verdict else FREE))
