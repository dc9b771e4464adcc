"""The typed form of a project file.

Field names are the keys of the ``.thaw`` file (TOML), one class a table. Imports no heavy library.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from trainer_core.tasks.registry import task_names

PRETRAINING = "pretraining"
"""What the stage before the stages is called, and its folder."""

HIGHEST_RATE = 10.0
"""No learning rate is higher."""

ColumnRef = Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)]
"""A column: its name, or its position from 0."""

TASKS_OWN = "auto"
"""In place of a metric: the one by which the task is usually judged."""

OptionValue = bool | int | float | Annotated[str, Field(max_length=1_000)]
"""What is chosen about a task; the task itself checks it."""

Share = Annotated[float, Field(gt=0.0, lt=1.0)]

LONGEST_PINNED = 20_000
PinnedText = Annotated[str, Field(min_length=1, max_length=LONGEST_PINNED)]
MOST_PINNED = 20
"""Each is answered at every evaluation, and a model that writes takes seconds for it."""


class Pooling(StrEnum):
    """How the token states of a text become one vector."""

    AUTO = "auto"
    CLS = "cls"
    MEAN = "mean"
    LAST = "last"


class Precision(StrEnum):
    """The number format in which forward and backward passes are computed."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class Schedule(StrEnum):
    """How the learning rate falls after its warmup."""

    LINEAR = "linear"
    COSINE = "cosine"
    CONSTANT = "constant"


class StartFrom(StrEnum):
    """Which weights a stage begins with: the best seen so far, or the last."""

    BEST = "best"
    LAST = "last"


class AdapterKind(StrEnum):
    """How a small pair of matrices learns beside a large frozen one."""

    LORA = "lora"
    RSLORA = "rslora"
    DORA = "dora"


class Quantisation(StrEnum):
    """How frozen matrices beside adapters are kept: as they are, or in four bits."""

    NONE = "none"
    NF4 = "nf4"


class Section(BaseModel):
    """A table of the project file: unknown keys are refused, values are checked on assignment."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, frozen=True)


class ModelSection(Section):
    """``[model]``: which pretrained model, and how texts enter it."""

    source: str = Field(default="starter:all-MiniLM-L6-v2", min_length=1)
    max_length: int = Field(default=128, ge=4, le=32_768)
    pooling: Pooling = Pooling.AUTO


class ColumnsSection(Section):
    """``[data.columns]``: which column plays which role; one not given is guessed."""

    text: ColumnRef | None = None
    second_text: ColumnRef | None = None
    label: ColumnRef | None = None
    question: ColumnRef | None = None
    context: ColumnRef | None = None
    answers: ColumnRef | None = None
    messages: ColumnRef | None = None

    def of(self, role: str) -> str | int | None:
        """Return what is given for a role."""
        return self.model_dump()[role]  # type: ignore[no-any-return]


class DataSection(Section):
    """``[data]``: the files, relative to the project file, and how they are read."""

    train: str = Field(min_length=1)
    validation: str | None = Field(default=None, min_length=1)
    validation_share: Share | None = None
    limit: int | None = Field(default=None, ge=1)
    header: bool | None = None
    skip_incomplete: bool = False
    columns: ColumnsSection = ColumnsSection()

    @model_validator(mode="after")
    def _one_validation_set(self) -> Self:
        if self.validation is not None and self.validation_share is not None:
            raise ValueError("validation and validation_share are both given; keep one of them")
        return self

    @property
    def share_for_validation(self) -> float:
        """The share of the training rows that is held out when no validation file is named."""
        return 0.1 if self.validation_share is None else self.validation_share


class TrainingSection(Section):
    """``[training]``: what holds for every stage.

    Attributes:
        pinned: texts that the model answers each time it is measured; one of several texts is a list of them.
    """

    batch_size: int = Field(default=32, ge=1, le=65_536)
    batch_tokens: int | None = Field(default=None, ge=4, le=16_777_216)
    accumulation: int = Field(default=1, ge=1, le=4_096)
    precision: Precision = Precision.AUTO
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    metric: str = Field(default=TASKS_OWN, min_length=1)
    schedule: Schedule = Schedule.LINEAR
    warmup_share: float = Field(default=0.1, ge=0.0, lt=1.0)
    weight_decay: float = Field(default=0.01, ge=0.0, le=1.0)
    max_gradient_norm: float = Field(default=1.0, gt=0.0)
    evaluations_per_epoch: int = Field(default=2, ge=1, le=1_000)
    probe: bool = True
    checkpoint_activations: bool = False
    checkpoint_minutes: float = Field(default=2.0, gt=0.0, le=100_000.0)
    compile: bool = False
    cache_gib: float | None = Field(default=None, ge=0.0)
    pinned: tuple[PinnedText | tuple[PinnedText, ...], ...] = Field(default=(), max_length=MOST_PINNED)


class AdapterSection(Section):
    """``[adapter]``: what rules of the form ``adapter:...`` put beside frozen matrices.

    LoRA: Hu et al. 2021, arXiv:2106.09685; rsLoRA: Kalajdzievski 2023, arXiv:2312.03732; DoRA: Liu et al. 2024,
    arXiv:2402.09353.
    """

    kind: AdapterKind = AdapterKind.LORA
    rank: int = Field(default=16, ge=1, le=1_024)
    alpha: int = Field(default=32, ge=1, le=65_536)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    quantisation: Quantisation = Quantisation.NONE


class UntilSection(Section):
    """``until``: when a stage ends before its epochs are over."""

    metric: str = Field(default=TASKS_OWN, min_length=1)
    at_least: float | None = None
    patience: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.at_least is None and self.patience is None:
            raise ValueError("neither at_least nor patience is given, so this rule never ends the stage")
        return self


class StageSection(Section):
    """``[[stage]]``: which layers learn, how fast, and for how long."""

    name: str = Field(min_length=1, max_length=80)
    train: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    learning_rate: float = Field(gt=0.0, le=HIGHEST_RATE)
    epochs: int = Field(ge=1, le=100_000)
    layer_decay: float = Field(default=1.0, gt=0.0, le=1.0)
    average_epochs: float = Field(default=0.0, ge=0.0, le=1_000.0)
    until: UntilSection | None = None
    start_from: StartFrom = StartFrom.LAST


class PretrainingSection(Section):
    """``[pretraining]``: before the stages, the model reads on in texts of the field.

    Howard and Ruder 2018, arXiv:1801.06146; Gururangan et al. 2020, arXiv:2004.10964.

    Attributes:
        texts: a file of texts, relative to the project file; None for those that the task is learnt from.
        train: which layers learn of them.
    """

    texts: str | None = Field(default=None, min_length=1)
    train: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=("all",), min_length=1)
    learning_rate: float = Field(default=5e-5, gt=0.0, le=HIGHEST_RATE)
    epochs: int = Field(default=1, ge=1, le=100_000)


class Project(Section):
    """What the user wants, whole. An empty list of stages means the default plan."""

    version: Literal[1] = 1
    task: str = "classification"
    options: dict[str, OptionValue] = {}
    seed: int = Field(default=7, ge=0, lt=2**32)
    model: ModelSection = ModelSection()
    data: DataSection
    training: TrainingSection = TrainingSection()
    adapter: AdapterSection = AdapterSection()
    pretraining: PretrainingSection | None = None
    stage: tuple[StageSection, ...] = ()

    @field_validator("task")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in task_names():
            raise ValueError(f"this is no task Thaw knows; known are {', '.join(task_names())}")
        return name

    def judged_by(self, usual: str) -> Project:
        """Return a copy in which a metric is named wherever the task's own was meant."""
        training = self.training
        if training.metric == TASKS_OWN:
            training = training.model_copy(update={"metric": usual})
        stages = [
            stage.model_copy(update={"until": stage.until.model_copy(update={"metric": training.metric})})
            if stage.until and stage.until.metric == TASKS_OWN
            else stage
            for stage in self.stage
        ]
        return self.model_copy(update={"training": training, "stage": tuple(stages)})

    def of_pretraining(self, column: str) -> Project:
        """Return the language model's project that comes before the stages.

        Args:
            column: of the texts that the task is learnt from, where no others are named.
        """
        wish = self.pretraining or PretrainingSection()
        of_rows = {**self.data.model_dump(include={"train", "header", "limit"}), "columns": {"text": column}}
        stage = {"name": PRETRAINING, **wish.model_dump(exclude={"texts"})}
        return self.changed(
            task="language_model",
            options={},
            data=({"train": wish.texts} if wish.texts else of_rows) | {"skip_incomplete": True},
            training=self.training.model_dump() | {"metric": TASKS_OWN, "pinned": ()},
            pretraining=None,
            stage=(stage,),
        )

    def changed(self, **sections: Any) -> Project:
        """Return a checked copy in which the given sections or values are replaced."""
        return Project.model_validate(self.model_dump() | sections)
