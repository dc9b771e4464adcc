"""The button that puts adapters into the current layer of a tree, or takes them away."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_app.theme import palette_icon
from desktop_app.widgets.layer_delegate import ADAPTER_ICON
from desktop_app.widgets.layer_tree import LayerTreeView

PUT, TAKE = "Put &adapter here", "Take &adapter away"
PUT_TIP = "What lies here in the blocks is frozen, and small matrices learn beside each of its own: LoRA (Shift+Space)"
TAKE_TIP = "The small matrices of this layer go; what they stood beside stays frozen until it is ticked (Shift+Space)"
NOWHERE_TIP = "Adapters go on matrices inside the blocks; there is none here"


class AdapterButton(QPushButton):
    """Says what it would do to the current layer; as wide as the longer of its texts, so that nothing moves."""

    def __init__(self, tree: LayerTreeView, parent: QWidget | None = None) -> None:
        super().__init__(PUT, parent)
        self._tree = tree
        self.setIcon(palette_icon(ADAPTER_ICON))
        self.clicked.connect(tree.switch_adapter)
        tree.current_changed.connect(self._on_current_changed)
        self._on_current_changed()

    @property
    def tip(self) -> str:
        """What switching the current layer's adapters leads to."""
        on = self._tree.current_adapter
        return NOWHERE_TIP if on is None else TAKE_TIP if on else PUT_TIP

    def sizeHint(self) -> QSize:
        """Return a size in which both texts have room."""
        width = self.fontMetrics().horizontalAdvance
        longest = max(width(text.replace("&", "")) for text in (PUT, TAKE))
        return super().sizeHint() + QSize(longest - width(self.text().replace("&", "")), 0)

    def minimumSizeHint(self) -> QSize:
        """Return the size hint."""
        return self.sizeHint()

    def _on_current_changed(self) -> None:
        self.setText(TAKE if self._tree.current_adapter else PUT)
        self.setAccessibleName(self.text().replace("&", ""))
        self.setToolTip(self.tip)
        self.setEnabled(self._tree.current_adapter is not None)
