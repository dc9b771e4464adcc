"""The run plan: wishes and facts resolved, nothing left to guess. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.data.batch_size import BatchSize
from trainer_core.errors import InputError, Problem
from trainer_core.layers.adapters import WEIGHT, adapted_module, is_adapter
from trainer_core.layers.freeze import FreezeState, adapted_tree, resolve_freeze
from trainer_core.layers.tree import LayerTree
from trainer_core.models.facts import Telling
from trainer_core.project.schema import (
    AdapterKind,
    AdapterSection,
    ModelSection,
    Project,
    Quantisation,
    StageSection,
    StartFrom,
    TrainingSection,
    UntilSection,
)
from trainer_core.stages.presets import default_stages

PLAN_VERSION: Literal[3] = 3
MORE = ", longer "
"""Between the name of the stage that is repeated and a number, where a run goes on beyond its plan."""


class PlanPart(BaseModel):
    """A frozen part of the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StagePlan(PlanPart):
    """One stage, resolved against the model's layers and the number of rows.

    Attributes:
        rules: the freeze rules as the user wrote them.
        trainable: the names of the parameters that learn.
        average_epochs: over how many epochs the weights are averaged for evaluations; 0 for not at all.
        steps_per_epoch: optimiser steps in one pass over the training rows.
    """

    name: str
    rules: tuple[str, ...]
    trainable: tuple[str, ...]
    trained_parameters: int
    learning_rate: float
    layer_decay: float
    average_epochs: float = 0.0
    epochs: int
    steps_per_epoch: int
    until: UntilSection | None = None
    start_from: StartFrom

    def changed(self, change: StageChange) -> StagePlan:
        """Return the stage as it is after a change."""
        return self.model_copy(update=change.model_dump(exclude={"stage", "step"}))

    @property
    def steps(self) -> int:
        """The most optimiser steps this stage can take."""
        return self.epochs * self.steps_per_epoch

    @property
    def only_head(self) -> bool:
        """Whether nothing outside the head learns."""
        return all(name.startswith("head.") for name in self.trainable)


class StageChange(PlanPart):
    """What the user changed in a running stage, resolved as the stage was.

    Attributes:
        stage: which, from 0.
        step: after how many optimiser steps of the run.
    """

    stage: int
    step: int
    rules: tuple[str, ...]
    trainable: tuple[str, ...]
    trained_parameters: int
    learning_rate: float


class DataPlan(PlanPart):
    """Which rows a run learns from. Paths are absolute; hashes are SHA-256 of the files.

    Attributes:
        columns: the names of the columns in use, by role.
        facts: what the task found in the training rows.
        outputs: how many scores a row has.
        texts: how many texts a row has.
    """

    train: str
    train_sha256: str
    validation: str | None = None
    validation_sha256: str | None = None
    train_rows: int
    validation_rows: int
    labels: tuple[str, ...]
    columns: dict[str, str]
    facts: dict[str, tuple[float, ...]] = {}
    outputs: int
    texts: int = 1


class RunPlan(PlanPart):
    """Everything a run needs to begin, and to be repeated.

    Attributes:
        version: of the way in which plans are written.
        project: the user's wish, as it was when the run began.
        project_file: where it was read from; its paths are relative to it.
        project_sha256: of that file; empty where it was not saved.
        quantised: the modules whose matrix is kept in four bits.
        changes: what was changed in stages while they ran, in order; ``stages`` tell how they began.
    """

    version: Literal[3] = PLAN_VERSION
    project: Project
    project_file: str
    project_sha256: str
    model_folder: str
    model_sha256: str
    data: DataPlan
    device: str
    total_parameters: int
    stages: tuple[StagePlan, ...]
    quantised: tuple[str, ...] = ()
    changes: tuple[StageChange, ...] = ()

    @property
    def task(self) -> str:
        """The name of what is learnt."""
        return self.project.task

    @property
    def adapter(self) -> AdapterSection:
        """How large adapters are, and of which kind."""
        return self.project.adapter

    @property
    def adapted(self) -> tuple[str, ...]:
        """The modules that have an adapter in any stage."""
        return adapted_modules([*self.stages, *self.changes])

    @property
    def seed(self) -> int:
        """What chance begins with."""
        return self.project.seed

    @property
    def model(self) -> ModelSection:
        """Which pretrained model, and how texts enter it."""
        return self.project.model

    @property
    def training(self) -> TrainingSection:
        """What holds for every stage."""
        return self.project.training

    @property
    def steps(self) -> int:
        """The most optimiser steps the run can take."""
        return sum(stage.steps for stage in self.stages)

    def with_rates(self, factor: float, place: int) -> RunPlan:
        """Return the plan with the learning rates of its stages, from one on, multiplied."""
        stages = tuple(
            stage.model_copy(update={"learning_rate": stage.learning_rate * factor}) if number >= place else stage
            for number, stage in enumerate(self.stages)
        )
        changes = tuple(
            change.model_copy(update={"learning_rate": change.learning_rate * factor})
            if change.stage >= place
            else change
            for change in self.changes
        )
        return self.model_copy(update={"stages": stages, "changes": changes})

    def with_change(self, change: StageChange) -> RunPlan:
        """Return the plan with one change more."""
        return self.model_copy(update={"changes": (*self.changes, change)})

    def changes_of(self, place: int) -> tuple[StageChange, ...]:
        """Return the changes of one stage, in order."""
        return tuple(change for change in self.changes if change.stage == place)

    def stage_after(self, place: int, changes: int | None = None) -> StagePlan:
        """Return a stage as it is after so many of its changes; None for all of them."""
        stage = self.stages[place]
        for change in self.changes_of(place)[:changes]:
            stage = stage.changed(change)
        return stage

    def longer(self, epochs: int) -> RunPlan:
        """Return the plan with so many epochs more: a stage like the last, from the best weights on."""
        last = self.stage_after(len(self.stages) - 1)
        name = f"{last.name.split(MORE)[0]}{MORE}{len(self.stages) + 1}"
        more = last.model_copy(
            update={"name": name, "epochs": epochs, "until": None, "start_from": StartFrom.BEST},
        )
        return self.model_copy(update={"stages": (*self.stages, more)})


def adapted_modules(stages: Sequence[StagePlan | StageChange]) -> tuple[str, ...]:
    """Return the modules that have an adapter in any of some stages."""
    found = [name for stage in stages for name in stage.trainable if is_adapter(name)]
    return tuple(dict.fromkeys(map(adapted_module, found)))


def quantised_modules(project: Project, quantisable: Collection[str], stages: Sequence[StagePlan]) -> tuple[str, ...]:
    """Return the modules whose matrix a run keeps in four bits: those that have an adapter.

    A matrix that a stage lets learn itself, before or after the adapter beside it, stays whole in all stages: it could
    not move by less than a level, and changing its form between stages would change what was learnt.

    Args:
        project: the user's wish.
        quantisable: the modules of the model for which it can be done.
        stages: the project's, resolved.
    """
    if project.adapter.quantisation is Quantisation.NONE:
        return ()
    learning = {name for stage in stages for name in stage.trainable}
    return tuple(
        module for module in adapted_modules(stages) if module in quantisable and module + WEIGHT not in learning
    )


def steps_per_epoch(project: Project, train_rows: int, train_tokens: int | None = None) -> int:
    """Return how many optimiser steps one pass over the training rows takes.

    Args:
        project: whose ``[training]`` tells how large a batch is.
        train_rows: how many rows there are.
        train_tokens: how many tokens these have in all; None where nobody has counted yet, then the most they can.
    """
    training = project.training
    tokens = train_rows * project.model.max_length if train_tokens is None else train_tokens
    batches = BatchSize(training.batch_size, training.batch_tokens).count(train_rows, tokens)
    return math.ceil(batches / training.accumulation)


def stage_sections(project: Project, tree: LayerTree, telling: Telling | None = None) -> tuple[StageSection, ...]:
    """Return the project's stages, or the default ones; see ``resolve_stages``."""
    return project.stage or default_stages(tree, project.training.metric, telling)


def project_tree(project: Project, tree: LayerTree, telling: Telling | None = None) -> LayerTree:
    """Return a model's layers with the adapters that the project's stages wish for; see ``resolve_stages``."""
    rules = [rule for stage in stage_sections(project, tree, telling) for rule in stage.train]
    wish = project.adapter
    return adapted_tree(tree, rules, wish.rank, magnitudes=wish.kind is AdapterKind.DORA)


def resolve_stages(
    project: Project, tree: LayerTree, train_rows: int, train_tokens: int | None = None, telling: Telling | None = None
) -> tuple[StagePlan, ...]:
    """Return the project's stages, or the default ones, resolved against a model and a number of rows.

    Args:
        project: the user's wish.
        tree: the model's layers.
        train_rows: how many rows there are to learn from.
        train_tokens: as ``steps_per_epoch`` takes it.
        telling: which tokens the model tells, where its own head learns; see ``ModelFacts``.

    Raises:
        InputError: with the problems of all stages.
    """
    sections = stage_sections(project, tree, telling)
    tree = project_tree(project, tree, telling)
    plans: list[StagePlan] = []
    problems: list[Problem] = []
    in_epoch = steps_per_epoch(project, train_rows, train_tokens)
    for place, section in enumerate(sections):
        try:
            state = resolve_freeze(section.train, tree, f"stage[{place}].train")
        except InputError as error:
            problems.extend(error.problems)
            continue
        plans.append(_stage_plan(section, state, tree, in_epoch))
    if problems:
        raise InputError(problems)
    return tuple(plans)


def _stage_plan(section: StageSection, state: FreezeState, tree: LayerTree, in_epoch: int) -> StagePlan:
    return StagePlan(
        name=section.name,
        rules=section.train,
        trainable=tuple(p.name for p in tree.parameters if p.name in state.trainable),
        trained_parameters=state.trained,
        learning_rate=section.learning_rate,
        layer_decay=section.layer_decay,
        average_epochs=section.average_epochs,
        epochs=section.epochs,
        steps_per_epoch=in_epoch,
        until=section.until,
        start_from=section.start_from,
    )
