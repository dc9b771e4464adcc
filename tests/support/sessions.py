"""Live training sessions without a run folder, and whole runs with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer_core.cache.arrays import MemoryArrays
from trainer_core.engines.local import LocalEngine
from trainer_core.engines.prepare import prepare_run
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_planned, read_originals
from trainer_core.project.load import load_project
from trainer_core.project.schema import Pooling, Precision
from trainer_core.runs.checkpoints import weights_facts
from trainer_core.runs.folder import RunFolder
from trainer_core.tasks.base import Facts
from trainer_core.tasks.encoding import encode_rows
from trainer_core.training.control import Control
from trainer_core.training.events import Event
from trainer_core.training.loop import run_training
from trainer_core.training.ports import ArrayCache, SavedCheckpoint
from trainer_core.training.precision import MixedPrecision
from trainer_core.training.session import TrainingSession
from trainer_core.training.snapshot import Snapshot

Listener = Callable[[Event, Control], None]


@dataclass
class MemoryCheckpoints:
    """Keeps the best weights and every moment in memory, and the steps at which a best one was named.

    Attributes:
        steps: at which there was a new best.
        tensors: the best ones.
        facts: beside them.
        snapshots: by step.
    """

    steps: list[int] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    _told: list[SavedCheckpoint] = field(default_factory=list)

    def save(self, snapshot: Snapshot) -> None:
        """Keep a moment."""
        facts = snapshot.facts
        weights, state = (
            {name: tensor.clone() for name, tensor in named.items()} for named in (snapshot.weights, snapshot.state)
        )
        self.snapshots[facts.step] = Snapshot(facts, weights, state)
        self._told.append(SavedCheckpoint(facts.step, facts.stage.place, "memory", 0, best=False))

    def mark_best(self, step: int, stage: int, calibration: Facts) -> None:
        """Take the weights of a moment."""
        snapshot = self.snapshots[step]
        self.save_best(step, stage, snapshot.weights, weights_facts(snapshot.facts), calibration)

    def save_best(
        self, step: int, stage: int, tensors: Mapping[str, Tensor], facts: Mapping[str, str], calibration: Facts
    ) -> None:
        """Keep copies."""
        self.steps.append(step)
        self.tensors = {name: tensor.clone() for name, tensor in tensors.items()}
        self.facts = dict(facts)
        self._told.append(SavedCheckpoint(step, stage, "memory", 0, best=True))

    def wait(self) -> None:
        """Memory is written at once."""

    def saved(self, *, wait: bool = False) -> list[SavedCheckpoint]:
        """Tell everything once."""
        told, self._told = self._told, []
        return told

    def load_best(self) -> dict[str, Tensor]:
        """Return copies."""
        return {name: tensor.clone() for name, tensor in self.tensors.items()}


def make_session(
    project_file: Path, *, control: Control | None = None, cache: ArrayCache | None = None, precision: str = "float32"
) -> TrainingSession:
    """Return a session on a project, as the local engine builds it, that keeps its checkpoints in memory."""
    prepared = prepare_run(load_project(project_file), project_file)
    plan, base = prepared.plan, Path(prepared.plan.model_folder)
    torch.manual_seed(plan.seed)
    task, tokenizer, device = prepared.task, load_tokenizer(base), torch.device(plan.device)
    pooling = Pooling.MEAN if plan.model.pooling is Pooling.AUTO else plan.model.pooling
    train, validation = (
        encode_rows(task, tokenizer, rows, plan.model.max_length)
        for rows in (prepared.data.train, prepared.data.validation)
    )
    return TrainingSession(
        plan=plan,
        task=task,
        judge=task.judge(prepared.data.validation, validation),
        network=build_planned(plan, task, pooling, device),
        tree=prepared.facts.tree,
        train=train,
        validation=validation,
        precision=MixedPrecision(device, Precision(precision)),
        checkpoints=MemoryCheckpoints(),
        originals=lambda names: read_originals(base, names),
        cache=cache or MemoryArrays(),
        control=control or Control(),
        keep_plan=lambda plan: None,
    )


def train_all(session: TrainingSession) -> list[Event]:
    """Run a session to its end; return its events."""
    return list(run_training(session))


def weights_of(session: TrainingSession) -> dict[str, Tensor]:
    """Return copies of all weights by layer name."""
    return {name: parameter.detach().clone() for name, parameter in session.network.named_layers()}


def without_dropout(session: TrainingSession) -> TrainingSession:
    """Turn every dropout off, so that the order of rows within a batch does not matter; return the session."""
    for module in session.network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return session


def run_project(project_file: Path, *, listener: Listener | None = None) -> tuple[list[Event], RunFolder]:
    """Run a project with the local engine; return its events and its folder."""
    engine, control = LocalEngine(), Control()
    events: list[Event] = []
    for event in engine.run(load_project(project_file), project_file, None, control):
        events.append(event)
        if listener:
            listener(event, control)
    assert engine.folder is not None
    return events, engine.folder
