"""From a project to a plan: everything that can be wrong is found here, before anything is written or trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch
from transformers import PreTrainedTokenizerBase

from trainer_core.cache.arrays import FolderArrays, arrays_place
from trainer_core.data.encoded import Encoded
from trainer_core.data.prepare import PreparedData, prepare_data
from trainer_core.data.reading import Reading
from trainer_core.data.rendering import reading_of
from trainer_core.data.report import Finding
from trainer_core.data.roles import Fields, Role
from trainer_core.data.rows import Rows
from trainer_core.engines.pinned import check_pinned
from trainer_core.engines.rows import encode_once
from trainer_core.errors import InputError, Problem
from trainer_core.files import sha256_of
from trainer_core.models.body import load_tokenizer
from trainer_core.models.facts import ModelFacts
from trainer_core.models.gguf import Told
from trainer_core.models.inspect import inspect_folder
from trainer_core.models.quantised import FULL, WHERE, check_quantiser
from trainer_core.models.sources import ModelFolder, resolve_model
from trainer_core.project.schema import PRETRAINING, ModelSection, Project, Quantisation
from trainer_core.stages.plan import (
    DataPlan,
    RunPlan,
    StagePlan,
    adapted_modules,
    project_tree,
    quantised_modules,
    resolve_stages,
)
from trainer_core.tasks.base import Task
from trainer_core.tasks.registry import load_task
from trainer_core.training.precision import check_precision, resolve_device

Value = TypeVar("Value")
SOME_OUTPUTS = 2
"""Of a head whose rows cannot be read, to say what else is wrong."""


@dataclass(frozen=True)
class PreparedRun:
    """A checked project: the plan, the rows, the model's facts, its tokenizer, and the task that has seen the rows.

    Attributes:
        first: the run of a language model that comes before, where the project wishes one.
    """

    plan: RunPlan
    data: PreparedData
    facts: ModelFacts
    tokenizer: PreTrainedTokenizerBase
    task: Task
    first: PreparedRun | None = None

    @cached_property
    def cache(self) -> FolderArrays:
        """Where what is computed once is kept, within the plan's budget."""
        limit = self.plan.training.cache_gib
        return FolderArrays(arrays_place(), None if limit is None else int(limit * 2**30))

    @cached_property
    def encoded(self) -> tuple[Encoded, Encoded]:
        """The training and the validation rows as token numbers."""
        longest = self.plan.model.max_length
        train, validation = (
            encode_once(self.cache, self.task, self.tokenizer, rows, longest)
            for rows in (self.data.train, self.data.validation)
        )
        return train, validation

    def read_row(self, place: int) -> Reading:
        """Return how a language model reads a training row, and which of it counts."""
        return read_fields(self.task, self.tokenizer, self.data.train.fields(slice(place, place + 1)), self.plan.model)

    @cached_property
    def noticed(self) -> list[Finding]:
        """What is worth knowing of the rows once they are token numbers."""
        return _noticed(self.task, zip((self.data.train, self.data.validation), self.encoded, strict=True))


def notice_rows(project: Project, folder: Path) -> list[Finding]:
    """Return what is worth knowing of a project's rows once they are token numbers; nothing before it can be known.

    Args:
        project: what the user wants.
        folder: what its paths are relative to.

    Raises:
        InputError: the rows or the model cannot be read.
    """
    task = load_task(project.task, project.options)
    if not task.language:
        return []
    data, arrays = prepare_data(project, folder, task), FolderArrays(arrays_place())
    tokenizer, longest = load_tokenizer(resolve_model(project.model.source, folder).path), project.model.max_length
    sides = ((rows, encode_once(arrays, task, tokenizer, rows, longest)) for rows in (data.train, data.validation))
    return _noticed(task, sides)


def _noticed(task: Task, sides: Iterable[tuple[Rows, Encoded]]) -> list[Finding]:
    return [finding for rows, encoded in sides for finding in task.inspect(rows, encoded)]


def prepare_run(
    project: Project, project_file: Path, told: Told | None = None, *, pretrained: Path | None = None
) -> PreparedRun:
    """Check a project against its data, its model and this machine, and resolve it into a plan.

    Args:
        project: what the user wants.
        project_file: where it was read from.
        told: told of progress, where the model has to be converted first.
        pretrained: what the model has become by reading on; None before that.

    Raises:
        InputError: with the problems of all parts.
    """
    base = project_file.resolve().parent
    problems: list[Problem] = []
    project, task = _load_task(problems, project)
    project = project.judged_by(task.metrics_offered[0])
    data = _collect(problems, lambda: prepare_data(project, base, task))
    source = project.model.source if pretrained is None else str(pretrained)
    found = _collect(problems, lambda: resolve_model(source, base, told))
    outputs = task.output_count(data.labels) if data else SOME_OUTPUTS
    texts = len(data.train.given) if data else 1
    facts = _collect(problems, lambda: inspect_folder(found, project, outputs, texts)) if found else None
    device = _collect(problems, lambda: resolve_device(project.training.device))
    if device:
        _collect(problems, lambda: check_precision(project.training.precision, device))
    _collect(problems, lambda: _check_metrics(project, task))
    stages: tuple[StagePlan, ...] | None = None
    tokenizer: PreTrainedTokenizerBase | None = None
    if found and facts:
        tokenizer = _collect(problems, lambda: load_tokenizer(found.path))
        _collect(problems, lambda: _check_length(project, facts))
        _collect(problems, lambda: check_pinned(project.training.pinned, task, data, facts.telling))
        _collect(problems, lambda: _check_batches(project))
        stages = _collect(problems, lambda: _stages(project, facts, data, task, tokenizer))
    if facts and device and stages:
        _collect(problems, lambda: _check_quantisation(project, facts, device, stages))
    first: PreparedRun | None = None
    if project.pretraining is not None and pretrained is None and data:
        first = _collect(problems, lambda: _prepare_first(project, project_file, task, data))
    if problems or not (data and found and facts and device and stages and tokenizer):
        raise InputError(problems)
    task = load_task(project.task, project.options, task.find_facts(data.train.targets))
    adapted = replace(facts, tree=project_tree(project, facts.tree, facts.telling))
    plan = _plan(project, project_file, data, task, found, adapted, str(device), stages)
    return PreparedRun(plan, data, adapted, tokenizer, task, first)


def _prepare_first(project: Project, project_file: Path, task: Task, data: PreparedData) -> PreparedRun:
    """Prepare the run in which the model reads on before its stages."""
    if task.language:
        what = "The task itself lets the model read texts, so nothing comes before it."
        raise InputError.one(PRETRAINING, what, "Take [pretraining] out, or choose another task.")
    try:
        return prepare_run(project.of_pretraining(column_read_first(data)), project_file)
    except InputError as error:
        raise InputError([replace(one, where=f"{PRETRAINING}: {one.where}") for one in error.problems]) from error


def column_read_first(data: PreparedData) -> str:
    """Return the column whose texts the model reads before its stages, where no others are named."""
    role = Role.CONTEXT if Role.CONTEXT in data.train.given else data.train.given[0]
    return data.train.columns[role]


def _load_task(problems: list[Problem], project: Project) -> tuple[Project, Task]:
    """Return the task; where its options are wrong, note that and go on without any."""
    task = _collect(problems, lambda: load_task(project.task, project.options))
    if task is not None:
        return project, task
    return project.model_copy(update={"options": {}}), load_task(project.task)


def _collect(problems: list[Problem], work: Callable[[], Value]) -> Value | None:
    """Do a part of the work; note its problems and go on with the next part."""
    try:
        return work()
    except InputError as error:
        problems.extend(error.problems)
        return None


def _stages(
    project: Project,
    facts: ModelFacts,
    data: PreparedData | None,
    task: Task,
    tokenizer: PreTrainedTokenizerBase | None,
) -> tuple[StagePlan, ...]:
    if data is None or tokenizer is None:
        return resolve_stages(project, facts.tree, 1, telling=facts.telling)
    if project.training.batch_tokens is None and not task.by_token:
        return resolve_stages(project, facts.tree, len(data.train), telling=facts.telling)
    arrays = FolderArrays(arrays_place())
    encoded = encode_once(arrays, task, tokenizer, data.train, project.model.max_length)
    if not encoded.learnt.any():
        what = (
            f"Within {project.model.max_length} tokens there is nothing to be learnt of any row: all answers are cut."
        )
        raise InputError.one("model.max_length", what, "Write a larger number of tokens.")
    return resolve_stages(project, facts.tree, len(encoded), len(encoded.ids), facts.telling)


def _check_batches(project: Project) -> None:
    tokens = project.training.batch_tokens
    if tokens is not None and tokens < project.model.max_length:
        what = f"A batch of {tokens} tokens has no room for a text of {project.model.max_length} (model.max_length)."
        raise InputError.one("training.batch_tokens", what, "Write a larger number of tokens, or a shorter max_length.")


def _check_metrics(project: Project, task: Task) -> None:
    offered = task.metrics_offered
    wished = [("training.metric", project.training.metric)]
    wished += [(f"stage[{n}].until.metric", stage.until.metric) for n, stage in enumerate(project.stage) if stage.until]
    problems = [
        Problem(where, f'A {project.task} task has no metric "{name}".', f"Choose one of: {', '.join(offered)}.")
        for where, name in wished
        if name not in offered
    ]
    if problems:
        raise InputError(problems)


def _check_length(project: Project, facts: ModelFacts) -> None:
    if facts.max_positions is not None and project.model.max_length > facts.max_positions:
        what = f"This model reads at most {facts.max_positions} tokens; {project.model.max_length} are asked for."
        raise InputError.one("model.max_length", what, f"Write max_length = {facts.max_positions} or less.")


def _check_quantisation(
    project: Project, facts: ModelFacts, device: torch.device, stages: tuple[StagePlan, ...]
) -> None:
    """Refuse four bits that this device, or this model, cannot have; where no stage has adapters they mean nothing."""
    adapted = adapted_modules(stages)
    if project.adapter.quantisation is Quantisation.NONE or not adapted:
        return
    if not facts.quantisable.intersection(adapted):
        what = f"The matrices of a {facts.family} model that have adapters cannot be kept in four bits."
        raise InputError.one(WHERE, what, f"Choose another model, or {FULL}")
    check_quantiser(device)


def _plan(
    project: Project,
    project_file: Path,
    data: PreparedData,
    task: Task,
    found: ModelFolder,
    facts: ModelFacts,
    device: str,
    stages: tuple[StagePlan, ...],
) -> RunPlan:
    train, validation = data.train.table.path, data.validation.table.path
    of_its_own = project.data.validation is not None
    return RunPlan(
        project=project,
        project_file=str(project_file.resolve()),
        project_sha256=hash_project(project_file),
        model_folder=str(found.path.resolve()),
        model_sha256=found.sha256(),
        data=DataPlan(
            train=str(train.resolve()),
            train_sha256=sha256_of(train),
            validation=str(validation.resolve()) if of_its_own else None,
            validation_sha256=sha256_of(validation) if of_its_own else None,
            train_rows=len(data.train),
            validation_rows=len(data.validation),
            labels=data.labels,
            columns={role.value: name for role, name in data.train.columns.items()},
            facts={name: tuple(values) for name, values in task.facts.items()},
            outputs=task.output_count(data.labels),
            texts=len(data.train.given),
        ),
        device=device,
        total_parameters=facts.tree.parameter_count,
        stages=stages,
        quantised=quantised_modules(project, facts.quantisable, stages),
    )


def read_fields(task: Task, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], model: ModelSection) -> Reading:
    """Return how a language model reads the first of some rows, and which of it counts."""
    return reading_of(tokenizer, task.encode(tokenizer, rows, model.max_length))


def preview_reading(project: Project, folder: Path, row: Fields) -> Reading | None:
    """Return how a project's model will read a row; None where its task is not a language model's.

    Args:
        project: what the user wants.
        folder: what its paths are relative to.
        row: the cells in use.

    Raises:
        InputError: the model has no tokenizer, or the row cannot be read.
    """
    task = load_task(project.task, project.options)
    if not task.language:
        return None
    tokenizer = load_tokenizer(resolve_model(project.model.source, folder).path)
    return read_fields(task, tokenizer, [row], project.model)


def hash_project(file: Path) -> str:
    """Return the SHA-256 of a project file; empty where the project is not saved."""
    return sha256_of(file) if file.is_file() else ""
