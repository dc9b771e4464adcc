"""The box in which a running stage is changed: which layers learn from its next step on, and how fast."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_app.adapters.layer_model import LayerModel
from desktop_app.adapters.layer_words import format_share
from desktop_app.theme import Theme
from desktop_app.widgets.adapter_button import AdapterButton
from desktop_app.widgets.kit import GAP, muted, plain_button, primary_button, set_kind, wrapping_label
from desktop_app.widgets.layer_tree import LayerTreeView
from trainer_core.layers.freeze import describe_trainable, freeze_state
from trainer_core.layers.tree import LayerTree
from trainer_core.project.schema import HIGHEST_RATE
from trainer_core.stages.changes import ChangeWish
from trainer_core.stages.plan import StagePlan

SIZE = (720, 560)
WORDS = "Ticked layers learn from the next step on. The stages after this one stay as planned."
NO_RATE = f"Write a number above 0 and at most {HIGHEST_RATE:g}, such as 2e-5."
NO_LAYER = "Tick at least one layer: something has to learn."


class StageChangeDialog(QDialog):
    """Shows a stage as it is, and tells what shall be otherwise.

    Args:
        tree: the model's layers, with the adapters that the run has; no others can learn in it.
        stage: as it is now.
        theme: for the marks of the tree.
    """

    wished = Signal(object)
    """The user wants this: a ChangeWish."""

    def __init__(self, tree: LayerTree, stage: StagePlan, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Change the stage {stage.name}")
        self.resize(*SIZE)
        self._tree = tree
        self._stage = stage
        self.model = LayerModel(self)
        self.model.set_tree(tree)
        self.model.set_trainable(stage.trainable)
        self.layers = LayerTreeView(theme)
        self.layers.show_layers(self.model)
        self.adapter = AdapterButton(self.layers)
        self.adapter.setVisible(self.model.tree is not tree)
        self.rate = QLineEdit(f"{stage.learning_rate:g}")
        self.rate.setAccessibleName("Learning rate")
        self.rate.setToolTip("The highest of the stage; its schedule goes on from here")
        self.amount = muted()
        self.why = wrapping_label("")
        set_kind(self.why, "glyph-error")
        self.change_button = primary_button("C&hange")
        self.change_button.setToolTip("Holds from the next step on; what stays ticked goes on learning as it was")
        self.cancel_button = plain_button("&Cancel")
        self.cancel_button.setToolTip("Changes nothing; the run goes on meanwhile")
        self._lay_out()
        self.model.ticked.connect(self._show)
        self.rate.textChanged.connect(self._show)
        self.change_button.clicked.connect(self._on_change_clicked)
        self.cancel_button.clicked.connect(self.reject)
        self._show()

    @property
    def wish(self) -> ChangeWish | None:
        """What is to be changed; None where the fields hold nothing that can be done."""
        rate, trainable = self._rate(), self.model.trainable
        if rate is None or not trainable:
            return None
        rules = None
        if trainable != frozenset(self._stage.trainable):
            rules = tuple(describe_trainable(freeze_state(self._tree, trainable), self._tree))
        return ChangeWish(rules, None if rate == self._stage.learning_rate else rate)

    def _rate(self) -> float | None:
        try:
            rate = float(self.rate.text())
        except ValueError:
            return None
        return rate if math.isfinite(rate) and 0.0 < rate <= HIGHEST_RATE else None

    def _show(self) -> None:
        state = freeze_state(self._tree, self.model.trainable)
        self.amount.setText(f"{state.trained:,} of {state.total:,} parameters learn, {format_share(state.share)}")
        why = NO_LAYER if not state.trainable else NO_RATE if self._rate() is None else ""
        self.why.setText(why)
        self.why.setVisible(bool(why))
        self.change_button.setEnabled(self.wish not in (None, ChangeWish()))

    def _on_change_clicked(self) -> None:
        self.wished.emit(self.wish)
        self.accept()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Learning &rate", self.rate)
        above = QHBoxLayout()
        above.setSpacing(GAP)
        above.addWidget(muted(WORDS), 1)
        above.addWidget(self.adapter)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.amount, 1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.change_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(2 * GAP)
        layout.addLayout(above)
        layout.addWidget(self.layers, 1)
        layout.addLayout(form)
        layout.addWidget(self.why)
        layout.addLayout(buttons)
