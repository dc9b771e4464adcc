"""A moment of a run, whole: everything that is needed to go on from it as if nothing had happened.

It is taken after an optimiser step and before the evaluation that may follow it, so that whoever goes on from it
evaluates first. What a seed decides (which rows make a batch, the learning rate of a step) is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from trainer_core.project.schema import Pooling, Precision

RNG = "rng.cpu"
DEVICE_RNG = "rng.device"


class BestSoFar(BaseModel):
    """The best evaluation of the run.

    Attributes:
        averaged: whether a moving average stood in for the weights.
        facts: what the task has to know to read the scores of these weights, such as thresholds.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    metric: str
    step: int
    stage: str
    metrics: dict[str, float]
    averaged: bool = False
    facts: dict[str, tuple[float, ...]] = {}

    @property
    def value(self) -> float:
        """The value of the chosen metric."""
        return self.metrics[self.metric]


class StageCounters(BaseModel):
    """How far a stage has come.

    Attributes:
        place: which stage, from 0.
        steps: its optimiser steps done.
        best: the best value of its exit rule's metric so far.
        since_best: evaluations since then.
        averaged_steps: steps that its moving average has taken note of.
        average_updates: how often the average was brought up to date.
        changes: how many changes the user has made to the stage.
        scaler: the state of the loss scaling of float16.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    place: int
    steps: int
    best: float | None = None
    since_best: int = 0
    averaged_steps: int = 0
    average_updates: int = 0
    changes: int = 0
    scaler: dict[str, float] = {}


class SnapshotFacts(BaseModel):
    """All of a snapshot but its tensors.

    Attributes:
        step: optimiser steps done in the run.
        stage: how far the present stage has come.
        changed: the names of all layers that differ from the pretrained model.
        rows_at_once: how many rows the memory has had room for; None while all of a batch have fitted.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    step: int
    stage: StageCounters
    precision: Precision
    pooling: Pooling
    changed: tuple[str, ...]
    best: BestSoFar | None = None
    rows_at_once: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """A moment of a run.

    Attributes:
        weights: every tensor that differs from the pretrained model, by layer name, on the CPU.
        state: the optimiser's and the average's tensors and the states of the random generators, on the CPU.
    """

    facts: SnapshotFacts
    weights: Mapping[str, Tensor]
    state: Mapping[str, Tensor]


def random_states(device: torch.device) -> dict[str, Tensor]:
    """Return the states of torch's random generators."""
    states = {RNG: torch.get_rng_state()}
    if device.type == "cuda":
        states[DEVICE_RNG] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states[DEVICE_RNG] = torch.mps.get_rng_state()
    return states


def restore_random(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Put torch's random generators back; one of a device that is not here now is passed over."""
    torch.set_rng_state(states[RNG])
    if DEVICE_RNG in states and device.type == "cuda":
        torch.cuda.set_rng_state(states[DEVICE_RNG], device)
    elif DEVICE_RNG in states and device.type == "mps":
        torch.mps.set_rng_state(states[DEVICE_RNG])
