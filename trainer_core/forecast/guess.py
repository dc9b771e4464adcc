"""What stands in for facts that nobody has measured yet. Imports no torch.

Bytes follow Korthikanti et al. 2022 (arXiv:2205.05198): a block keeps 34 values of two bytes for every token and
channel, and 5 for every head and pair of tokens. Seconds are the operations of the block's products (Kaplan et al.
2020, arXiv:2001.08361: two for a value and token forwards, four backwards) at a speed that an ordinary machine has.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from trainer_core.data.batch_size import MOST_LANES
from trainer_core.forecast.contract import BlockCost, DeviceFacts, RowFacts
from trainer_core.layers.tree import LayerTree

OPERATIONS_PER_SECOND = {"cpu": 5e10, "cuda": 1.5e13, "mps": 1.5e12}
"""That training reaches, for a core of a CPU or for a whole other device."""
BATCH_SECONDS = {"cpu": 1e-4, "cuda": 2e-4, "mps": 4e-4}
"""Of a block, however small the batch is: calls from Python, and the start of kernels."""
UPDATE_VALUE_SECONDS = {"cpu": 2e-9, "cuda": 3e-11, "mps": 2e-10}
LOAD_SECONDS = 2.0
HEAD_SECONDS = 1e-3
HEAD_CHANNELS = 64
"""The width of an attention head in nearly all encoders."""
CPU_HEAP = 2.4
"""glibc keeps the holes that batches of changing size leave; measured with MiniLM on SST-2, everything learning."""
RUN_BYTES = {"cpu": 45_000_000, "cuda": 20_000_000, "mps": 20_000_000}
LETTERS_A_TOKEN = 4.2
SPECIAL_TOKENS = 2


def guess_device(tree: LayerTree, hidden_size: int, device: str = "cpu") -> DeviceFacts:
    """Return what a model probably costs on a device.

    Args:
        tree: its layers.
        hidden_size: the width of a token's state.
        device: ``cpu``, ``cuda`` or ``mps``, perhaps with a number.
    """
    kind = device.partition(":")[0]
    cores = max(1, (os.cpu_count() or 2) // 2) if kind == "cpu" else 1
    second = OPERATIONS_PER_SECOND[kind] * cores
    values = block_values(tree)
    wide = 4 if kind == "cpu" else 2
    return DeviceFacts(
        device=device,
        precision="float32" if kind == "cpu" else "bfloat16",
        measured=False,
        forward_seconds=BlockCost(batch=BATCH_SECONDS[kind], token=2 * values / second, pair=4 * hidden_size / second),
        train_seconds=BlockCost(
            batch=3 * BATCH_SECONDS[kind], token=6 * values / second, pair=12 * hidden_size / second
        ),
        head_seconds=HEAD_SECONDS,
        update_seconds=HEAD_SECONDS,
        update_value_seconds=UPDATE_VALUE_SECONDS[kind],
        load_seconds=LOAD_SECONDS,
        kept_bytes=BlockCost(token=17 * wide * hidden_size, pair=2.5 * wide * hidden_size / HEAD_CHANNELS),
        heap=heap_of(kind),
        run_bytes=RUN_BYTES[kind],
        lanes=min(MOST_LANES, cores),
    )


def heap_of(device: str) -> float:
    """Return how much more than asked for a device's allocator takes."""
    return CPU_HEAP if device.startswith("cpu") else 1.0


def run_bytes_of(device: str) -> int:
    """Return what a run needs beside the model and its batches."""
    return RUN_BYTES[device.partition(":")[0]]


def block_values(tree: LayerTree) -> float:
    """Return the parameters of one block, on average; those of the whole body where it has no blocks."""
    inside = [p.count for p in tree.parameters if tree.blocks and p.name.startswith(tree.blocks + ".")]
    return sum(inside) / tree.block_count if inside and tree.block_count else float(tree.parameter_count)


def guess_rows(train: int, validation: int, texts: Sequence[str]) -> RowFacts:
    """Return what some texts tell of all rows before a tokenizer has read them."""
    lengths = sorted(SPECIAL_TOKENS + math.ceil(len(text) / LETTERS_A_TOKEN) for text in texts)
    return RowFacts(train, validation, tuple(lengths) or (SPECIAL_TOKENS,))
