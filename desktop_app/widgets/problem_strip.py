"""The strip at the window's foot: what has to be mended before training, and what is done in the background."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QWidget

from desktop_app.widgets.kit import GAP, glyph, muted, plain_button, set_kind


class ProblemStrip(QFrame):
    """Shows problems at the left and background work at the right."""

    problem_clicked = Signal(str)
    """The key of the page that has the first problem."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "strip")
        self._page = ""
        self._alert = glyph("mdi6.alert-circle-outline", 12, "glyph-error")
        self._fine = glyph("mdi6.check", 12, "glyph-ok")
        self._button = plain_button("")
        set_kind(self._button, "link")
        self._button.clicked.connect(self._on_button_clicked)
        self._calm = muted()
        self._calm.setWordWrap(False)
        self._work = muted()
        self._work.setWordWrap(False)
        self._spinner = QProgressBar()
        self._spinner.setRange(0, 0)
        self._spinner.setTextVisible(False)
        self._spinner.setFixedWidth(72)
        self._spinner.setAccessibleName("Background work")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 4, 2 * GAP, 4)
        layout.setSpacing(6)
        for widget in (self._alert, self._fine, self._button, self._calm):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self._work)
        layout.addWidget(self._spinner)
        self.setMinimumHeight(self.fontMetrics().height() + 18)
        self.show_calm("", fine=False)
        self.set_work("")

    def show_problems(self, problems: Sequence[str], page: str) -> None:
        """Show how many problems there are and the first of them; a click leads to ``page``."""
        self._page = page
        count = f"{len(problems)} problems: " if len(problems) > 1 else ""
        self._button.setText((count + problems[0]).replace("&", "&&"))
        self._button.setToolTip("\n".join([*problems, "", "Click to go where the first one is mended."]))
        self._button.setAccessibleName(count + problems[0])
        self._set_visible(alert=True, fine=False)

    def show_calm(self, text: str, *, fine: bool) -> None:
        """Show that nothing has to be mended; ``fine`` adds a check mark."""
        self._calm.setText(text)
        self._set_visible(alert=False, fine=fine)

    @property
    def text(self) -> str:
        """What the strip says at its left."""
        return self._calm.text() if self._button.isHidden() else self._button.text().replace("&&", "&")

    def set_work(self, name: str) -> None:
        """Show what is done in the background; empty for nothing."""
        self._work.setText(f"{name}…" if name else "")
        self._spinner.setVisible(bool(name))

    @property
    def work(self) -> str:
        """What the strip says at its right."""
        return self._work.text()

    def _set_visible(self, *, alert: bool, fine: bool) -> None:
        self._alert.setVisible(alert)
        self._button.setVisible(alert)
        self._fine.setVisible(fine and not alert)
        self._calm.setVisible(not alert)

    def _on_button_clicked(self) -> None:
        self.problem_clicked.emit(self._page)
