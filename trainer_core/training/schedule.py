"""The learning rate over the steps of a stage. Imports no torch, so that the window can draw it."""

from __future__ import annotations

import math

from trainer_core.project.schema import Schedule


def rate_at(schedule: Schedule, step: int, steps: int, warmup_share: float) -> float:
    """Return the factor, 0 to 1, by which the learning rate is multiplied at one step of a stage.

    Args:
        schedule: how the rate falls after the warmup.
        step: the step about to be taken, from 0.
        steps: the number of steps of the stage.
        warmup_share: the share of the steps over which the rate rises from near 0 to 1.
    """
    warmup = math.ceil(steps * warmup_share) if steps > 1 else 0
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule is Schedule.CONSTANT:
        return 1.0
    progress = (step - warmup) / max(1, steps - warmup)
    if schedule is Schedule.COSINE:
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return max(0.0, 1.0 - progress)
