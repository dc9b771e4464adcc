"""The tree of layers: boxes, a search that keeps what was unfolded, and marks that need no colour."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QRegularExpression,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from desktop_app.adapters.layer_leaves import LayerState
from desktop_app.adapters.layer_model import ADAPTER_ROLE, NODE_ROLE, SEARCH_ROLE, STATE_ROLE, Column, LayerModel
from desktop_app.theme import Theme
from desktop_app.widgets.layer_delegate import ROW_AIR, LayerDelegate
from trainer_core.layers.tree import LayerKind, LayerNode

MOST_NAME_LETTERS = 42
MOST_SEARCHED = 256


class LayerTreeView(QTreeView):
    """Shows a ``LayerModel`` through a search.

    Space ticks the current row, whichever column it stands in; with Shift it puts adapters there, or takes them away.
    """

    current_changed = Signal()
    """Another row is the current one, or what learns in it changed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unfolded: set[str] = set()
        self._listening = True
        self.filter = QSortFilterProxyModel(self)
        self.filter.setFilterRole(SEARCH_ROLE)
        self.filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.filter.setRecursiveFilteringEnabled(True)
        self.filter.setAutoAcceptChildRows(True)
        self.setModel(self.filter)
        self.setItemDelegate(LayerDelegate(theme, self))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Layers of the model")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)

    def show_layers(self, model: LayerModel) -> None:
        """Show a model."""
        self.filter.setSourceModel(model)
        model.modelReset.connect(self._on_model_reset)
        model.dataChanged.connect(self.current_changed)
        self.selectionModel().currentChanged.connect(self.current_changed)
        self._dress_header()
        self._on_model_reset()

    @property
    def current_path(self) -> str | None:
        """The path of the current layer, empty for the whole model; None without one."""
        node = self.currentIndex().data(NODE_ROLE)
        return node.path if node is not None else None

    @property
    def current_adapter(self) -> bool | None:
        """Whether beside all matrices of the current layer an adapter learns; None where none can."""
        found = self.currentIndex().data(ADAPTER_ROLE)
        return found if isinstance(found, bool) else None

    def switch_adapter(self) -> None:
        """Put adapters beside all matrices of the current layer, or take them away where all have one."""
        on = self.current_adapter
        if on is not None:
            self.filter.setData(self.currentIndex(), not on, ADAPTER_ROLE)

    @property
    def is_searching(self) -> bool:
        """Whether some layers are hidden because they do not match."""
        return bool(self.filter.filterRegularExpression().pattern())

    def search(self, text: str) -> None:
        """Show only the layers that hold all these words in their path or meaning, with what is above and below.

        What is longer than any layer's words is cut: no expression may be as long as what can be pasted.
        """
        words = [QRegularExpression.escape(word) for word in dict.fromkeys(text[:MOST_SEARCHED].split())]
        self._listening = False
        self.filter.setFilterRegularExpression("".join(f"(?=.*{word})" for word in words))
        if words:
            self.expandAll()
            self._listening = True
        else:
            self._unfold()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def changeEvent(self, event: QEvent) -> None:
        """Fit the columns to another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.model() is not None:
            self._fit_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tick the current row on Space, or switch its adapters; leave the rest to Qt."""
        index = self.currentIndex().siblingAtColumn(Column.NAME)
        if event.key() != Qt.Key.Key_Space or not index.isValid():
            super().keyPressEvent(event)
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.switch_adapter()
            return
        checked = index.data(STATE_ROLE) is LayerState.LEARNING
        after = Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked
        self.filter.setData(index, after.value, Qt.ItemDataRole.CheckStateRole)

    def _dress_header(self) -> None:
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(60)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(Column.MEANING, QHeaderView.ResizeMode.Stretch)
        header.setSectionsMovable(False)
        header.setHighlightSections(False)

    def _fit_columns(self) -> None:
        """Make columns as wide as their longest text, folded rows included, so that unfolding moves nothing."""
        nodes = self._nodes()
        if not nodes:
            return
        metrics = self.fontMetrics()
        box = self.indentation() + 2 * metrics.height() + ROW_AIR
        depths: list[int] = []
        for node in nodes:
            depths.append(depths[node.parent] + 1 if node.parent >= 0 else 0)
        name = max(
            metrics.horizontalAdvance(node.name) + depth * self.indentation()
            for node, depth in zip(nodes, depths, strict=True)
        )
        longest = {
            Column.NAME: min(name + box, metrics.averageCharWidth() * MOST_NAME_LETTERS),
            Column.PARAMETERS: metrics.horizontalAdvance(f"{nodes[0].parameter_count:,}"),
            Column.SHARE: metrics.horizontalAdvance("< 0.01 %"),
            Column.LEARNS: metrics.horizontalAdvance("learning") + 2 * metrics.height() + ROW_AIR,
        }
        for column, width in longest.items():
            self.setColumnWidth(column, max(width + 2 * ROW_AIR, self.header().sectionSizeHint(column)))

    def _on_model_reset(self) -> None:
        nodes = self._nodes()
        self._fit_columns()
        if not self._unfolded & {node.path for node in nodes if node.path}:
            self._unfolded = _first_unfolded(nodes)
        if self.is_searching:
            self.expandAll()
        else:
            self._unfold()
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self.filter.index(0, 0))

    def _on_expanded(self, index: QModelIndex) -> None:
        if self._listening and not self.is_searching:
            self._unfolded.add(index.data(NODE_ROLE).path)

    def _on_collapsed(self, index: QModelIndex) -> None:
        if self._listening and not self.is_searching:
            self._unfolded.discard(index.data(NODE_ROLE).path)

    def _unfold(self) -> None:
        """Unfold exactly what was unfolded before a search or a reset."""
        self._listening = False
        self.collapseAll()
        model = self.filter.sourceModel()
        for node in self._nodes():
            if node.path in self._unfolded and isinstance(model, LayerModel):
                self.expand(self.filter.mapFromSource(model.index_of(node)))
        self._listening = True

    def _nodes(self) -> tuple[LayerNode, ...]:
        model = self.filter.sourceModel()
        tree = model.tree if isinstance(model, LayerModel) else None
        return tree.nodes if tree else ()


def _first_unfolded(nodes: tuple[LayerNode, ...]) -> set[str]:
    """Return the paths of all nodes above the blocks, so that the blocks can be seen at once."""
    blocks = next((node.path for node in nodes if node.kind is LayerKind.BLOCKS), "")
    return {node.path for node in nodes if not node.path or f"{blocks}.".startswith(f"{node.path}.")}
