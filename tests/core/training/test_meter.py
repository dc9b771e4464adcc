"""Measures of steps: at once on the CPU, many at a time on a GPU, none lost and none out of order."""

from __future__ import annotations

import pytest
import torch

from trainer_core.training.events import StepFinished
from trainer_core.training.meter import STEPS_AT_ONCE, StepMeter


def note(meter: StepMeter, step: int) -> list[StepFinished]:
    """Note a step whose loss is its number."""
    facts = {"stage": 0, "epoch": 0.5, "learning_rate": 0.1, "rows": 8, "tokens": 99}
    return list(meter.note(torch.tensor(float(step)), torch.tensor(0.5), step=step, **facts))


def test_the_cpu_tells_every_step_at_once() -> None:
    meter = StepMeter(torch.device("cpu"))
    for step in range(1, 4):
        (told,) = note(meter, step)
        assert (told.step, told.loss, told.gradient_norm, told.tokens) == (step, step, 0.5, 99)
    assert list(meter.flush()) == []


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_gpu_tells_many_steps_at_a_time_and_the_rest_when_asked(device: str) -> None:
    meter = StepMeter(torch.device(device))
    told = [note(meter, step) for step in range(1, 2 * STEPS_AT_ONCE + 4)]
    assert [len(some) for some in told] == [
        STEPS_AT_ONCE if n % STEPS_AT_ONCE == 0 else 0 for n in range(1, len(told) + 1)
    ]
    rest = list(meter.flush())
    steps = [event.step for some in [*told, rest] for event in some]
    assert steps == list(range(1, 2 * STEPS_AT_ONCE + 4))
    assert [event.loss for event in rest] == [21.0, 22.0, 23.0]
    assert len({event.seconds for event in rest}) == 1
