"""The values that all adapters of a plan share, each with a sentence that tells what it is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop_app.pages.stages.adapter_words import AdapterForm
from desktop_app.widgets.controls import Choice, Decimal, Whole
from desktop_app.widgets.field import Field
from desktop_app.widgets.kit import GAP, Card, muted
from trainer_core.project.schema import AdapterKind, Quantisation

QUANTISATION_TIP = (
    "In 4 bits the frozen matrices beside adapters take an eighth of their memory while training (QLoRA); steps are "
    "slower, and the model begins a little worse"
)
KINDS = {AdapterKind.LORA.value: "LoRA", AdapterKind.RSLORA.value: "rsLoRA", AdapterKind.DORA.value: "DoRA"}

QUANTISATIONS = {Quantisation.NONE.value: "Full precision", Quantisation.NF4.value: "4 bits (NF4)"}


class AdapterCard(Card):
    """Shows and asks for the kind, rank, alpha and dropout of adapters, and how the matrices are kept beside them."""

    edited = Signal(str, object)
    """The field and its new value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Adapters", parent)
        self.amount = muted()
        self.amount.setWordWrap(False)
        self.add_title_widget(self.amount)
        self.fields = {field.name: field for field in _fields()}
        self.words = {name: muted() for name in self.fields}
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(4)
        for column, (name, field) in enumerate(self.fields.items()):
            field.edited.connect(self.edited)
            grid.addWidget(field, 0, column)
            grid.addWidget(self.words[name], 1, column, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(column, 1)
        self.body.addLayout(grid)

    def show_form(self, form: AdapterForm | None) -> None:
        """Show other values and forget what was refused; None hides the card."""
        self.setVisible(form is not None)
        if form is None:
            return
        for name, field in self.fields.items():
            field.set_value(getattr(form, name))
            self.words[name].setText(getattr(form, f"{name}_words"))
        self.amount.setText(form.amount)

    def refuse(self, name: str, text: str) -> None:
        """Show at a field why its value was not taken."""
        self.fields[name].refuse(text)


def _fields() -> tuple[Field, ...]:
    return (
        Field("kind", "&Kind", Choice(KINDS), "How what an adapter has learnt is joined with its matrix"),
        Field("rank", "Ran&k", Whole(1, 1_024), "More can be learnt, and more memory is needed; 8 to 32 suits most"),
        Field("alpha", "Alpha", Whole(1, 65_536), "Louder adapters learn in bigger steps; twice the rank is usual"),
        Field("dropout", "Dropout", Decimal(0.0, 0.99, 0.05), "Holds against overfitting on few rows; 0.05 is usual"),
        Field("quantisation", "&Matrices", Choice(QUANTISATIONS), QUANTISATION_TIP),
    )
