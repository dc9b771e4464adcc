"""The layer tree as a Qt item model with tri-state boxes, and adapters as one state more. Knows no widget.

Adapters are no rows: they count to the matrix that they stand beside. Nodes are addressed by ``LayerNode.id``, their
position in depth-first order.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop_app.adapters.layer_leaves import LayerLeaves, LayerState
from desktop_app.adapters.layer_ranges import rows_of, sibling_runs
from desktop_app.adapters.layer_words import describe_node, format_share
from trainer_core.layers.adapters import without_adapters
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
    "How many numbers it holds, those of adapters that learn in it included",
    "Its part of the whole model",
    "Whether training changes this layer, or an adapter beside it",
)
_CHECKS = {LayerState.LEARNING: Qt.CheckState.Checked, LayerState.FROZEN: Qt.CheckState.Unchecked}

NODE_ROLE = Qt.ItemDataRole.UserRole
"""The ``LayerNode`` of a row."""
STATE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The ``LayerState`` of a row, in every column."""
SHARE_ROLE = Qt.ItemDataRole.UserRole + 2
"""The part of the whole model that a row is, 0 to 1, in every column."""

SEARCH_ROLE = Qt.ItemDataRole.UserRole + 3
"""The text in which a search looks for a row, in every column."""
ADAPTERS_ROLE = Qt.ItemDataRole.UserRole + 4
"""The number of adapters that learn in a row, in every column."""
ADAPTER_ROLE = Qt.ItemDataRole.UserRole + 5
"""Whether beside all matrices of a row an adapter learns, in every column; None where none can. Can be set."""

_CHANGED_ROLES = [
    Qt.ItemDataRole.CheckStateRole.value,
    Qt.ItemDataRole.DisplayRole.value,
    Qt.ItemDataRole.ToolTipRole.value,
    Qt.ItemDataRole.AccessibleTextRole.value,
    int(STATE_ROLE),
    int(ADAPTERS_ROLE),
    int(ADAPTER_ROLE),
]


class LayerModel(QAbstractItemModel):
    """Shows which layers of a model learn, and takes ticks.

    The root of the tree is the only top-level row.
    """

    ticked = Signal(str)
    """The user changed what learns in a layer, by its box or an adapter: its path, empty for the whole model."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._leaves: LayerLeaves | None = None
        self._rows: list[int] = []

    # --- what is shown -----------------------------------------------------------------------------------------

    @property
    def tree(self) -> LayerTree | None:
        """The layers shown, without adapters."""
        return self._leaves.tree if self._leaves else None

    @property
    def whole(self) -> LayerTree | None:
        """The layers with all adapters that can learn beside them."""
        return self._leaves.whole if self._leaves else None

    @property
    def trainable(self) -> frozenset[str]:
        """The names of the parameters that learn, those of adapters included."""
        return self._leaves.trainable if self._leaves else frozenset()

    def set_tree(self, tree: LayerTree | None) -> None:
        """Show the layers of another model, all frozen. A tree like the one shown changes nothing.

        Where it has adapters, they can learn; other adapters in a model like the one shown reset nothing.
        """
        known = self._leaves
        if known is not None and tree is known.whole:
            return
        if tree is None or known is None or without_adapters(tree) != known.tree:
            self._reset(LayerLeaves(tree) if tree else None)
        elif tree != known.whole:
            self._leaves = known.moved_to(tree)
            self._tell({node.id for node in known.tree.nodes})

    def _reset(self, leaves: LayerLeaves | None) -> None:
        if leaves is self._leaves:
            return
        self.beginResetModel()
        self._leaves = leaves
        self._rows = rows_of(leaves.tree) if leaves else []
        self.endResetModel()

    def set_trainable(self, names: Iterable[str]) -> None:
        """Show that exactly these parameters, and those tied to them, learn; only what changed is told."""
        if self._leaves is not None:
            self._tell(self._leaves.take(names))

    def state_of(self, node: LayerNode) -> LayerState:
        """Return what training does to a layer."""
        return self._leaves.state(node) if self._leaves else LayerState.FROZEN

    def node(self, index: Index) -> LayerNode | None:
        """Return the node of an index of this model."""
        return self._leaves.tree.nodes[index.internalId()] if self._leaves is not None and index.isValid() else None

    def index_of(self, node: LayerNode, column: int = Column.NAME) -> QModelIndex:
        """Return the index of a node."""
        return self.createIndex(self._rows[node.id], column, node.id)

    # --- QAbstractItemModel ------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """Return the index of a child."""
        if self._leaves is None or not 0 <= column < len(HEADERS) or parent.column() > 0:
            return QModelIndex()
        children = self._leaves.tree.nodes[parent.internalId()].children if parent.isValid() else (0,)
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        """Return the index of the node above one."""
        node = self.node(index)
        if node is None or node.parent < 0:
            return QModelIndex()
        return self.createIndex(self._rows[node.parent], 0, node.parent)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of children."""
        if self._leaves is None or parent.column() > 0:
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
        node, leaves = self.node(index), self._leaves
        if node is None or leaves is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(node, leaves, index.column())
        if role == Qt.ItemDataRole.CheckStateRole:
            checked = _CHECKS.get(leaves.state(node), Qt.CheckState.PartiallyChecked)
            return checked if index.column() == Column.NAME else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(node, leaves)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(node, leaves, index.column())
        return _own_data(node, leaves, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a tick, by which all of a node learns or is frozen, or a wish for adapters in it."""
        node, leaves = self.node(index), self._leaves
        if node is None or leaves is None:
            return False
        if role == ADAPTER_ROLE and leaves.places(node):
            touched = leaves.adapt(node, on=bool(value))
        elif role == Qt.ItemDataRole.CheckStateRole and index.column() == Column.NAME:
            touched = leaves.tick(node, on=Qt.CheckState(value) is not Qt.CheckState.Unchecked)
        else:
            return False
        self._tell(touched)
        self.ticked.emit(node.path)
        return True

    # --- inside ------------------------------------------------------------------------------------------------

    def _text(self, node: LayerNode, leaves: LayerLeaves, column: int) -> str:
        if column == Column.NAME:
            return node.name
        if column == Column.MEANING:
            return describe_node(node, leaves.tree)
        if column == Column.PARAMETERS:
            return f"{node.parameter_count + leaves.added(node):,}"
        if column == Column.SHARE:
            return format_share(_share(node, leaves))
        return leaves.state(node).value

    def _tip(self, node: LayerNode, leaves: LayerLeaves) -> str:
        lines = [node.path or "model", self._text(node, leaves, Column.MEANING)]
        lines.append(f"{leaves.learning(node):,} of {node.leaf_count:,} tensors learn")
        adapters = leaves.adapters(node)
        if adapters:
            learn = "an adapter learns" if adapters == 1 else f"{adapters:,} adapters learn"
            lines.append(f"{learn} beside what is frozen: {leaves.added(node):,} numbers")
        return "\n".join(line for line in lines if line)

    def _spoken(self, node: LayerNode, leaves: LayerLeaves, column: int) -> str:
        state = leaves.state(node)
        beside = leaves.adapters(node) and state is not LayerState.ADAPTED
        learns = f"{state.value}, with adapters" if beside else state.value
        if column != Column.NAME:
            return learns if column == Column.LEARNS else self._text(node, leaves, column)
        meaning = self._text(node, leaves, Column.MEANING)
        return ", ".join(part for part in (node.name, meaning, learns) if part)

    def _tell(self, touched: set[int]) -> None:
        """Tell of nodes whose cells say something else now."""
        for first, last in sibling_runs(self._leaves.tree, touched) if self._leaves and touched else ():
            self.dataChanged.emit(self.index_of(first), self.index_of(last, Column.LEARNS), _CHANGED_ROLES)


def _own_data(node: LayerNode, leaves: LayerLeaves, role: int) -> Any:
    if role == NODE_ROLE:
        return node
    if role == STATE_ROLE:
        return leaves.state(node)
    if role == SHARE_ROLE:
        return _share(node, leaves)
    if role == ADAPTERS_ROLE:
        return leaves.adapters(node)
    if role == ADAPTER_ROLE:
        places = leaves.places(node)
        return leaves.adapters(node) == places if places else None
    return f"{node.path} {node.description}" if role == SEARCH_ROLE else None


def _share(node: LayerNode, leaves: LayerLeaves) -> float:
    total = leaves.tree.parameter_count
    return node.parameter_count / total if total else 0.0


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (Column.PARAMETERS, Column.SHARE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
