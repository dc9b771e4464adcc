"""What can be known of a model before its weights are read."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import PretrainedConfig

from trainer_core.errors import InputError
from trainer_core.layers.tree import build_layer_tree
from trainer_core.models.body import hidden_size, load_config, max_positions, outline_body, outline_language_model
from trainer_core.models.facts import ModelFacts, Telling
from trainer_core.models.gguf import Told
from trainer_core.models.language import telling_of
from trainer_core.models.network import Network, parameter_specs
from trainer_core.models.quantised import quantisable_modules
from trainer_core.models.sources import ModelFolder, resolve_model
from trainer_core.project.schema import Pooling, Project
from trainer_core.tasks.base import Task
from trainer_core.tasks.registry import load_task


def inspect_model(project: Project, folder: Path, outputs: int, texts: int = 1, told: Told | None = None) -> ModelFacts:
    """Find the project's model and return its facts, the task's head included.

    Args:
        project: what the user wants.
        folder: what a relative model folder is relative to.
        outputs: the number of scores that the head gives.
        texts: how many texts a row has.
        told: told of progress, where a starter is converted.

    Raises:
        InputError: the model is not there or cannot be used.
    """
    return inspect_folder(resolve_model(project.model.source, folder, told), project, outputs, texts)


def inspect_folder(found: ModelFolder, project: Project, outputs: int, texts: int = 1) -> ModelFacts:
    """Return the facts of a model whose folder is known."""
    config = load_config(found.path)
    vocabulary = getattr(config, "vocab_size", None)
    if not vocabulary:
        what = f"A {config.model_type} model does not read text."
        raise InputError.one(f"model.source ({found.path})", what, "Choose a language model.")
    network = _outline(config, load_task(project.task, project.options), outputs, texts)
    return ModelFacts(
        source=project.model.source,
        folder=found.path,
        family=config.model_type,
        hidden_size=hidden_size(config),
        max_positions=max_positions(config),
        vocabulary=vocabulary,
        bytes=found.bytes,
        tree=build_layer_tree(parameter_specs(network)),
        licence=found.licence,
        by_token=network.head.by_token,
        telling=telling_of(config) if network.head.pretrained else None,
        quantisable=quantisable_modules(network.body),
    )


def _outline(config: PretrainedConfig, task: Task, outputs: int, texts: int) -> Network:
    """Return a network without memory for its weights.

    Raises:
        InputError: the model cannot do what the task is.
    """
    if task.language:
        if task.writes and telling_of(config) is not Telling.NEXT:
            what = f"A {config.model_type} model reads texts; it cannot write any."
            raise InputError.one("model.source", what, "Choose a chat model, such as starter:SmolLM2-135M-Instruct.")
        body, head = outline_language_model(config)
        return Network(body, head, Pooling.MEAN)
    with torch.device("meta"):
        new = task.build_head(hidden_size(config), outputs, texts)
    return Network(outline_body(config), new, Pooling.MEAN)
