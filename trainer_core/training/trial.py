"""Precision by measurement: a real step in every number format that the device offers, timed, and its loss compared.

The choice is remembered for a model on a device, so that later runs repeat it instead of measuring anew.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from trainer_core.data.encoded import Encoded
from trainer_core.data.rows import IntArray
from trainer_core.models.network import Network
from trainer_core.project.schema import Precision
from trainer_core.tasks.base import Task
from trainer_core.training.memory import RowLimit, each_part
from trainer_core.training.scoring import loss_of

ROWS = 32
TOKENS = 2_048
"""About so many at most: a step of a model that writes would take half a minute."""
WARM_ROWS = 2
WORTHWHILE = 1.15
"""How many times faster the shorter format has to be: a smaller gain may be chance, and is not worth the digits."""
CLOSE = 1.1
"""A gain within this factor of what is worthwhile is measured twice."""
SAMPLE_ROWS, SAMPLE_WIDTH = 64, 2_048
"""So many rows go through a single layer, at most so wide, before a format is tried on the whole network."""
HOPELESS = 3.0
"""How many times slower at that layer a format is not tried further: it is only imitated, and a step takes minutes."""
LARGEST_DIFFERENCE = 0.02
"""How far, relative to the loss in float32, the loss may be off."""
DTYPES = {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16, Precision.FLOAT16: torch.float16}


@dataclass(frozen=True)
class PrecisionTrial:
    """What one number format reached: seconds a step, and the loss."""

    seconds: float
    loss: float


def candidates(device: torch.device) -> tuple[Precision, ...]:
    """Return the number formats worth trying on a device; float32 is the first."""
    if device.type == "cpu":
        return (Precision.FLOAT32, Precision.BFLOAT16)
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return (Precision.FLOAT32, Precision.BFLOAT16 if native else Precision.FLOAT16)
    return (Precision.FLOAT32,)  # Apple's MPS: mixed precision was not tried on it


def promising(network: Network, device: torch.device, precisions: Sequence[Precision]) -> tuple[Precision, ...]:
    """Return the number formats that are not far slower than float32 at the shape of the network's largest matrix.

    A processor without instructions for bfloat16 computes in it all the same, ten to thirty times as slowly.

    The network and the random numbers are afterwards as before.
    """
    largest = max(
        (module for module in network.modules() if isinstance(module, nn.Linear)),
        key=lambda layer: layer.in_features * layer.out_features,
        default=None,
    )
    if largest is None or device.type != "cpu":
        return tuple(precisions)
    given, returned = min(largest.in_features, SAMPLE_WIDTH), min(largest.out_features, SAMPLE_WIDTH)
    weight = torch.ones(returned, given, requires_grad=True)
    inputs = torch.ones(SAMPLE_ROWS, given, requires_grad=True)

    def product(precision: Precision) -> float:
        with torch.autocast(device.type, dtype=DTYPES[precision], enabled=precision is not Precision.FLOAT32):
            total = functional.linear(inputs, weight).float().sum()
        torch.autograd.grad(total, (inputs, weight))
        return float(total.detach())

    def seconds(precision: Precision) -> float:
        product(precision)  # the first prepares kernels
        return min(_timed(partial(product, precision)).seconds for _ in range(3))

    longest = HOPELESS * seconds(Precision.FLOAT32)
    return tuple(one for one in precisions if one is Precision.FLOAT32 or seconds(one) <= longest)


def choose_precision(trials: Mapping[Precision, PrecisionTrial]) -> Precision:
    """Return the fastest format that gives the loss that float32 gives."""
    exact = trials[Precision.FLOAT32]
    agreeing = {
        precision: trial
        for precision, trial in trials.items()
        if math.isfinite(trial.loss) and abs(trial.loss - exact.loss) <= LARGEST_DIFFERENCE * max(abs(exact.loss), 1.0)
    }
    fastest = min(agreeing, key=lambda precision: agreeing[precision].seconds, default=Precision.FLOAT32)
    worthwhile = fastest in agreeing and exact.seconds >= WORTHWHILE * agreeing[fastest].seconds
    return fastest if worthwhile else Precision.FLOAT32


def try_precisions(
    network: Network,
    task: Task,
    rows: Encoded,
    device: torch.device,
    precisions: Sequence[Precision],
    *,
    body_learns: bool = True,
) -> dict[Precision, PrecisionTrial]:
    """Time a step, without dropout, on some rows of middling length.

    A step is a pass forward and, where more than the head learns, one back. Gradients of embeddings are left out: they
    take the same time in every format, and would drown the rest.

    The network's weights, gradients, modes and random numbers are afterwards as before.
    """
    tables = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
    layers = network if body_learns else network.head
    learning = [p for p in layers.parameters() if p.is_floating_point() and id(p) not in tables]
    modes = {module: module.training for module in network.modules()}
    network.eval()
    wishes = [parameter.requires_grad for parameter in network.parameters()]
    network.requires_grad_(False)
    for parameter in learning:
        parameter.requires_grad_(True)

    def step(chosen: IntArray, precision: Precision) -> float:
        tokens = rows.tokens(chosen).to(device)
        targets = torch.from_numpy(rows.targets[rows.units(chosen)]).to(device)
        enabled = precision is not Precision.FLOAT32
        with torch.autocast(device.type, dtype=DTYPES[precision], enabled=enabled):
            features = network.features(tokens)
            total = loss_of(network, task, features, targets)
        loss = total / max(1, int(rows.learnt[chosen].sum()))
        torch.autograd.grad(loss, learning, allow_unused=True)
        return float(loss.detach())

    def attempt(chosen: IntArray) -> dict[Precision, PrecisionTrial]:
        for precision in precisions:
            step(chosen[:WARM_ROWS], precision)  # the first prepares kernels
        trials = {precision: _timed(partial(step, chosen, precision)) for precision in precisions}
        # A pass forward is so short that one disturbance, or what a library prepares for a new shape, would decide.
        if not body_learns or _is_close_call(trials):
            again = {precision: _timed(partial(step, chosen, precision)) for precision in precisions}
            trials = {precision: min(trials[precision], again[precision], key=_seconds) for precision in precisions}
        return trials

    try:
        # As many of the rows as the memory has room for; the first part is enough.
        return next(trials for _, trials in each_part(RowLimit(), middling(rows.lengths), attempt))
    finally:
        for parameter, wish in zip(network.parameters(), wishes, strict=True):
            parameter.requires_grad_(wish)
        for module, mode in modes.items():
            module.training = mode


def middling(lengths: IntArray) -> IntArray:
    """Return the places of some rows around the median length: fewer where they are long."""
    order = np.argsort(lengths, kind="stable")
    rows = max(1, min(ROWS, TOKENS // int(np.median(lengths))))
    first = max(0, (len(order) - rows) // 2)
    return order[first : first + rows]


def _timed(step: Callable[[], float]) -> PrecisionTrial:
    started = time.perf_counter()
    loss = step()
    return PrecisionTrial(time.perf_counter() - started, loss)


def _seconds(trial: PrecisionTrial) -> float:
    return trial.seconds


def _is_close_call(trials: Mapping[Precision, PrecisionTrial]) -> bool:
    """Whether chance could have decided: one step more or less disturbed."""
    exact = trials[Precision.FLOAT32].seconds
    others = [trial.seconds for precision, trial in trials.items() if precision is not Precision.FLOAT32]
    return any(WORTHWHILE / CLOSE <= exact / seconds <= WORTHWHILE * CLOSE for seconds in others)
