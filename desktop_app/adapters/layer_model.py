"""The layer tree as a Qt item model with tri-state boxes. Knows no widget.

Leaves keep one byte each; the state of a parent is a count over its contiguous leaves and is never stored. Nodes are
addressed by ``LayerNode.id``, their position in depth-first order.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from itertools import accumulate
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop_app.adapters.layer_ranges import rows_of, sibling_runs, tied_groups
from desktop_app.adapters.layer_words import describe_node, format_share
from trainer_core.layers.tree import LayerNode, LayerTree

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class Column(IntEnum):
    """The columns of the layer tree."""

    NAME = 0
    MEANING = 1
    PARAMETERS = 2
    SHARE = 3
    LEARNS = 4


HEADERS = ("Layer", "What it is", "Parameters", "Share", "Learns")
HEADER_TIPS = (
    "Ticked layers learn; the others keep what they know",
    "What this layer does, in plain words",
    "How many numbers it holds",
    "Its part of the whole model",
    "Whether training changes this layer",
)
LEARN_WORDS = {
    Qt.CheckState.Checked: "learning",
    Qt.CheckState.Unchecked: "frozen",
    Qt.CheckState.PartiallyChecked: "partly",
}

NODE_ROLE = Qt.ItemDataRole.UserRole
"""The ``LayerNode`` of a row."""
STATE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The ``Qt.CheckState`` of a row, in every column."""
SHARE_ROLE = Qt.ItemDataRole.UserRole + 2
"""The part of the whole model that a row is, 0 to 1, in every column."""

SEARCH_ROLE = Qt.ItemDataRole.UserRole + 3
"""The text in which a search looks for a row, in every column."""

_CHANGED_ROLES = [
    Qt.ItemDataRole.CheckStateRole.value,
    Qt.ItemDataRole.DisplayRole.value,
    Qt.ItemDataRole.ToolTipRole.value,
    Qt.ItemDataRole.AccessibleTextRole.value,
    int(STATE_ROLE),
]


class LayerModel(QAbstractItemModel):
    """Shows which layers of a model learn, and takes ticks.

    The root of the tree is the only top-level row.
    """

    ticked = Signal(str)
    """The user changed what learns by the box of a layer: its path, empty for the whole model."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree: LayerTree | None = None
        self._learns = bytearray()
        self._rows: list[int] = []
        self._tied: dict[int, tuple[int, ...]] = {}

    # --- what is shown -----------------------------------------------------------------------------------------

    @property
    def tree(self) -> LayerTree | None:
        """The layers shown."""
        return self._tree

    @property
    def trainable(self) -> frozenset[str]:
        """The names of the parameters that learn."""
        if self._tree is None:
            return frozenset()
        return frozenset(p.name for p, on in zip(self._tree.parameters, self._learns, strict=True) if on)

    def set_tree(self, tree: LayerTree | None) -> None:
        """Show the layers of another model, all frozen. A tree like the one shown changes nothing."""
        if tree == self._tree:
            return
        self.beginResetModel()
        self._tree = tree
        self._learns = bytearray(len(tree.parameters) if tree else 0)
        self._rows = rows_of(tree) if tree else []
        self._tied = tied_groups(tree) if tree else {}
        self.endResetModel()

    def set_trainable(self, names: Iterable[str]) -> None:
        """Show that exactly these parameters, and those tied to them, learn; only what changed is told."""
        if self._tree is None:
            return
        wanted = set(names)
        self._apply(bytearray(parameter.name in wanted for parameter in self._tree.parameters))

    def state_of(self, node: LayerNode) -> Qt.CheckState:
        """Return whether all, none, or some of a node's parameters learn."""
        on = self._count(node)
        if on == 0:
            return Qt.CheckState.Unchecked
        return Qt.CheckState.Checked if on == node.leaf_count else Qt.CheckState.PartiallyChecked

    def node(self, index: Index) -> LayerNode | None:
        """Return the node of an index of this model."""
        return self._tree.nodes[index.internalId()] if self._tree is not None and index.isValid() else None

    def index_of(self, node: LayerNode, column: int = Column.NAME) -> QModelIndex:
        """Return the index of a node."""
        return self.createIndex(self._rows[node.id], column, node.id)

    # --- QAbstractItemModel ------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """Return the index of a child."""
        if self._tree is None or not 0 <= column < len(HEADERS) or parent.column() > 0:
            return QModelIndex()
        children = self._tree.nodes[parent.internalId()].children if parent.isValid() else (0,)
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        """Return the index of the node above one."""
        if self._tree is None or not index.isValid():
            return QModelIndex()
        above = self._tree.nodes[index.internalId()].parent
        return self.createIndex(self._rows[above], 0, above) if above >= 0 else QModelIndex()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of children."""
        if self._tree is None or parent.column() > 0:
            return 0
        node = self.node(parent)
        return len(node.children) if node else 1

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of columns, the same everywhere."""
        return len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's heading, or what it tells."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HEADER_TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell: the first column has a box."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == Column.NAME else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        node = self.node(index)
        if node is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(node, index.column())
        if role == Qt.ItemDataRole.CheckStateRole:
            return self.state_of(node) if index.column() == Column.NAME else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(node)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(node, index.column())
        return self._own_data(node, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a tick: all parameters of a node, and those tied to them, learn or are frozen."""
        node = self.node(index)
        if node is None or role != Qt.ItemDataRole.CheckStateRole or index.column() != Column.NAME:
            return False
        on = Qt.CheckState(value) is not Qt.CheckState.Unchecked
        wanted = bytearray(self._learns)
        for leaf in node.leaves:
            for tied in self._tied.get(leaf, (leaf,)):
                wanted[tied] = on
        self._apply(wanted)
        self.ticked.emit(node.path)
        return True

    # --- inside ------------------------------------------------------------------------------------------------

    def _own_data(self, node: LayerNode, role: int) -> Any:
        if role == NODE_ROLE:
            return node
        if role == STATE_ROLE:
            return self.state_of(node)
        if role == SHARE_ROLE:
            return self._share(node)
        return f"{node.path} {node.description}" if role == SEARCH_ROLE else None

    def _count(self, node: LayerNode) -> int:
        return self._learns.count(1, node.first_leaf, node.first_leaf + node.leaf_count)

    def _share(self, node: LayerNode) -> float:
        total = self._tree.parameter_count if self._tree else 0
        return node.parameter_count / total if total else 0.0

    def _text(self, node: LayerNode, column: int) -> str:
        if column == Column.NAME:
            return node.name
        if column == Column.MEANING:
            return describe_node(node, self._tree) if self._tree else ""
        if column == Column.PARAMETERS:
            return f"{node.parameter_count:,}"
        if column == Column.SHARE:
            return format_share(self._share(node))
        return LEARN_WORDS[self.state_of(node)]

    def _tip(self, node: LayerNode) -> str:
        meaning = self._text(node, Column.MEANING)
        path = f"{node.path or 'model'}\n{meaning}" if meaning else node.path
        return f"{path}\n{self._count(node):,} of {node.leaf_count:,} tensors learn"

    def _spoken(self, node: LayerNode, column: int) -> str:
        if column != Column.NAME:
            return self._text(node, column)
        meaning = self._text(node, Column.MEANING)
        return ", ".join(part for part in (node.name, meaning, LEARN_WORDS[self.state_of(node)]) if part)

    def _apply(self, wanted: bytearray) -> None:
        """Adopt the leaves' states and tell of every node that holds a changed one."""
        if self._tree is None:
            return
        for group in self._tied.values():
            if any(wanted[leaf] for leaf in group):
                for leaf in group:
                    wanted[leaf] = 1
        changed = [before != after for before, after in zip(self._learns, wanted, strict=True)]
        if not any(changed):
            return
        self._learns = wanted
        until = [0, *accumulate(changed)]
        touched = {n.id for n in self._tree.nodes if until[n.first_leaf + n.leaf_count] > until[n.first_leaf]}
        for first, last in sibling_runs(self._tree, touched):
            self.dataChanged.emit(self.index_of(first), self.index_of(last, Column.LEARNS), _CHANGED_ROLES)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (Column.PARAMETERS, Column.SHARE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
