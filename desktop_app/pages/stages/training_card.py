"""The values that all stages share."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop_app.pages.stages.metrics import offer_metrics
from desktop_app.widgets.controls import Choice, Decimal, Switch, SwitchedNumber, Whole
from desktop_app.widgets.field import Field
from desktop_app.widgets.kit import GAP, Card
from trainer_core.project.schema import Precision, Schedule, TrainingSection

SCHEDULES = {
    Schedule.LINEAR.value: "falls in a straight line",
    Schedule.COSINE.value: "falls in a soft curve",
    Schedule.CONSTANT.value: "stays",
}
PRECISIONS = {
    Precision.AUTO.value: "choose for me",
    Precision.FLOAT32.value: "float32: exact",
    Precision.BFLOAT16.value: "bfloat16: fast",
    Precision.FLOAT16.value: "float16: for older GPUs",
}


class TrainingCard(Card):
    """Shows and asks for the values that all stages share."""

    edited = Signal(str, object)
    """The field and its new value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("All stages", parent)
        self.fields = {field.name: field for field in _fields()}
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(GAP + 4)
        for place, field in enumerate(self.fields.values()):
            field.edited.connect(self.edited)
            grid.addWidget(field, place // 2, place % 2)
            grid.setColumnStretch(place % 2, 1)
        self.body.addLayout(grid)
        self.body.addStretch(1)

    def offer_metrics(self, metrics: Mapping[str, str]) -> None:
        """Offer these metrics, by their names, for what judges the best."""
        offer_metrics(self.fields["metric"].control, metrics)

    def show_training(self, training: TrainingSection) -> None:
        """Show other values and forget what was refused."""
        for name, field in self.fields.items():
            field.set_value(getattr(training, name))
        self.fields["batch_size"].setEnabled(training.batch_tokens is None)

    def refuse(self, name: str, text: str) -> None:
        """Show at a field why its value was not taken."""
        self.fields[name].refuse(text)


def _fields() -> tuple[Field, ...]:
    warmup = Decimal(0.0, 99.0, 5.0, unit=0.01)
    warmup.setSuffix(" %")
    decay = Decimal(0.0, 1.0, 0.01)
    minutes = Decimal(0.1, 100_000.0, 1.0)
    minutes.setSuffix(" min")
    by_tokens = Whole(4, 16_777_216)
    by_tokens.set_value(2_048)
    again = "Computes inner values again on the way back instead of keeping them: about a third more time"
    compiled = "Lets torch.compile make own code for the blocks: a minute before the first step, quicker steps after it"
    tokens = "Batches of about so many tokens, whatever the number of rows: long texts come in fewer rows"
    evaluations = "How often in an epoch the model is tested; stages that end early count these"
    return (
        Field("batch_size", "Batch s&ize", Whole(1, 65_536), "Rows looked at together: steadier, needs more memory"),
        Field("batch_tokens", "Batches by length", SwitchedNumber("about", by_tokens, "tokens", tokens), tokens),
        Field("accumulation", "Batches a s&tep", Whole(1, 4_096), "Adds batches up: a larger one without the memory"),
        Field("schedule", "After the warmup the rate", Choice(SCHEDULES), "How fast each stage calms down"),
        Field("warmup_share", "War&mup", warmup, "The part of each stage in which the rate rises from zero"),
        Field("metric", "Best is &judged by", Choice(), "Decides which checkpoint is the best one and is kept"),
        Field("precision", "&Precision", Choice(PRECISIONS), "Half as many digits are faster where the hardware can"),
        Field("evaluations_per_epoch", "Evaluations an ep&och", Whole(1, 1_000), evaluations),
        Field("weight_decay", "&Weight decay", decay, "Pulls what learns towards zero: more holds against overfitting"),
        Field("checkpoint_minutes", "Saved every", minutes, "What a run that is broken off goes on from"),
        Field("checkpoint_activations", "", Switch("Save memory", False, True), again),
        Field("compile", "", Switch("Compile the bloc&ks", False, True), compiled),
    )
