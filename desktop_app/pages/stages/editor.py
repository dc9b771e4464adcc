"""The values of one stage."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app.pages.stages.metrics import offer_metrics
from desktop_app.pages.stages.words import FIRST_AT_LEAST, FIRST_PATIENCE, StageForm
from desktop_app.widgets.controls import Choice, Decimal, RateLine, Switch, SwitchedNumber, TextLine, Whole
from desktop_app.widgets.field import Field
from desktop_app.widgets.flow import FlowLayout
from desktop_app.widgets.kit import GAP, Card, muted, plain_button
from trainer_core.project.schema import StartFrom


class StageEditor(Card):
    """Shows and asks for the values of one stage."""

    edited = Signal(str, object)
    """The field and its new value."""
    rate_step_wished = Signal(bool)
    layers_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Stage", parent)
        self.rate = RateLine()
        self.rate.step_wished.connect(self.rate_step_wished)
        self.choose = _choose_button()
        self.choose.clicked.connect(self.layers_wished)
        self.fields = {field.name: field for field in (*_first_fields(self.rate, self.choose), *_exit_fields())}
        for field in self.fields.values():
            field.edited.connect(self.edited)
        self._build()

    def offer_metrics(self, metrics: Mapping[str, str]) -> None:
        """Offer these metrics, by their names, for what ends the stage."""
        offer_metrics(self.fields["until_metric"].control, metrics)

    def show_form(self, form: StageForm) -> None:
        """Show other values and forget what was refused."""
        self.set_title(f"Stage {form.place + 1}: {form.name}")
        for name, field in self.fields.items():
            field.set_value(getattr(form, name))
        self.fields["start_from"].setEnabled(form.place > 0)
        self.fields["until_metric"].setEnabled(form.until_at_least is not None or form.until_patience is not None)
        reach = self.fields["until_at_least"].control
        if isinstance(reach, SwitchedNumber):
            reach.set_words("falls to at mo&st" if form.lower_is_better else "reaches at lea&st")

    def refuse(self, name: str, text: str) -> None:
        """Show at a field why its value was not taken."""
        self.fields[name].refuse(text)

    def _build(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(GAP + 4)
        column.addLayout(_row(self.fields["name"], self.fields["rules"], stretch=4))
        pace = ("learning_rate", "epochs", "layer_decay", "average_epochs")
        column.addLayout(_row(*(self.fields[name] for name in pace)))
        column.addWidget(self._build_until())
        column.addWidget(self.fields["start_from"])
        self.body.addLayout(column)
        self.body.addStretch(1)

    def _build_until(self) -> QWidget:
        until = QWidget()
        column = QVBoxLayout(until)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(muted("Ends early when"))
        flow = FlowLayout(spacing=2 * GAP)
        for name in ("until_metric", "until_at_least", "until_patience"):
            flow.addWidget(self.fields[name])
        column.addLayout(flow)
        return until


def _first_fields(rate: RateLine, choose: QPushButton) -> tuple[Field, ...]:
    rules = TextLine()
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    row.addWidget(rules, 1)
    row.addWidget(choose)
    words = (
        "Words or names of layers, with commas between: head, top:2, embeddings, norms, all; ! freezes; "
        "adapter:blocks or adapter:top:2 lets adapters (LoRA) learn beside what is frozen"
    )
    pace = "How big the steps are: too big forgets what the model knew, too small gets nowhere"
    decay = "Each layer nearer to the text learns this many times slower; 1 is off"
    average = "Epochs over which weights are averaged: the steadier average is judged too, the better is kept; 0 is off"
    return (
        Field("name", "&Name", TextLine(), "What the plots and the journal call this stage"),
        Field("rules", "W&hat learns", rules, words, holder),
        Field("learning_rate", "Learning &rate", rate, pace),
        Field("epochs", "&Epochs", Whole(1, 100_000), "How often the stage goes through all rows, at most"),
        Field("layer_decay", "Layer &decay", Decimal(0.0001, 1.0, 0.05), decay),
        Field("average_epochs", "A&veraged epochs", Decimal(0.0, 1_000.0, 0.25), average),
    )


def _exit_fields() -> tuple[Field, ...]:
    score = Decimal(-1e6, 1e6, 0.01)
    score.set_value(FIRST_AT_LEAST)
    times = Whole(1, 100_000)
    times.set_value(FIRST_PATIENCE)
    reached = "The stage ends as soon as this is reached"
    tired = "The stage ends when so many evaluations in a row bring no new best"
    best = Switch("Begin with the best weights so &far", StartFrom.LAST, StartFrom.BEST)
    best.setAccessibleName("Begin with the best weights so far")
    metric = Choice()
    metric.setAccessibleName("Metric that ends the stage")
    return (
        Field("until_metric", "", metric, "What is measured at every evaluation; tick a box to use it"),
        Field("until_at_least", "", SwitchedNumber("reaches at lea&st", score, "", reached), reached),
        Field("until_patience", "", SwitchedNumber("no &better for", times, "evaluations", tired), tired),
        Field("start_from", "", best, "Forgets what got worse after the best evaluation"),
    )


def _choose_button() -> QPushButton:
    choose = plain_button("&Choose layers…", "mdi6.layers-triple")
    choose.setToolTip("Opens the tree of layers for this stage")
    return choose


def _row(first: QWidget, *others: QWidget, stretch: int = 1) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(2 * GAP)
    row.addWidget(first, 1)
    for other in others:
        row.addWidget(other, stretch)
    return row
