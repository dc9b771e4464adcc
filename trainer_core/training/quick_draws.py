"""Random decisions on the CPU, four with every number drawn."""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST = -(2**63)
_DECISIONS = 4
"""How many 16-bit numbers one of 64 bits holds."""
_RANGE = 2**16


def draw_kept(shape: torch.Size, dropped: float) -> Tensor:
    """Return which values of a tensor stay, bool, where a share of them is dropped; exact to 1 in 65,536."""
    count = shape.numel()
    drawn = torch.empty((count + _DECISIONS - 1) // _DECISIONS, dtype=torch.int64).random_(_LEAST, None)
    return drawn.view(torch.int16)[:count].view(shape) >= round(dropped * _RANGE) - _RANGE // 2
