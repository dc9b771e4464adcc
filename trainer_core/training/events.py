"""Everything that can be told about a run, as typed events. Imports no torch.

The loop yields them, the journal keeps them, the window and ``--json`` show them. ``event`` is the name in
snake_case and ``time`` seconds since the epoch; amounts carry their unit in their name.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

StageEnd = Literal["epochs", "at_least", "patience", "stopped"]
"""Why a stage is over."""


class EventBase(BaseModel):
    """What all events share."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings", extra="ignore")

    time: float = Field(default_factory=time.time)


class StageOutline(BaseModel):
    """What a plot has to know of a stage before it begins."""

    model_config = ConfigDict(frozen=True)

    name: str
    epochs: int
    steps: int
    trained_parameters: int
    total_parameters: int


class RunStarted(EventBase):
    """The run begins. ``baselines`` are scores reached without learning, by metric name."""

    event: Literal["run_started"] = "run_started"
    task: str
    device: str
    precision: str
    seed: int
    train_rows: int
    validation_rows: int
    labels: list[str]
    stages: list[StageOutline]
    metric: str
    baselines: dict[str, float] = {}


class RunResumed(EventBase):
    """A run goes on after ``step`` steps; what came later was not saved and is done again.

    ``stages`` are those of its plan, which may have grown.
    """

    event: Literal["run_resumed"] = "run_resumed"
    step: int
    stages: list[StageOutline] = []


class RunPaused(EventBase):
    """The run waits after ``step`` steps, with the model in memory, until the user wishes something else."""

    event: Literal["run_paused"] = "run_paused"
    step: int


class RunContinued(EventBase):
    """The pause is over, or what held the run."""

    event: Literal["run_continued"] = "run_continued"
    step: int


class RunHeld(EventBase):
    """The run waits after ``step`` steps because something could not be written; nothing is lost meanwhile.

    It goes on when the user has made room, or whatever it takes, and says so. What cannot be written does not stand in
    the journal either, so this event may be missing there.
    """

    event: Literal["run_held"] = "run_held"
    step: int
    what: str
    why: str = ""
    remedy: str = ""


class WorkProgress(EventBase):
    """Work that is no training step moves on: reading the model, or the pass through the frozen body."""

    event: Literal["work_progress"] = "work_progress"
    work: str
    done: int
    total: int


class PrecisionChosen(EventBase):
    """The number format was decided by timing a step in each: seconds a step, and losses, by format.

    Both are empty where a single layer showed that the device only imitates the others.
    ``remembered`` tells that an earlier run on this device measured them.
    """

    event: Literal["precision_chosen"] = "precision_chosen"
    precision: str
    seconds: dict[str, float]
    losses: dict[str, float]
    remembered: bool = False


class PoolingChosen(EventBase):
    """How token states become one vector was decided by a quick linear probe; scores by choice."""

    event: Literal["pooling_chosen"] = "pooling_chosen"
    pooling: str
    scores: dict[str, float]


class ProbeFinished(EventBase):
    """A linear head was solved on the frozen features; training starts from it. Metrics on the validation rows."""

    event: Literal["probe_finished"] = "probe_finished"
    metrics: dict[str, float]
    seconds: float
    inverse_regularisation: float


PRETRAINED = "pretrained"
"""In place of a stage's name: nothing was learnt yet."""


class PretrainedMeasured(EventBase):
    """A model whose head came with it was measured on the validation rows, before it learns."""

    event: Literal["pretrained_measured"] = "pretrained_measured"
    metrics: dict[str, float]
    seconds: float


class PinnedAnswer(BaseModel):
    """What the model answered to a pinned row.

    Attributes:
        fields: its texts by role.
        answer: as one short text.
        values: the whole answer, as ``thaw predict --json`` writes it.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    fields: dict[str, str]
    answer: str
    values: dict[str, Any]


class PinnedAnswered(EventBase):
    """The model answered the pinned texts after ``step`` steps, with the weights that were just measured."""

    event: Literal["pinned_answered"] = "pinned_answered"
    step: int
    answers: list[PinnedAnswer]
    seconds: float


class PretrainingFinished(EventBase):
    """Before the stages, the model has read on in texts of the field; what it was and is measured by on held-out ones.

    ``folder`` is that of a run of its own, with curves and a journal.
    """

    event: Literal["pretraining_finished"] = "pretraining_finished"
    folder: str
    before: dict[str, float]
    metrics: dict[str, float]
    seconds: float


class StageStarted(EventBase):
    """A stage begins after ``step`` steps of the run."""

    event: Literal["stage_started"] = "stage_started"
    stage: int
    name: str
    step: int
    trained_parameters: int
    total_parameters: int
    learning_rate: float
    start_from: str


class StageChanged(EventBase):
    """From the step after ``step`` on other layers of a running stage learn, or at another rate, as the user wished."""

    event: Literal["stage_changed"] = "stage_changed"
    stage: int
    step: int
    rules: tuple[str, ...]
    trained_parameters: int
    learning_rate: float


class StepFinished(EventBase):
    """One optimiser step. ``epoch`` is within the stage and fractional; ``loss`` the mean over the step's rows."""

    event: Literal["step_finished"] = "step_finished"
    step: int
    stage: int
    epoch: float
    loss: float
    learning_rate: float
    gradient_norm: float
    rows: int
    tokens: int
    seconds: float


class EvaluationFinished(EventBase):
    """The validation rows were predicted with the weights of this step, or with their moving average.

    ``averaged`` tells that the average was the better of the two; the metrics are those of the better one.
    """

    event: Literal["evaluation_finished"] = "evaluation_finished"
    step: int
    stage: int
    epoch: float
    metrics: dict[str, float]
    seconds: float
    is_best: bool
    averaged: bool = False


class CheckpointSaved(EventBase):
    """The weights of this step are on disk; ``best`` says whether the pointer to the best now names them.

    ``bytes`` counts all that was written: beside the weights also what the run would go on from.
    """

    event: Literal["checkpoint_saved"] = "checkpoint_saved"
    step: int
    stage: int
    path: str
    bytes: int
    best: bool


class BestRestored(EventBase):
    """A stage that starts from the best went back to the weights of this step."""

    event: Literal["best_restored"] = "best_restored"
    step: int
    stage: int


class StageFinished(EventBase):
    """A stage is over. ``reason`` is epochs, at_least, patience or stopped.

    ``peak_bytes`` is the most memory at once that the run took during the stage; None where nobody looked.
    """

    event: Literal["stage_finished"] = "stage_finished"
    stage: int
    name: str
    step: int
    reason: StageEnd
    peak_bytes: int | None = None


class RunWarning(EventBase):
    """Something the user should know, with what it means for the run."""

    event: Literal["run_warning"] = "run_warning"
    message: str


class Best(BaseModel):
    """The best checkpoint of a run."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    metric: str
    value: float
    step: int
    stage: str


class RunFinished(EventBase):
    """The run is over and everything is saved. ``metrics`` are the best checkpoint's on the validation rows.

    ``peak_bytes`` is the most memory at once that the run took, above what was in use before it.
    """

    event: Literal["run_finished"] = "run_finished"
    folder: str
    seconds: float
    best: Best
    metrics: dict[str, float]
    stopped: bool = False
    peak_bytes: int | None = None


class RunPutAside(EventBase):
    """The run gave its memory back after ``step`` steps, and can be gone on with as if nothing had happened."""

    event: Literal["run_put_aside"] = "run_put_aside"
    folder: str
    step: int


class RunDiscarded(EventBase):
    """The run ended, and its folder is gone; no journal holds this event."""

    event: Literal["run_discarded"] = "run_discarded"
    folder: str


class RunFailed(EventBase):
    """The run ended by an error; what was saved before stays. ``diverged``: because the loss was no number any more."""

    event: Literal["run_failed"] = "run_failed"
    what: str
    why: str = ""
    remedy: str = ""
    traceback: str = ""
    diverged: bool = False


Event = Annotated[
    RunStarted
    | RunResumed
    | RunPaused
    | RunContinued
    | RunHeld
    | WorkProgress
    | PrecisionChosen
    | PoolingChosen
    | ProbeFinished
    | PretrainedMeasured
    | PinnedAnswered
    | PretrainingFinished
    | StageStarted
    | StageChanged
    | StepFinished
    | EvaluationFinished
    | CheckpointSaved
    | BestRestored
    | StageFinished
    | RunWarning
    | RunFinished
    | RunPutAside
    | RunDiscarded
    | RunFailed,
    Field(discriminator="event"),
]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Event)


def format_event(event: Event) -> str:
    """Return an event as one line of JSON, without the line's end. Infinities and NaN become strings."""
    return event.model_dump_json()


def parse_event(line: str | bytes) -> Event | None:
    """Return the event of a journal line, or None where the line is torn or of a kind this version does not know."""
    try:
        event: Event = _ADAPTER.validate_json(line)
    except ValidationError:
        return None
    return event
