"""The pass through the frozen layers: every row once, whatever the number of epochs and stages that follow.

One pass gives the vectors of whole texts, in several poolings, and the states at every boundary that a stage needs.
What an earlier run has kept is taken from there.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.encoded import Encoded
from trainer_core.data.rows import IntArray
from trainer_core.errors import RunStopped
from trainer_core.layers.freeze import frozen_blocks
from trainer_core.models.blocks import BlockStack, FoundStates
from trainer_core.project.schema import Pooling
from trainer_core.training.control import Wish, heed
from trainer_core.training.events import Event, WorkProgress
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.frozen.keys import code_key, joined_key, rows_key, weights_key
from trainer_core.training.inputs import Batch, RowStates, TokenInputs
from trainer_core.training.lanes import each_in_lanes, lane_count
from trainer_core.training.memory import each_part
from trainer_core.training.ports import ArraySink
from trainer_core.training.session import TrainingSession

WORK = "Reading the rows through the frozen layers"
REPORT_SECONDS = 0.25

Kept = dict[str, Tensor]
BatchOutputs = tuple[dict[Pooling, Tensor], dict[int, Tensor]]
"""Of a batch: vectors, float32 [rows, width], by pooling; states without padding, [tokens, width], by boundary."""
Wanted = Pooling | int
"""A pooling: the vectors of whole texts. A number: the states at this boundary."""


@dataclass
class SplitOutputs:
    """What the frozen layers make of the rows of one split.

    Attributes:
        features: float32 [rows, width] by pooling, on the device.
        states: by boundary.
    """

    features: dict[Pooling, Tensor] = field(default_factory=dict)
    states: dict[int, RowStates] = field(default_factory=dict)


@dataclass(frozen=True)
class FrozenOutputs:
    """What the frozen layers make of the rows of both splits."""

    train: SplitOutputs
    validation: SplitOutputs


def read_frozen(
    session: TrainingSession, poolings: Collection[Pooling], boundaries: Collection[int]
) -> Generator[Event, None, FrozenOutputs]:
    """Return what the frozen layers make of all rows: from the cache, or else in one pass.

    Outputs of the session that are not asked for again are let go.

    Yields:
        Progress, in rows.

    Raises:
        RunStopped: the user asked for the end.
    """
    wanted: list[Wanted] = [*poolings, *(boundaries if session.stack is not None else ())]
    splits = [_Split(session, rows, wanted) for rows in (session.train, session.validation)]
    total = sum(len(split.rows) for split in splits if split.missing)
    done = 0
    for split in splits:
        if split.missing:
            yield from _read_split(session, split, done, total)
            done += len(split.rows)
    session.kept = {split.keys[what]: split.found[what] for split in splits for what in split.found}
    return FrozenOutputs(*(_outputs(split, session.device) for split in splits))


class _Split:
    """The rows of one split: what is wanted of them, under which keys, and what is there already."""

    def __init__(self, session: TrainingSession, rows: Encoded, wanted: Collection[Wanted]) -> None:
        self.rows = rows
        of_rows = rows_key(rows)
        of_code = code_key(session.network, session.device, session.precision.precision.value)
        of_weights = {below: _weights_below(session, below) for below in {_below(what) for what in wanted}}
        joining = session.network.head.joining
        # Two texts are joined after pooling only; what a block gives is the same for every way of joining.
        self.keys = {
            what: joined_key(what, of_rows, of_code, of_weights[_below(what)], joining if _below(what) is None else "")
            for what in wanted
        }
        self.found: dict[Wanted, Kept] = {}
        for what, key in self.keys.items():
            arrays = session.kept.get(key) or session.cache.load(key)
            if arrays is not None and (isinstance(what, int) or len(arrays["values"]) == len(rows)):
                self.found[what] = arrays

    @property
    def missing(self) -> list[Wanted]:
        """What has to be computed."""
        return [what for what in self.keys if what not in self.found]


def _below(what: Wanted) -> int | None:
    """Return the boundary below which a wanted output is made; None where that is the whole body."""
    return what if isinstance(what, int) else None


def _weights_below(session: TrainingSession, boundary: int | None) -> str:
    """Return a key of everything that the output can depend on: all of the body but the blocks above a boundary."""
    tree = session.tree
    named = [(name, parameter) for name, parameter in session.network.named_layers() if not name.startswith("head.")]
    if boundary is not None:
        above = {name for name, _ in named if boundary <= frozen_blocks([name], tree) < tree.block_count}
        named = [(name, parameter) for name, parameter in named if name not in above]
    return weights_key(named)


def _read_split(session: TrainingSession, split: _Split, done: int, total: int) -> Iterator[Event]:
    poolings = [what for what in split.missing if isinstance(what, Pooling)]
    boundaries = [what for what in split.missing if isinstance(what, int)]
    features: dict[Pooling, Tensor] = {}
    reported = 0.0
    with ExitStack() as opened:
        sinks = _open_sinks(session, split, boundaries, opened)
        session.network.eval()
        found = opened.enter_context(_reading(session, poolings, boundaries))
        for batch, outputs in opened.enter_context(closing(_computed(session, split.rows, poolings, found))):
            for places, (pooled, states) in outputs:
                for pooling, values in pooled.items():
                    if pooling not in features:
                        features[pooling] = torch.empty(len(split.rows), values.shape[1], device=values.device)
                    features[pooling][torch.from_numpy(places).to(values.device)] = values
                for boundary in list(sinks):
                    if not sinks[boundary].append({"rows": torch.from_numpy(places), "states": states[boundary]}):
                        split.found[boundary] = sinks.pop(boundary).keep()
            done += len(batch)
            yield from heed(session.control, session.step)
            if session.control.wish is Wish.FINISH:
                remedy = "Start the run again when you like."
                raise RunStopped("Stopped before there was anything to keep.", remedy=remedy)
            if time.monotonic() - reported > REPORT_SECONDS or done == total:
                reported = time.monotonic()
                yield WorkProgress(work=WORK, done=done, total=total)
        for boundary, sink in sinks.items():
            split.found[boundary] = sink.keep()
        for pooling, values in features.items():
            split.found[pooling] = {"values": values}
            with session.cache.write(split.keys[pooling], values.nbytes) as sink:
                if sink.append({"values": values}):
                    sink.keep()
    set_training_modes(session.network)


def _computed(
    session: TrainingSession, rows: Encoded, poolings: Collection[Pooling], found: FoundStates | None
) -> Generator[tuple[IntArray, list[tuple[IntArray, BatchOutputs]]], None, None]:
    """Yield every batch, and its outputs in as many parts as the memory made of it."""
    inputs = TokenInputs(rows, session.device)

    def compute(batch: IntArray) -> list[tuple[IntArray, BatchOutputs]]:
        return list(each_part(session.row_limit, batch, one_part))

    def one_part(part: IntArray) -> BatchOutputs:
        return _frozen_pass(session, inputs.batch(part), poolings, found)

    with closing(each_in_lanes(lane_count(session.network, session.device), inputs.in_order(), compute)) as batches:
        yield from batches


def _open_sinks(
    session: TrainingSession, split: _Split, boundaries: Collection[int], stack: ExitStack
) -> dict[int, ArraySink]:
    tokens, width = len(split.rows.ids), session.network.head.width
    expected = tokens * width * torch.float32.itemsize
    return {
        boundary: stack.enter_context(session.cache.write(split.keys[boundary], expected)) for boundary in boundaries
    }


def _reading(
    session: TrainingSession, poolings: Collection[Pooling], boundaries: Collection[int]
) -> AbstractContextManager[FoundStates | None]:
    """Collect states at boundaries; without a pooling to be filled, the blocks above the highest are left out."""
    if not boundaries:
        return nullcontext()
    stack: BlockStack | None = session.stack
    assert stack is not None
    return stack.reading(boundaries, whole=bool(poolings))


def _frozen_pass(
    session: TrainingSession, batch: Batch, poolings: Collection[Pooling], found: FoundStates | None
) -> BatchOutputs:
    tokens = batch.tokens
    assert tokens is not None
    mask = tokens.mask
    with torch.no_grad(), session.precision.autocast():
        last = session.network.token_states(tokens)
        pooled = {pooling: session.network.vectors(last, mask, pooling).float() for pooling in poolings}
        real = mask.bool()
        return pooled, {} if found is None else {place: states[real] for place, states in found.take().items()}


def _outputs(split: _Split, device: torch.device) -> SplitOutputs:
    outputs = SplitOutputs()
    for what, arrays in split.found.items():
        if isinstance(what, Pooling):
            outputs.features[what] = arrays["values"].to(device)
        elif arrays:
            outputs.states[what] = RowStates.of(split.rows, arrays["rows"].numpy(), arrays["states"])
        else:
            outputs.states[what] = RowStates.of(split.rows, np.empty(0, dtype=np.int64), torch.empty(0))
    return outputs
