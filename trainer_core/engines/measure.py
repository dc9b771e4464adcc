"""A few real steps of the real model on this device: what a forecast is made from. A few seconds of work.

The shapes are made up, so that the figures hold for any rows. The global random numbers move on; nothing else changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.encoded import Tokens
from trainer_core.forecast.contract import BlockCost, DeviceFacts
from trainer_core.forecast.guess import heap_of, run_bytes_of
from trainer_core.layers.tree import HEAD, LayerTree
from trainer_core.models.network import Network
from trainer_core.project.schema import Precision
from trainer_core.training.freezing import apply_freeze
from trainer_core.training.lanes import lane_count
from trainer_core.training.quick import quicken
from trainer_core.training.trial import DTYPES

SHAPES = ((2, 16), (8, 32), (2, 128), (32, 32), (8, 128), (32, 128))
"""Rows and tokens of the batches that are timed, while there is time. Attention shows between the second and third."""
LEAST_SHAPES = 3
BUDGET_SECONDS = 3.0
REPEATS = 3
SLOW_SECONDS = 1.0
"""A pass that takes so long is timed once: what prepares kernels is little of it, and a large model on a processor, or
one that others use, would take minutes."""
TIME_NOISE = 0.01
"""Times of one shape differ by a tenth on a machine that does other things too; here squared."""
HEAD_ROWS = 32
LARGE = 1e6
"""Some values that an optimiser's step takes a measurable time for."""


@dataclass(frozen=True)
class _Measured:
    """One shape: seconds of both kinds of pass, and bytes kept between forward and backward."""

    rows: int
    tokens: int
    forward: float
    train: float
    kept: float


def measure_network(
    network: Network,
    tree: LayerTree,
    device: torch.device,
    precision: Precision,
    *,
    longest: int | None = None,
    vocabulary: int = 1_000,
    load_seconds: float = 0.0,
) -> DeviceFacts:
    """Time a network's passes and updates, and count what it keeps for the backward pass.

    Args:
        network: on the device; it is not to be used for anything else afterwards.
        tree: its layers.
        device: where it computes.
        precision: the number format of a run.
        longest: the most tokens that the model reads; None where it has no limit.
        vocabulary: how many different tokens it knows.
        load_seconds: how long it took to load.
    """
    if device.type == "cpu":
        quicken(network)
    apply_freeze(network, {name for name, _ in network.named_layers()})
    probe = _Probe(network, device, precision, vocabulary)
    blocks = max(1, tree.block_count)
    measured = probe.passes([shape for shape in SHAPES if longest is None or shape[1] <= longest] or [(2, 4)])
    head, update, value = probe.updates(tree)
    return DeviceFacts(
        device=str(device),
        precision=precision.value,
        measured=True,
        forward_seconds=_fit(measured, [one.forward / blocks for one in measured], noise=TIME_NOISE),
        train_seconds=_fit(measured, [one.train / blocks for one in measured], noise=TIME_NOISE),
        head_seconds=head,
        update_seconds=update,
        update_value_seconds=value,
        load_seconds=load_seconds,
        kept_bytes=_fit(measured, [one.kept / blocks for one in measured]),
        heap=heap_of(device.type),
        run_bytes=run_bytes_of(device.type),
        lanes=lane_count(network, device),
    )


class _Probe:
    """Runs steps of one network."""

    def __init__(self, network: Network, device: torch.device, precision: Precision, vocabulary: int) -> None:
        self._network = network
        self._device = device
        self._precision = precision
        self._vocabulary = vocabulary
        self._learning = [p for p in network.parameters() if p.requires_grad]

    def passes(self, wanted: Sequence[tuple[int, int]]) -> list[_Measured]:
        """Measure shapes, the small ones first, until the time is up; a few at least."""
        measured: list[_Measured] = []
        began = time.perf_counter()
        for rows, tokens in wanted:
            spent = time.perf_counter() - began
            if len(measured) >= LEAST_SHAPES and spent + self._expected(measured, rows * tokens) > BUDGET_SECONDS:
                break
            ids = torch.randint(self._vocabulary, (rows, tokens), device=self._device)
            kept = self._kept_bytes(ids)
            forward = self._seconds(lambda ids=ids: self._forward(ids))  # type: ignore[misc]
            measured.append(_Measured(rows, tokens, forward, self._seconds(lambda ids=ids: self._train(ids)), kept))  # type: ignore[misc]
        return measured

    def updates(self, tree: LayerTree) -> tuple[float, float, float]:
        """Return the seconds of a step of the head, those of any update, and those for every value that learns."""
        width = self._network.head.features
        features = torch.randn(HEAD_ROWS, width, device=self._device)
        head = list(self._network.head.parameters())
        of_head = self._seconds(self._stepping(head, lambda: self._network.head(features)))
        some = self._large_parameters(tree)
        for parameter in some:
            parameter.grad = torch.full_like(parameter, 1e-3)
        optimizer = torch.optim.AdamW(some, lr=1e-9, fused=True)

        def update() -> None:
            torch.nn.utils.clip_grad_norm_(some, 1.0)
            optimizer.step()

        seconds, values = self._seconds(update), sum(parameter.numel() for parameter in some)
        for parameter in some:
            parameter.grad = None
        return of_head, min(of_head / 2, seconds), max(0.0, seconds - of_head / 2) / values

    def _large_parameters(self, tree: LayerTree) -> list[torch.nn.Parameter]:
        """Return the last parameters before the head, a million values or what there is."""
        chosen: dict[int, torch.nn.Parameter] = {}
        for name, parameter in reversed(list(self._network.named_layers())):
            if not name.startswith(HEAD + ".") and sum(p.numel() for p in chosen.values()) < LARGE:
                chosen[id(parameter)] = parameter
        return list(chosen.values())

    def _stepping(self, learning: list[torch.nn.Parameter], scores: Callable[[], Tensor]) -> Callable[[], None]:
        optimizer = torch.optim.AdamW(learning, lr=1e-9, fused=True)

        def step() -> None:
            _loss(scores()).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            optimizer.zero_grad()

        return step

    def _states(self, ids: Tensor) -> Tensor:
        with torch.autocast(
            self._device.type, dtype=DTYPES[self._precision], enabled=self._precision is not Precision.FLOAT32
        ):
            return self._network.token_states(Tokens(ids, torch.ones_like(ids)))

    def _forward(self, ids: Tensor) -> None:
        with torch.inference_mode():
            self._states(ids)

    def _train(self, ids: Tensor) -> None:
        torch.autograd.grad(_loss(self._states(ids)), self._learning, allow_unused=True)

    def _kept_bytes(self, ids: Tensor) -> float:
        """Return the bytes that a forward pass keeps for the backward pass; parameters themselves do not count."""
        own = {parameter.untyped_storage().data_ptr() for parameter in self._network.parameters()}
        kept: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            states = self._states(ids)
        del states
        return float(sum(kept.values()))

    def _seconds(self, work: Callable[[], None]) -> float:
        """Return the shortest of some times, behind one that prepares kernels; of a slow pass, that one's."""
        first = self._timed(work)
        return first if first >= SLOW_SECONDS else min(self._timed(work) for _ in range(REPEATS))

    def _timed(self, work: Callable[[], None]) -> float:
        self._wait()
        started = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - started

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()

    @staticmethod
    def _expected(measured: Sequence[_Measured], tokens: int) -> float:
        """Return the seconds that all passes of another shape will probably take."""
        last = measured[-1]
        return (REPEATS + 1) * (last.forward + last.train) * tokens / (last.rows * last.tokens)


def _loss(scores: Tensor) -> Tensor:
    return scores.float().square().mean()


def _fit(measured: Sequence[_Measured], costs: Sequence[float], *, noise: float = 0.0) -> BlockCost:
    """Return the cost that explains the measured ones best, none of its parts negative, errors taken as shares.

    Args:
        measured: the shapes.
        costs: of a block, one a shape.
        noise: what squared error a further part has to explain, lest chance be taken for a law.
    """
    tokens = np.array([one.rows * one.tokens for one in measured], dtype=np.float64)
    parts = np.stack([np.ones_like(tokens), tokens, tokens * [one.tokens for one in measured]], axis=1)
    weighted = parts / np.maximum(np.array(costs, dtype=np.float64), 1e-12)[:, None]
    best, least = np.zeros(3), np.inf
    for some in ([1], [0, 1], [1, 2], [0, 1, 2]):
        found = np.zeros(3)
        found[some] = np.linalg.lstsq(weighted[:, some], np.ones_like(tokens), rcond=None)[0]
        error = float(np.square(weighted @ found - 1.0).sum()) + noise * len(some)
        if (found >= 0).all() and error < least:
            best, least = found, error
    return BlockCost(batch=float(best[0]), token=float(best[1]), pair=float(best[2]))
