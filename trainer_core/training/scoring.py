"""From what the body gives to a loss, or to what is kept of scores; a head of a whole vocabulary in parts.

The scores of some thousand tokens over fifty thousand words are gigabytes, and so are their gradients. A loss is a sum
over units, so each part's gradient is computed with its loss, and its scores are let go of (as Hsu et al. 2024,
arXiv:2410.10989, do in one kernel).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from trainer_core.models.network import Network
from trainer_core.tasks.base import Task

PART_SCORES = 2**24
"""How many scores a part has at most: 64 MiB in float32."""
LEAST_UNITS = 64

Loss = Callable[[Tensor, Tensor], Tensor]
"""Takes features and targets of some units and returns the sum of their losses."""


def loss_of(network: Network, task: Task, features: Tensor, targets: Tensor) -> Tensor:
    """Return the sum over units of a task's loss, a scalar, for features [units, width] and targets [units, ...]."""

    def loss(some: Tensor, of: Tensor) -> Tensor:
        return task.loss(network.head(some), of)

    size = part_size(network)
    if len(features) <= size:
        return loss(features, targets)
    learning = [parameter for parameter in network.head.parameters() if parameter.requires_grad]
    total: Tensor = _InParts.apply(loss, size, features, targets, *learning)  # type: ignore[no-untyped-call]
    return total


def tallies_of(network: Network, task: Task, features: Tensor, targets: Tensor) -> Tensor:
    """Return what a task keeps of scores, float [units, ...]; for what ``loss_of`` takes."""
    size = part_size(network)
    parts = zip(torch.split(features, size), torch.split(targets, size), strict=True)
    return torch.cat([task.tally(network.head(some), of) for some, of in parts])


def part_size(network: Network) -> int:
    """Return how many units are scored at once."""
    return max(LEAST_UNITS, PART_SCORES // network.head.outputs)


class _InParts(torch.autograd.Function):
    """A sum of losses, part by part, each with its gradients."""

    @staticmethod
    def forward(ctx: Any, loss: Loss, size: int, features: Tensor, targets: Tensor, *learning: Tensor) -> Tensor:
        """Return the loss of all units."""
        _, _, of_features, *_ = ctx.needs_input_grad
        total = torch.zeros((), device=features.device)
        gradients = [torch.zeros_like(tensor) for tensor in learning]
        found: list[Tensor] = []
        for some, of in zip(torch.split(features, size), torch.split(targets, size), strict=True):
            with torch.enable_grad():
                entering = some.detach().requires_grad_(of_features)
                part = loss(entering, of)
            total += part.detach()
            wanted = [entering, *learning] if of_features else list(learning)
            made = torch.autograd.grad(part, wanted) if wanted else ()
            if of_features:
                found.append(made[0])
            for kept, gradient in zip(gradients, made[len(made) - len(gradients) :], strict=True):
                kept += gradient
        ctx.found = torch.cat(found) if of_features else None
        ctx.gradients = gradients
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> tuple[Any, ...]:
        """Return the gradients of the features and of what learns in the head."""
        (factor,) = upstream
        found = None if ctx.found is None else ctx.found * factor.to(ctx.found.dtype)
        return None, None, found, None, *(gradient * factor for gradient in ctx.gradients)
