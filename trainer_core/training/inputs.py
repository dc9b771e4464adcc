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
from trainer_core.data.encoded import Encoded, Tokens
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
        tokens: as the network takes them; None where the body has read them before.
        states: what the frozen layers made of them, where they have; else nothing.
        targets: [units, ...], of the rows or of their tokens.
        token_count: how many real tokens there are.
    """

    rows: IntArray
    tokens: Tokens | None
    states: tuple[Tensor, ...]
    targets: Tensor
    token_count: int

    def __len__(self) -> int:
        return len(self.rows)


class Inputs(Protocol):
    """Batches of one split, and the way from a batch to what the head scores."""

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

    def features(self, network: Network, batch: Batch) -> Tensor:
        """Return what the head takes, float [units, width]."""
        ...

    def learnt(self, chosen: IntArray) -> int:
        """Return how many things there are to be learnt in these rows."""
        ...

    def units(self, chosen: IntArray) -> IntArray:
        """Return the places, among all units, of those of these rows."""
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

    def places(self, rows: Encoded, at: IntArray) -> IntArray:
        """Return where the states of tokens lie, int64; -1 where they are not kept, or where there is no token.

        Args:
            rows: whose states these are.
            at: int64, the places of tokens among those of all rows; -1 for none.
        """
        of = np.searchsorted(rows.offsets, at, side="right") - 1
        starts = self.starts[of]
        return np.where((at < 0) | (starts < 0), -1, starts + at - rows.offsets[of])


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
        """Return the places, among all units, of those of these rows."""
        return self.rows.units(chosen)

    @property
    def unit_count(self) -> int:
        """How many units there are."""
        return self.rows.unit_count

    def batch(self, chosen: IntArray) -> Batch:
        """Return these rows as a batch."""
        targets = torch.from_numpy(self.rows.targets[self.rows.units(chosen)])
        tokens, states = self._entering(chosen)
        return Batch(
            chosen,
            tokens.map(self._to_device) if tokens is not None else None,
            tuple(map(self._to_device, states)),
            self._to_device(targets),
            int(self.rows.lengths[chosen].sum()),
        )

    def _to_device(self, tensor: Tensor) -> Tensor:
        # From pinned memory a GPU fetches by itself while both go on.
        if self.device.type == "cuda" and tensor.device.type == "cpu":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=self.device.type == "cuda")

    def _entering(self, chosen: IntArray) -> tuple[Tokens | None, tuple[Tensor, ...]]:
        raise NotImplementedError


@dataclass(frozen=True)
class TokenInputs(_Rows):
    """Rows enter as token numbers and go through the whole network."""

    def features(self, network: Network, batch: Batch) -> Tensor:
        """Return what the network's body makes of the tokens."""
        assert batch.tokens is not None
        return network.features(batch.tokens)

    def _entering(self, chosen: IntArray) -> tuple[Tokens | None, tuple[Tensor, ...]]:
        return self.rows.tokens(chosen), ()


@dataclass(frozen=True)
class FeatureInputs(_Rows):
    """Rows enter as the vectors, float [rows, width], that the frozen body made of them; only the head computes."""

    vectors: Tensor

    def in_order(self) -> Iterator[IntArray]:
        """Yield the places of all rows, each once, in large batches: a vector is as small as a token."""
        rows = np.arange(len(self), dtype=np.int64)
        yield from (rows[start : start + VECTORS] for start in range(0, len(rows), VECTORS))

    def features(self, network: Network, batch: Batch) -> Tensor:
        """Return the vectors as they are."""
        return batch.states[0]

    def _entering(self, chosen: IntArray) -> tuple[Tokens | None, tuple[Tensor, ...]]:
        return None, (self.vectors[torch.from_numpy(chosen).to(self.vectors.device)],)


@dataclass(frozen=True)
class StateInputs(_Rows):
    """Rows enter between two blocks, as the states that the blocks below made of them.

    Rows whose states are not kept go through the blocks below on the way.
    """

    states: RowStates
    stack: BlockStack
    boundary: int

    def features(self, network: Network, batch: Batch) -> Tensor:
        """Return what the blocks above the boundary make of the states."""
        tokens, (states, missing) = batch.tokens, batch.states
        assert tokens is not None
        if len(missing):
            with torch.no_grad(), self.stack.reading([self.boundary]) as found:
                network.token_states(tokens.map(lambda values: values[missing]))
            made = found.take()[self.boundary]
            if len(missing) == len(tokens):
                states = made
            else:
                states[missing] = made.to(states.dtype)
        with self.stack.entering(self.boundary, states):
            return network.features(tokens)

    def _entering(self, chosen: IntArray) -> tuple[Tokens | None, tuple[Tensor, ...]]:
        at = self.rows.layout(chosen)
        places = self.states.places(self.rows, at)
        lacking = ((places < 0) & (at >= 0)).any(axis=1)
        missing = torch.from_numpy(np.flatnonzero(lacking))
        tokens = self.rows.tokens(chosen)
        if lacking.all():
            return tokens, (self.states.values[:0], missing)
        # Where there is no token stand the states of another one, which the mask hides.
        return tokens, (self.states.values[torch.from_numpy(places.clip(min=0))], missing)
