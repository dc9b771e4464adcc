"""From facts to a forecast: the seconds of every stage, and the whole.

Imports no torch, and is quick enough to be asked at every tick and every key.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainer_core.forecast.contract import Correction, DeviceFacts, Forecast, StageForecast, Work, mean_factor
from trainer_core.forecast.memory import VALUE_BYTES, StageBytes, disk_bytes, opening_peak, stage_bytes
from trainer_core.forecast.passes import StagePass, block_count, opening_pass, stage_passes
from trainer_core.forecast.shapes import evaluation_shapes, total_cost, training_shapes
from trainer_core.stages.plan import StagePlan

MOST_AFTER_MEASURING = 4.0
MOST_AFTER_GUESSING = 50.0
"""How far earlier runs may correct a forecast whose speeds were measured, or guessed: as a factor."""
SOLVE_ROW_SECONDS = 2e-8
"""Solving the head: seconds for every row, value of its vector and class; measured with 2,000 rows of width 384."""
SOLVE_SECONDS = 0.3
DISK_BYTES_PER_SECOND = 3e8
"""A slow solid-state disk, waited for."""


def forecast(work: Work, device: DeviceFacts, correction: Correction | None = None) -> Forecast:
    """Return what a run will take, if no rule ends a stage early and nothing of it is in the cache yet.

    Args:
        work: the plan, on which rows.
        device: what the model costs there.
        correction: what earlier runs taught; None for nothing.
    """
    learnt = correction or Correction()
    most = MOST_AFTER_MEASURING if device.measured else MOST_AFTER_GUESSING
    factors = _Factors(
        mean_factor(learnt.steps, most),
        mean_factor(learnt.others, most),
        mean_factor(learnt.memory, MOST_AFTER_MEASURING),
    )
    parts = zip(work.stages, stage_passes(work), stage_bytes(work, device), strict=True)
    stages = tuple(_stage(work, device, stage, entered, size, factors) for stage, entered, size in parts)
    opening = factors.others * _opening_seconds(work, device)
    return Forecast(
        stages=stages,
        opening_seconds=opening,
        seconds=opening + sum(stage.seconds for stage in stages),
        peak_bytes=max(round(factors.memory * opening_peak(work, device)), *(stage.peak_bytes for stage in stages)),
        disk_bytes=disk_bytes(work),
        measured=device.measured,
        runs=max(len(learnt.steps), len(learnt.memory)),
    )


@dataclass(frozen=True)
class _Factors:
    """What earlier runs took, as a factor on what is forecast."""

    steps: float
    others: float
    memory: float


def _stage(
    work: Work, device: DeviceFacts, stage: StagePlan, entered: StagePass, size: StageBytes, factors: _Factors
) -> StageForecast:
    step = factors.steps * _step_seconds(work, device, stage, entered)
    evaluation = factors.steps * _evaluation_seconds(work, device, stage, entered)
    other = factors.others * (_read_seconds(work, device, entered.read_blocks) + _save_seconds(work, stage))
    count = stage.epochs * min(work.training.evaluations_per_epoch, stage.steps_per_epoch)
    return StageForecast(
        name=stage.name,
        seconds=stage.steps * step + count * evaluation + other,
        step_seconds=step,
        evaluation_seconds=evaluation,
        other_seconds=other,
        peak_bytes=round(factors.memory * size.peak),
        disk_bytes=size.disk,
    )


def _step_seconds(work: Work, device: DeviceFacts, stage: StagePlan, entered: StagePass) -> float:
    """Return the mean seconds of an optimiser step."""
    update = device.update_seconds + device.update_value_seconds * stage.trained_parameters
    learning = block_count(work) - entered.boundary
    if not learning:
        return device.head_seconds * work.training.accumulation
    batches = training_shapes(work)
    return update + learning * total_cost(batches, device.train_seconds) / stage.steps_per_epoch


def _evaluation_seconds(work: Work, device: DeviceFacts, stage: StagePlan, entered: StagePass) -> float:
    batches = evaluation_shapes(work, device, work.rows.validation)
    learning = block_count(work) - entered.boundary
    once = (
        learning * total_cost(batches, device.forward_seconds)
        + device.head_seconds * sum(shape.count for shape in batches) / 2
    )
    return once * (2 if stage.average_epochs else 1)


def _opening_seconds(work: Work, device: DeviceFacts) -> float:
    """Return the seconds before the first stage, and those after the last one: saving the model."""
    seconds = device.load_seconds + VALUE_BYTES * work.tree.parameter_count / DISK_BYTES_PER_SECOND
    seconds += _read_seconds(work, device, opening_pass(work).read_blocks)
    if work.training.probe or work.chooses_pooling:
        classes = max((p.shape[0] for p in work.tree.parameters if p.name.startswith("head.")), default=2)
        seconds += SOLVE_SECONDS + SOLVE_ROW_SECONDS * work.rows.train * work.hidden_size * classes
    return seconds


def _read_seconds(work: Work, device: DeviceFacts, blocks: int) -> float:
    """Return the seconds in which all rows of both splits go once through so many blocks."""
    if not blocks:
        return 0.0
    rows = work.rows.train + work.rows.validation
    batches = evaluation_shapes(work, device, rows)
    return blocks * total_cost(batches, device.forward_seconds)


def _save_seconds(work: Work, stage: StagePlan) -> float:
    """Return the seconds of the checkpoints, if every epoch brings a new best."""
    return stage.epochs * VALUE_BYTES * stage.trained_parameters / DISK_BYTES_PER_SECOND
