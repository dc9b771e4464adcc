"""What flows into the part of the network that learns: tokens, or the features of a frozen body.

The loop knows only ``Inputs``; which kind a stage needs is decided once, when it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.encoded import Encoded, shuffled_batches, sorted_batches
from trainer_core.data.rows import IntArray
from trainer_core.models.network import Network
from trainer_core.training.session import TrainingSession

EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Batch:
    """Some rows on the device: what ``Inputs.scores`` takes, the targets [rows], and the number of real tokens."""

    values: tuple[Tensor, ...]
    targets: Tensor
    tokens: int

    def __len__(self) -> int:
        return len(self.targets)


class Inputs(Protocol):
    """Batches of one split, and the way from a batch to scores."""

    def __len__(self) -> int: ...

    def shuffled(self, batch_size: int, generator: np.random.Generator) -> Iterator[Batch]:
        """Yield every row once, in random batches."""
        ...

    def in_order(self, batch_size: int) -> Iterator[tuple[IntArray, Batch]]:
        """Yield every row once, with the places of the rows of each batch."""
        ...

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the scores of a batch, float [rows, outputs]."""
        ...


@dataclass(frozen=True)
class TokenInputs:
    """Rows enter as token numbers and go through the whole network."""

    rows: Encoded
    device: torch.device

    def __len__(self) -> int:
        return len(self.rows)

    def shuffled(self, batch_size: int, generator: np.random.Generator) -> Iterator[Batch]:
        """Yield every row once, in random batches of like length."""
        for chosen in shuffled_batches(self.rows.lengths, batch_size, generator):
            yield self._batch(chosen)

    def in_order(self, batch_size: int) -> Iterator[tuple[IntArray, Batch]]:
        """Yield every row once, the longest first."""
        for chosen in sorted_batches(self.rows.lengths, batch_size):
            yield chosen, self._batch(chosen)

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the network's scores."""
        ids, mask = batch.values
        scores: Tensor = network(ids, mask)
        return scores

    def _batch(self, chosen: IntArray) -> Batch:
        ids, mask = self.rows.tokens(chosen)
        targets = torch.from_numpy(self.rows.targets[chosen])
        tokens = int(self.rows.lengths[chosen].sum())
        return Batch((ids.to(self.device), mask.to(self.device)), targets.to(self.device), tokens)


@dataclass(frozen=True)
class FeatureInputs:
    """Rows enter as the vectors that the frozen body made of them; only the head computes."""

    features: Tensor
    rows: Encoded

    def __len__(self) -> int:
        return len(self.rows)

    def shuffled(self, batch_size: int, generator: np.random.Generator) -> Iterator[Batch]:
        """Yield every row once, in random batches."""
        order = generator.permutation(len(self))
        for start in range(0, len(order), batch_size):
            yield self._batch(order[start : start + batch_size])

    def in_order(self, batch_size: int) -> Iterator[tuple[IntArray, Batch]]:
        """Yield every row once, in their own order."""
        for start in range(0, len(self), batch_size):
            chosen = np.arange(start, min(start + batch_size, len(self)))
            yield chosen, self._batch(chosen)

    def scores(self, network: Network, batch: Batch) -> Tensor:
        """Return the head's scores."""
        scores: Tensor = network.head(batch.values[0])
        return scores

    def _batch(self, chosen: IntArray) -> Batch:
        places = torch.from_numpy(chosen).to(self.features.device)
        targets = torch.from_numpy(self.rows.targets[chosen]).to(self.features.device)
        return Batch((self.features[places],), targets, int(self.rows.lengths[chosen].sum()))


def stage_inputs(session: TrainingSession, *, only_head: bool) -> tuple[Inputs, Inputs]:
    """Return the inputs of the training and of the validation rows for a stage."""
    if only_head and session.features is not None:
        return (
            FeatureInputs(session.features.train, session.train),
            FeatureInputs(session.features.validation, session.validation),
        )
    return TokenInputs(session.train, session.device), TokenInputs(session.validation, session.device)
