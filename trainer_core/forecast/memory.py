"""The bytes of a plan: memory at the fullest moment of every stage, and what lies on disk afterwards. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_core.forecast.contract import DeviceFacts, Work
from trainer_core.forecast.passes import POOLINGS_TRIED, StagePass, block_count, opening_pass, stage_passes
from trainer_core.forecast.shapes import evaluation_shapes, largest_cost, training_shapes
from trainer_core.layers.adapters import WEIGHT
from trainer_core.stages.plan import StagePlan
from trainer_core.training.frozen.needs import takes_vectors

VALUE_BYTES = 4
"""Weights, gradients, averages and checkpoints are float32."""
QUANTISED_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Of a value in four bits: itself, its part of a scale of one byte, and of that scale's own of four bytes."""
ADAM_COPIES = 2
"""AdamW keeps a mean of gradients and one of their squares."""
FORWARD_SHARE = 1 / 3
"""The widest moment of a forward pass without gradients, as a share of what a block keeps for the backward pass."""


@dataclass(frozen=True)
class StageBytes:
    """The most memory of a stage at once, and what it writes to disk."""

    peak: int
    disk: int


def opening_peak(work: Work, device: DeviceFacts) -> int:
    """Return the most memory before the first stage; a processor reads the model whole before it is quantised."""
    whole = _base(work, device) + (_saved_bytes(work) if device.kind == "cpu" else 0.0)
    read = _base(work, device) + (_read_bytes(work, device) if opening_pass(work).read_blocks else 0.0)
    return round(max(whole, read))


def stage_bytes(work: Work, device: DeviceFacts) -> list[StageBytes]:
    """Return the bytes of every stage."""
    changed: set[str] = {name for name in _counts(work) if name.startswith("head.")}
    found = []
    for stage, entered in zip(work.stages, stage_passes(work), strict=True):
        changed |= set(stage.trainable)
        written = VALUE_BYTES * _values(work, changed)
        peak = _peak(work, device, stage, entered)
        kept = written + _state_bytes(stage) + _states_bytes(work) * _wants_states(work, entered)
        found.append(StageBytes(round(peak), kept))
    return found


def disk_bytes(work: Work) -> int:
    """Return what a run leaves on disk: the best and the last checkpoint, the model, what is kept of frozen layers."""
    changed = {name for name in _counts(work) if name.startswith("head.")}
    changed |= {name for stage in work.stages for name in stage.trainable}
    checkpoint = VALUE_BYTES * _values(work, changed)
    entries = opening_pass(work).new_states + sum(entered.new_states for entered in stage_passes(work))
    checkpoints = 2 * checkpoint + (_state_bytes(work.stages[-1]) if work.stages else 0)
    return checkpoints + VALUE_BYTES * work.tree.parameter_count + entries * _states_bytes(work) + _pooled_bytes(work)


def _state_bytes(stage: StagePlan) -> int:
    """Return what a checkpoint holds beside the weights: the optimiser's tensors, and the averages."""
    copies = ADAM_COPIES + (1 if stage.average_epochs else 0)
    return copies * VALUE_BYTES * stage.trained_parameters


def _peak(work: Work, device: DeviceFacts, stage: StagePlan, entered: StagePass) -> float:
    learns = VALUE_BYTES * stage.trained_parameters
    averages = learns if stage.average_epochs else 0
    held = _base(work, device) + _widest(work) + ADAM_COPIES * learns + averages
    lasting = learns - VALUE_BYTES * _values(work, set(stage.trainable) - _tables(work))
    step = max(_kept_bytes(work, device, entered) + lasting, learns)
    # For an average to be judged the last weights stand aside.
    evaluation = averages + lasting + _forward_bytes(work, device)
    reading = _read_bytes(work, device) if entered.read_blocks else 0.0
    return max(held + step, held + evaluation, _base(work, device) + reading)


def _base(work: Work, device: DeviceFacts) -> float:
    """Return what is there all the time: the weights, the vectors of whole texts, and what else a run needs."""
    weights = VALUE_BYTES * work.tree.parameter_count - _saved_bytes(work)
    return weights + device.run_bytes + _pooled_bytes(work)


def _saved_bytes(work: Work) -> float:
    """Return how much smaller the model is because some matrices are kept in four bits."""
    return (VALUE_BYTES - QUANTISED_BYTES) * _values(work, _matrices(work))


def _matrices(work: Work) -> set[str]:
    return {module + WEIGHT for module in work.quantised}


def _widest(work: Work) -> int:
    """Return the bytes of the largest matrix in four bits, which a pass reads whole for as long as it needs it."""
    return VALUE_BYTES * max((_values(work, {name}) for name in _matrices(work)), default=0)


def _kept_bytes(work: Work, device: DeviceFacts, entered: StagePass) -> float:
    """Return what is kept from the largest batch for the backward pass, and what the widest block needs beside it."""
    learning = block_count(work) - entered.boundary
    if not learning:
        return 0.0
    batches = training_shapes(work)
    return (learning + 1) * largest_cost(batches, device.kept_bytes) * device.heap


def _forward_bytes(work: Work, device: DeviceFacts) -> float:
    batches = evaluation_shapes(work, device, work.rows.validation)
    return FORWARD_SHARE * largest_cost(batches, device.kept_bytes) * device.heap


def _read_bytes(work: Work, device: DeviceFacts) -> float:
    batches = evaluation_shapes(work, device, work.rows.train)
    return device.lanes * FORWARD_SHARE * largest_cost(batches, device.kept_bytes) * device.heap


def _states_bytes(work: Work) -> int:
    """Return the size of all rows' states at one boundary."""
    lengths = work.rows.cut(work.max_length)
    tokens = (work.rows.train + work.rows.validation) * sum(lengths) / len(lengths)
    return round(tokens * work.hidden_size * VALUE_BYTES)


def _wants_states(work: Work, entered: StagePass) -> bool:
    return 0 < entered.boundary < block_count(work)


def _pooled_bytes(work: Work) -> int:
    """Return the size of the vectors of whole texts, in every pooling that is tried."""
    needed = opening_pass(work).read_blocks or any(
        takes_vectors(stage, by_token=work.by_token) for stage in work.stages
    )
    poolings = POOLINGS_TRIED if work.chooses_pooling else 1
    rows = work.rows.train + work.rows.validation
    return rows * work.hidden_size * VALUE_BYTES * poolings if needed else 0


def _counts(work: Work) -> dict[str, int]:
    return {parameter.name: parameter.count for parameter in work.tree.parameters}


def _values(work: Work, names: set[str]) -> int:
    return sum(parameter.count for parameter in work.tree.parameters if parameter.name in names)


def _tables(work: Work) -> set[str]:
    """Return the embeddings: on the CPU their gradients keep their arrays between two steps."""
    deepest = work.tree.block_count + 1
    return {p.name for p in work.tree.parameters if len(p.shape) == 2 and work.tree.depth_of(p.name) == deepest}
