"""How large batches are. Imports nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass

BUCKET_BATCHES = 50
"""How many batches are cut from rows sorted together by length."""
EVALUATION_TOKENS = {"cpu": 1_024, "cuda": 16_384, "mps": 8_192}
"""The most tokens at once where nothing is learnt, by kind of device: what keeps it busy and stays in its caches."""

MOST_LANES = 4
"""The most batches at once on a CPU where nothing is learnt."""


@dataclass(frozen=True)
class BatchSize:
    """How large training batches are.

    Attributes:
        rows: in a batch.
        tokens: about so many in a batch, whatever the number of rows; None to go by rows.
    """

    rows: int
    tokens: int | None = None

    def count(self, rows: int, tokens: int) -> int:
        """Return how many batches so many rows with so many tokens in all make."""
        if self.tokens is None:
            return max(1, math.ceil(rows / self.rows))
        return max(1, min(rows, math.ceil(tokens / self.tokens)))
