"""Whether the model reads texts of the field before its stages, and how."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from desktop_app.pages.stages.pretraining_words import PretrainingForm
from desktop_app.widgets.controls import Switch, TextLine, Whole, dress
from desktop_app.widgets.field import Field
from desktop_app.widgets.kit import GAP, Card, icon_button, muted

SWITCH = "Read texts of the field first"
SWITCH_TIP = "The model learns the words of your field before the task: worth it where these differ from plain English"


class PretrainingCard(Card):
    """Shows and asks for the values of the stage before the stages."""

    switched = Signal(object)
    edited = Signal(str, object)
    """The field and its new value."""
    texts_wished = Signal()
    """The user wants to choose a file of texts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Before the stages", parent)
        self.switch = Switch(SWITCH, off=False, on=True)
        dress(self.switch, SWITCH, SWITCH_TIP)
        self.switch.edited.connect(self.switched)
        self.add_title_widget(self.switch)
        self.words = muted()
        self.body.addWidget(self.words)
        self.fields = {field.name: field for field in self._make_fields()}
        self._form = QWidget()
        grid = QGridLayout(self._form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GAP)
        for column, field in enumerate(self.fields.values()):
            field.edited.connect(self.edited)
            grid.addWidget(field, 0, column, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(column, 2 if column == 0 else 1)
        self.body.addWidget(self._form)

    def show_form(self, form: PretrainingForm | None) -> None:
        """Show other values and forget what was refused; None hides the card."""
        self.setVisible(form is not None)
        if form is None:
            return
        self.switch.set_value(form.on)
        self.words.setText(form.words)
        self._form.setVisible(form.on)
        for name, field in self.fields.items():
            field.set_value(getattr(form, name))

    def refuse(self, name: str, text: str) -> None:
        """Show at a field why its value was not taken."""
        self.fields[name].refuse(text)

    def _make_fields(self) -> tuple[Field, ...]:
        texts, holder = TextLine(), QWidget()
        texts.setPlaceholderText("the texts of the training rows")
        self.choose = icon_button(
            "mdi6.folder-open-outline", "Choose a file of texts", "Read the texts of another file"
        )
        self.choose.clicked.connect(self.texts_wished)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(texts, 1)
        row.addWidget(self.choose)
        return (
            Field("texts", "Te&xts", texts, "A file with texts of the field; none: those of the rows", holder),
            Field("train", "Layers that rea&d", TextLine(), "Which layers learn of them, as rules: all, top:4, ..."),
            Field("learning_rate", "Learning rate", TextLine(), "A large one lets the model forget what it knew"),
            Field("epochs", "Epochs", Whole(1, 100_000), "How often all texts are read; on few texts more is needed"),
        )
