"""What flows into the part of the network that learns: tokens, or what the frozen layers made of them.

The loop knows only ``Inputs``; which kind a stage needs is decided once, when it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.batch_size import EVALUATION_TOKENS, BatchSize
from trainer_core.data.batches import shuffled_batches, sorted_batches
from trainer_core.data.encoded import Encoded
from trainer_core.data.rows import IntArray
from trainer_core.models.blocks import BlockStack
from trainer_core.models.network import Network

VECTORS = 4_096
"""Vectors of whole texts that the head takes at once where nothing is learnt."""


@dataclass(frozen=True)
class Batch:
    """Some rows on the device.

    Attributes:
        rows: their places in the split.
        values: what ``Inputs.scores`` takes.
        targets: [units, ...], of the rows or of their tokens.
        tokens: how many real ones there are.
    """

    rows: IntArray
    values: tuple[Tensor, ...]
    targets: Tensor
    tokens: int

    def __len__(self) -> int:
        return len(self.rows)


class Inputs(Protocol):
    """Batches of one split, and the way from a batch to scores."""

    def __len__(self) -> int: ...

    def shuffled(self, size: BatchSize, generator: np.random.Generator) -> Iterator[IntArray]:
        """Yield the places of all rows, each once, in random batches of like length."""
        ...

    def in_order(self) -> Iterator[IntArray]:
        """Yield the places of all rows, each once, in batches, the longest first."""
        ...

    def batch(self, chosen: IntArray) -> Batch:
        """Return these rows as a batch."""
        ...

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the scores of a batch, float [units, outputs]."""
        ...

    def learnt(self, chosen: IntArray) -> int:
        """Return how many things there are to be learnt in these rows."""
        ...

    def units(self, chosen: IntArray) -> IntArray:
        """Return the places, among all units, of those that ``scores`` gives for these rows."""
        ...

    @property
    def unit_count(self) -> int:
        """How many units there are."""
        ...


@dataclass(frozen=True)
class RowStates:
    """States of rows between two blocks.

    Attributes:
        values: float [tokens of all kept rows, width].
        starts: int64 [sequences], where each one's states begin; -1 where they are not kept.
    """

    values: Tensor
    starts: IntArray

    @classmethod
    def of(cls, rows: Encoded, kept: IntArray, values: Tensor) -> RowStates:
        """Return the states of the rows ``kept``, which lie in ``values`` in this order, without padding."""
        lengths = np.diff(rows.offsets)
        starts, places = np.full(len(lengths), -1, dtype=np.int64), rows.sequences(kept)
        starts[places] = np.cumsum(lengths[places]) - lengths[places]
        return cls(values, starts)


@dataclass(frozen=True)
class _Rows:
    """Rows on their way to a device, in batches of like length."""

    rows: Encoded
    device: torch.device

    def __len__(self) -> int:
        return len(self.rows)

    def shuffled(self, size: BatchSize, generator: np.random.Generator) -> Iterator[IntArray]:
        """Yield the places of all rows, each once, in random batches of like length."""
        yield from shuffled_batches(self.rows.lengths, size, generator)

    def in_order(self) -> Iterator[IntArray]:
        """Yield the places of all rows, each once, in batches, the longest first."""
        yield from sorted_batches(self.rows.lengths, EVALUATION_TOKENS[self.device.type])

    def learnt(self, chosen: IntArray) -> int:
        """Return how many things there are to be learnt in these rows."""
        return int(self.rows.learnt[chosen].sum())

    def units(self, chosen: IntArray) -> IntArray:
        """Return the places, among all units, of those that ``scores`` gives for these rows."""
        return self.rows.units(chosen)

    @property
    def unit_count(self) -> int:
        """How many units there are."""
        return self.rows.unit_count

    def batch(self, chosen: IntArray) -> Batch:
        """Return these rows as a batch."""
        targets = torch.from_numpy(self.rows.targets[self.rows.units(chosen)])
        values = tuple(map(self._to_device, self._values(chosen)))
        return Batch(chosen, values, self._to_device(targets), int(self.rows.lengths[chosen].sum()))

    def _to_device(self, tensor: Tensor) -> Tensor:
        # From pinned memory a GPU fetches by itself while both go on.
        if self.device.type == "cuda" and tensor.device.type == "cpu":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=self.device.type == "cuda")

    def _values(self, chosen: IntArray) -> tuple[Tensor, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class TokenInputs(_Rows):
    """Rows enter as token numbers and go through the whole network."""

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the network's scores."""
        scores: Tensor = network(*batch.values)
        return scores

    def _values(self, chosen: IntArray) -> tuple[Tensor, ...]:
        return self.rows.tokens(chosen)


@dataclass(frozen=True)
class FeatureInputs(_Rows):
    """Rows enter as the vectors, float [rows, width], that the frozen body made of them; only the head computes."""

    features: Tensor

    def in_order(self) -> Iterator[IntArray]:
        """Yield the places of all rows, each once, in large batches: a vector is as small as a token."""
        rows = np.arange(len(self), dtype=np.int64)
        yield from (rows[start : start + VECTORS] for start in range(0, len(rows), VECTORS))

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the head's scores."""
        scores: Tensor = network.head(batch.values[0])
        return scores

    def _values(self, chosen: IntArray) -> tuple[Tensor, ...]:
        return (self.features[torch.from_numpy(chosen).to(self.features.device)],)


@dataclass(frozen=True)
class StateInputs(_Rows):
    """Rows enter between two blocks, as the states that the blocks below made of them.

    Rows whose states are not kept go through the blocks below on the way.
    """

    states: RowStates
    stack: BlockStack
    boundary: int

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the network's scores."""
        *tokens, states, missing = batch.values
        if len(missing):
            with torch.no_grad(), self.stack.reading([self.boundary]) as found:
                network.token_states(*(values[missing] for values in tokens))
            made = found.take()[self.boundary]
            if len(missing) == len(tokens[0]):
                states = made
            else:
                states[missing] = made.to(states.dtype)
        with self.stack.entering(self.boundary, states):
            scores: Tensor = network(*tokens)
        return scores

    def _values(self, chosen: IntArray) -> tuple[Tensor, ...]:
        tokens = self.rows.tokens(chosen)
        mask = tokens[1]
        starts = self.states.starts[self.rows.sequences(chosen)]
        missing = torch.from_numpy(np.flatnonzero(starts < 0))
        if len(missing) == len(starts):
            return *tokens, self.states.values[:0], missing
        places = np.where(mask.numpy() > 0, starts.clip(min=0)[:, None] + np.arange(mask.shape[1]), 0)
        # Behind a row's end stand the states of another row, which the mask hides.
        states = self.states.values[torch.from_numpy(places.clip(max=len(self.states.values) - 1))]
        return *tokens, states, missing
