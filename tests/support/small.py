"""A small project of plain values: a six-block model, what is known of it and the machine, and a run plan. No torch."""

from __future__ import annotations

from pathlib import Path

from tests.support.small_data import LABELS
from trainer_core.forecast.contract import MachineFacts, RowFacts
from trainer_core.forecast.guess import guess_device
from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree
from trainer_core.models.facts import ModelFacts, StarterModel
from trainer_core.models.foreign_code import CodeFile, ModelCode
from trainer_core.project.schema import DataSection, Project
from trainer_core.stages.plan import DataPlan, RunPlan, StagePlan, resolve_stages

METRIC = "macro_f1"
"""By what scripted runs are judged where the project leaves that to its task."""

LAST_EPOCHS = 3
"""Of the last stage of a scripted run that follows the default plan."""


def small_project() -> Project:
    """Return a project on the fake data with the default stages."""
    return Project(data=DataSection(train="tickets.tsv"))


def small_tree(outputs: int = len(LABELS), hidden: int = 384, blocks: int = 6) -> LayerTree:
    """Return the layers of a BERT-like model with a head."""
    specs = [
        ParameterSpec("embeddings.word_embeddings.weight", (30_522, hidden)),
        ParameterSpec("embeddings.position_embeddings.weight", (512, hidden)),
        ParameterSpec("embeddings.token_type_embeddings.weight", (2, hidden)),
        *_norm("embeddings.LayerNorm", hidden),
    ]
    for block in range(blocks):
        path = f"encoder.layer.{block}"
        for name in ("query", "key", "value"):
            specs += _linear(f"{path}.attention.self.{name}", hidden, hidden)
        specs += _linear(f"{path}.attention.output.dense", hidden, hidden)
        specs += _norm(f"{path}.attention.output.LayerNorm", hidden)
        specs += _linear(f"{path}.intermediate.dense", 4 * hidden, hidden)
        specs += _linear(f"{path}.output.dense", hidden, 4 * hidden)
        specs += _norm(f"{path}.output.LayerNorm", hidden)
    specs += _linear("head.out", outputs, hidden)
    return build_layer_tree(specs)


def _linear(path: str, out: int, width: int) -> list[ParameterSpec]:
    return [ParameterSpec(f"{path}.weight", (out, width)), ParameterSpec(f"{path}.bias", (out,))]


def _norm(path: str, width: int) -> list[ParameterSpec]:
    return [ParameterSpec(f"{path}.weight", (width,)), ParameterSpec(f"{path}.bias", (width,))]


def small_code(folder: Path = Path("/models/own")) -> ModelCode:
    """Return the code of a model that brings two files of it."""
    files = (CodeFile("configuration_own.py", "A = 1\n"), CodeFile("modeling_own.py", "B = '\u202e'\n"))
    return ModelCode(folder, files, "0" * 64)


def small_facts(outputs: int = len(LABELS)) -> ModelFacts:
    """Return the facts of the fake model."""
    return ModelFacts(
        source="starter:all-MiniLM-L6-v2",
        folder=Path("/models/all-MiniLM-L6-v2"),
        family="bert",
        hidden_size=384,
        max_positions=512,
        vocabulary=30_522,
        bytes=90_868_376,
        tree=small_tree(outputs),
        licence="Apache-2.0",
    )


def small_machine(*, free_bytes: int = 16_000_000_000) -> MachineFacts:
    """Return what was measured of the fake model on rows of 6 to 44 tokens."""
    device = guess_device(small_tree(), 384).model_copy(update={"measured": True})
    return MachineFacts(device, RowFacts(576, 64, tuple(range(6, 45)), counted=True), free_bytes)


def small_starters() -> list[StarterModel]:
    """Return two starter models."""
    return [_starter("all-MiniLM-L6-v2", 22_713_216, "English, quick"), _starter("tiny-bert", 4_385_920, "trying out")]


def _starter(name: str, parameters: int, good_for: str) -> StarterModel:
    return StarterModel(
        name=name,
        package=f"thaw-{name}",
        version="1.0",
        module=name.replace("-", "_"),
        path="model",
        weights="model.safetensors",
        sha256="0" * 64,
        parameters=parameters,
        licence="Apache-2.0",
        languages=("en",),
        family="bert",
        good_for=good_for,
    )


def small_plan(project: Project | None = None, project_file: str = "/projects/tickets.thaw") -> RunPlan:
    """Return a run plan on the fake data and model."""
    project = (project or small_project()).judged_by(METRIC)
    tree = small_tree()
    return RunPlan(
        project=project,
        project_file=project_file,
        project_sha256="",
        model_folder="/models/all-MiniLM-L6-v2",
        model_sha256="0" * 64,
        data=DataPlan(
            train="/projects/tickets.tsv",
            train_sha256="0" * 64,
            validation=None,
            validation_sha256=None,
            train_rows=576,
            validation_rows=64,
            labels=LABELS,
            columns={"text": "text", "label": "category"},
            outputs=len(LABELS),
        ),
        device="cpu",
        total_parameters=tree.parameter_count,
        stages=_shortened(resolve_stages(project, tree, 576), project),
    )


def _shortened(stages: tuple[StagePlan, ...], project: Project) -> tuple[StagePlan, ...]:
    """Return the stages; of the default plan, with so many epochs in the last that scripted runs stay as they are."""
    if project.stage:
        return stages
    *others, last = stages
    return *others, last.model_copy(update={"epochs": LAST_EPOCHS})
