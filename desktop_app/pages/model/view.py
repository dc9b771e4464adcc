"""The widgets of the model page: the starter models, the one in use, its settings, and other ways to a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_app.pages.model.choice_panel import OthersPanel, StartersPanel
from desktop_app.pages.model.code_dialog import CodeDialog
from desktop_app.pages.model.facts_panel import FactsPanel
from desktop_app.pages.model.settings_panel import SettingsPanel
from desktop_app.pages.page_views import ProjectPage
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, EmptyState, PageFrame

if TYPE_CHECKING:
    from desktop_app.pages.model.contract import ModelSettings
    from trainer_core.models.facts import ModelFacts, StarterModel
    from trainer_core.models.foreign_code import ModelCode

NARROW = 120
"""Below so many letters of width, the cards stand below each other."""


class ModelView(ProjectPage):
    """The page."""

    folder_wanted = Signal()
    code_allowed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.starters = StartersPanel()
        self.others = OthersPanel()
        self.facts = FactsPanel()
        self.settings = SettingsPanel()
        self.starter_chosen = self.starters.starter_chosen
        self.hub_chosen = self.others.hub_chosen
        self.others.folder_wanted.connect(self.folder_wanted)
        self.max_length_chosen = self.settings.max_length_chosen
        self.pooling_chosen = self.settings.pooling_chosen
        self.retry_wanted = self.facts.retry_wanted
        self.convert_wanted = self.facts.convert_wanted
        self.code_wanted = self.facts.code_wanted
        empty = EmptyState(
            "mdi6.cube-outline",
            "No project yet",
            "Begin on the Data page; then choose here which model learns from your rows.",
        )
        self.set_frame(self._make_frame(), empty)

    # --- what the presenter shows ------------------------------------------------------------------------------

    def show_starters(self, models: Sequence[StarterModel]) -> None:
        """Show the starter models."""
        self.starters.show_starters(models)

    def show_starters_error(self, error: Exception) -> None:
        """Show why there are no starter models."""
        self.starters.notice.show_error(error)

    def show_settings(self, settings: ModelSettings) -> None:
        """Show what the project says."""
        self.show_frame()
        self.starters.show_source(settings.source)
        self.others.show_source(settings.source)
        self.facts.show_source(settings.source)
        self.settings.show_settings(settings)

    def show_busy(self) -> None:
        """Show that the model is being looked at; no facts."""
        self.facts.show_busy()

    def show_facts(self, facts: ModelFacts) -> None:
        """Show what is known of the model."""
        self.facts.show_facts(facts)

    def show_facts_error(self, error: Exception) -> None:
        """Show why the model cannot be used; no facts."""
        self.facts.show_error(error)

    def show_code(self, code: ModelCode) -> None:
        """Show the code that the model brings in a box, which lets the user allow it."""
        dialog = CodeDialog(code, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.allowed.connect(self.code_allowed)
        dialog.open()

    def ask_for_folder(self, title: str, folder: Path) -> Path | None:
        """Let the user choose a folder."""
        name = QFileDialog.getExistingDirectory(self, title, str(folder))
        return Path(name) if name else None

    # --- layout ------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the cards below each other where there is no room beside."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW * self.fontMetrics().averageCharWidth()
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._content.setDirection(way)

    def _make_frame(self) -> PageFrame:
        frame = PageFrame("Model", "Begin with a model that has read much text already; it learns your task on top.")
        inner = QWidget()
        whole = QVBoxLayout(inner)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(2 * GAP)
        self._content = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._content.setSpacing(2 * GAP)
        self._content.addLayout(_column(self.facts), 1)
        self._content.addLayout(_column(self.settings, self.others), 1)
        whole.addWidget(self.starters)
        whole.addLayout(self._content)
        whole.addStretch(1)
        self.starters.table.setMinimumHeight(self.fontMetrics().height() * 7)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        frame.body.addWidget(self.notice)
        frame.body.addWidget(area, 1)
        return frame


def _column(*widgets: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(2 * GAP)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return column
