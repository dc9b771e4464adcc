"""The widgets of the Layers page. No logic: setters show, signals ask."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.adapters.layer_model import LayerModel
from desktop_app.pages.layers.presets import PresetRow
from desktop_app.pages.layers.summary import SummaryCard
from desktop_app.pages.layers.words import LayersSummary
from desktop_app.pages.page_views import WaitingPage
from desktop_app.theme import Theme
from desktop_app.widgets.adapter_button import AdapterButton
from desktop_app.widgets.kit import GAP, muted, plain_button
from desktop_app.widgets.layer_tree import LayerTreeView

ONLY_TIP = "This layer learns and all others are frozen"
FREEZE_TIP = "This layer and all that come before it, nearer to the text, are frozen"


class LayersPage(WaitingPage):
    """The tree of layers, what its ticks come to, and ready-made choices."""

    stage_picked = Signal(int)
    preset_wished = Signal(str)
    top_wished = Signal(int)
    adapters_wished = Signal(int)
    only_wished = Signal(str)
    freeze_up_to_wished = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        words = "Ticked layers learn; the others keep what they know, also where an adapter learns beside them."
        super().__init__("Layers", words, icon="mdi6.layers-triple", parent=parent)
        self._theme = theme
        self.tree = LayerTreeView(theme)
        self.stages = QComboBox()
        self.set_content(self._build_content(), self._build_stage_picker())
        self.tree.current_changed.connect(self._on_current_changed)
        self.tree.customContextMenuRequested.connect(self._on_menu_requested)

    # --- setters -----------------------------------------------------------------------------------------------

    def set_model(self, model: LayerModel) -> None:
        """Show this model in the tree."""
        self.tree.show_layers(model)

    def set_undo_actions(self, undo: QAction, redo: QAction) -> None:
        """Offer these two, with their usual keys."""
        undo.setShortcuts([QKeySequence("Ctrl+Z")])
        redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        for action, icon, name in ((undo, "mdi6.undo", "Undo"), (redo, "mdi6.redo", "Redo")):
            action.setIcon(self._theme.icon(icon))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self.addAction(action)
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(f"{name} the last change of layers")
            self._history.addWidget(button)

    def set_stages(self, names: Sequence[str], chosen: int) -> None:
        """Offer these stages."""
        labels = [f"{place + 1} · {name}" for place, name in enumerate(names)]
        with QSignalBlocker(self.stages):
            if labels != [self.stages.itemText(place) for place in range(self.stages.count())]:
                self.stages.clear()
                self.stages.addItems(labels)
            self.stages.setCurrentIndex(chosen)

    def set_block_count(self, count: int) -> None:
        """Offer the top 1 to ``count`` blocks."""
        self.presets.set_block_count(count)

    def set_adaptable(self, adaptable: bool) -> None:
        """Offer adapters, or not."""
        self.presets.set_adaptable(adaptable)

    def set_summary(self, summary: LayersSummary) -> None:
        """Show what the ticks come to."""
        self.summary.show_summary(summary)

    def set_forecast(self, words: ForecastWords | None) -> None:
        """Show what the chosen stage will take; None while that is unknown."""
        self.summary.show_forecast(words)

    # --- building ----------------------------------------------------------------------------------------------

    def _build_stage_picker(self) -> QWidget:
        self.stages.setAccessibleName("Stage whose layers are shown")
        self.stages.setToolTip("Ticks hold for this stage of the plan; the other stages keep theirs")
        self.stages.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.stages.setMaximumWidth(40 * GAP)
        self.stages.activated.connect(self.stage_picked)
        label = QLabel("&Stage")
        label.setBuddy(self.stages)
        picker = QWidget()
        row = QHBoxLayout(picker)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(label)
        row.addWidget(self.stages)
        return picker

    def _build_content(self) -> QWidget:
        self.summary = SummaryCard()
        self.presets = PresetRow()
        self.presets.preset_wished.connect(self.preset_wished)
        self.presets.top_wished.connect(self.top_wished)
        self.presets.adapters_wished.connect(self.adapters_wished)
        self.found = muted()
        self.found.hide()
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP + 4)
        layout.addWidget(self.summary)
        layout.addWidget(self.problem)
        layout.addWidget(self.presets)
        layout.addLayout(self._build_search())
        layout.addWidget(self.found)
        layout.addWidget(self.tree, 1)
        return page

    def _build_search(self) -> QHBoxLayout:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find layers, for example attention or block 3")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find layers")
        self.search.setToolTip("Shows only layers whose name or meaning holds these words (Ctrl+F)")
        self.search.textChanged.connect(self._on_search_changed)
        find = QAction("Find layers", self)
        find.setShortcut(QKeySequence.StandardKey.Find)
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.triggered.connect(self._on_find_triggered)
        self.addAction(find)
        self.only = _tip(plain_button("Train &only this"), ONLY_TIP)
        self.only.clicked.connect(self._on_only_clicked)
        self.freeze = _tip(plain_button("&Freeze up to here"), FREEZE_TIP)
        self.freeze.clicked.connect(self._on_freeze_clicked)
        self.adapter = AdapterButton(self.tree)
        self._history = QHBoxLayout()
        self._history.setSpacing(2)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.search, 1)
        row.addWidget(self.only)
        row.addWidget(self.freeze)
        row.addWidget(self.adapter)
        row.addLayout(self._history)
        row.setAlignment(self._history, Qt.AlignmentFlag.AlignVCenter)
        return row

    # --- what widgets say --------------------------------------------------------------------------------------

    def _on_only_clicked(self) -> None:
        if self.tree.current_path is not None:
            self.only_wished.emit(self.tree.current_path)

    def _on_freeze_clicked(self) -> None:
        if self.tree.current_path is not None:
            self.freeze_up_to_wished.emit(self.tree.current_path)

    def _on_find_triggered(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _on_current_changed(self) -> None:
        chosen = self.tree.current_path is not None
        self.only.setEnabled(chosen)
        self.freeze.setEnabled(chosen)

    def _on_search_changed(self, text: str) -> None:
        self.tree.search(text)
        nothing = self.tree.is_searching and self.tree.filter.rowCount() == 0
        hidden = "Layers that do not match are hidden; a tick on one above them holds for them too."
        self.found.setText("No layer matches." if nothing else hidden)
        self.found.setVisible(self.tree.is_searching)

    def _on_menu_requested(self, place: QPoint) -> None:
        index = self.tree.indexAt(place)
        if index.isValid():
            menu = self.build_menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.tree.viewport().mapToGlobal(place))

    def build_menu(self) -> QMenu:
        """Return the menu of the current layer."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for text, tip, slot in (
            ("Train &only this", ONLY_TIP, self._on_only_clicked),
            ("&Freeze up to here", FREEZE_TIP, self._on_freeze_clicked),
        ):
            action = menu.addAction(text, slot)
            action.setToolTip(tip)
        words = "Take the &adapter away" if self.tree.current_adapter else "Put an &adapter (LoRA) here"
        switch = menu.addAction(f"{words}\tShift+Space", self.tree.switch_adapter)
        switch.setToolTip(self.adapter.tip)
        switch.setEnabled(self.tree.current_adapter is not None)
        menu.addSeparator()
        menu.addAction("&Unfold all below", self._on_unfold_triggered)
        return menu

    def _on_unfold_triggered(self) -> None:
        self.tree.expandRecursively(self.tree.currentIndex().siblingAtColumn(0))


def _tip(button: QPushButton, tip: str) -> QPushButton:
    button.setToolTip(tip)
    button.setEnabled(False)
    return button
