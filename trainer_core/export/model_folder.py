"""A complete model folder: the body as transformers saves it, the tokenizer, the head, and what Thaw has to know.

``AutoModel.from_pretrained`` reads the body; ``Predictor`` reads the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerBase

from trainer_core.data.roles import Role
from trainer_core.disk import system_errors
from trainer_core.errors import InputError
from trainer_core.files import writing_folder_beside
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_network
from trainer_core.models.language import LanguageHead
from trainer_core.models.network import Network
from trainer_core.project.schema import OptionValue, Pooling
from trainer_core.stages.plan import RunPlan
from trainer_core.tasks.base import Task
from trainer_core.tasks.registry import load_task

FACTS = "thaw.json"
HEAD = "head.safetensors"
VERSION = 2


class ModelFolderFacts(BaseModel):
    """What ``thaw.json`` says: how texts enter the model and how its scores are read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = VERSION
    task: str
    options: dict[str, OptionValue] = {}
    facts: dict[str, tuple[float, ...]] = {}
    labels: tuple[str, ...]
    outputs: int
    pooling: Pooling
    max_length: int
    columns: dict[Role, str]
    texts: int = 1

    @model_validator(mode="before")
    @classmethod
    def _of_version_1(cls, values: Any) -> Any:
        """Version 1 knew one text column, and one score a label."""
        if not isinstance(values, dict) or "text_column" not in values:
            return values
        more = {"columns": {Role.TEXT: values["text_column"]}, "outputs": len(values.get("labels") or ())}
        return {**values, **more, "version": VERSION}

    @classmethod
    def from_plan(
        cls, plan: RunPlan, pooling: Pooling, calibration: Mapping[str, tuple[float, ...]]
    ) -> ModelFolderFacts:
        """Return what a run's plan says, with the pooling that the run chose, and what came with its best weights."""
        return cls(
            task=plan.task,
            options=plan.project.options,
            facts={**plan.data.facts, **calibration},
            labels=plan.data.labels,
            outputs=plan.data.outputs,
            pooling=pooling,
            max_length=plan.model.max_length,
            texts=plan.data.texts,
            columns={Role(role): name for role, name in plan.data.columns.items()},
        )

    def build_task(self) -> Task:
        """Return the task as the run knew it."""
        return load_task(self.task, self.options, self.facts)


def save_model_folder(
    target: Path, network: Network, tokenizer: PreTrainedTokenizerBase, facts: ModelFolderFacts
) -> None:
    """Write a complete model folder; it appears whole, and takes the place of one that is there.

    Raises:
        OSError: it cannot be written; what was there before is there still.
    """
    with system_errors(), writing_folder_beside(target) as beside:
        _save_weights(network, beside)
        tokenizer.save_pretrained(beside)
        (beside / FACTS).write_text(facts.model_dump_json(indent=2), encoding="utf-8")


def _save_weights(network: Network, folder: Path) -> None:
    body: Any = network.body
    if isinstance(network.head, LanguageHead):
        with network.head.assembled(body) as model:
            model.save_pretrained(folder)
        return
    body.save_pretrained(folder)
    head = {name: tensor.detach().cpu().contiguous() for name, tensor in network.head.state_dict().items()}
    save_file(head, folder / HEAD)


def load_model_folder(path: Path) -> tuple[Network, PreTrainedTokenizerBase, ModelFolderFacts]:
    """Load what ``save_model_folder`` wrote.

    Raises:
        InputError: the folder is not whole.
    """
    try:
        facts = ModelFolderFacts.model_validate_json((path / FACTS).read_bytes())
        task = facts.build_task()
        head = None if task.language else load_file(path / HEAD)
    except (OSError, ValidationError, ValueError, SafetensorError) as cause:
        remedy = "Name a run folder of Thaw, or the folder model/ inside one."
        raise InputError.one(path, f"This is no model folder of Thaw: {cause}.", remedy) from cause
    network = build_network(path, task, facts.outputs, facts.pooling, texts=facts.texts)
    if head is not None:
        network.head.load_state_dict(head)
    return network, load_tokenizer(path), facts
