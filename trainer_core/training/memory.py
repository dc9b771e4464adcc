"""Too little memory is a state, not an end: fewer rows go through the network at once, and the work goes on."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch

from trainer_core.data.rows import IntArray
from trainer_core.errors import ThawError
from trainer_core.models.network import Network

Result = TypeVar("Result")

_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")
"""What devices say: CUDA and MPS; the CPU's allocator on Linux, Windows and macOS."""


NO_CHECKPOINTING = "This model cannot compute its inner values again on the way back, so they are kept in memory."


class OutOfMemory(ThawError):
    """Not even one row fits."""


class RowLimit:
    """How many rows go through the network at once. It only ever falls.

    Attributes:
        most: the number, or None while all rows of a batch have fitted.
    """

    def __init__(self) -> None:
        self.most: int | None = None

    def parts(self, rows: IntArray) -> list[IntArray]:
        """Return the rows in parts that fit, as far as is known."""
        size = len(rows) if self.most is None else self.most
        return [rows[start : start + size] for start in range(0, len(rows), size)]

    def halve(self, tried: int) -> None:
        """Note that so many rows did not fit.

        Raises:
            OutOfMemory: it was one.
        """
        if min(tried, self.most or tried) <= 1:
            raise OutOfMemory(
                "Not even one row fits into the memory.",
                remedy="Read fewer tokens (model.max_length), train fewer layers, or choose a smaller model.",
            )
        self.most = (min(tried, self.most or tried) + 1) // 2


def each_part(
    limit: RowLimit, rows: IntArray, compute: Callable[[IntArray], Result]
) -> Iterator[tuple[IntArray, Result]]:
    """Yield rows and what ``compute`` makes of them, in smaller parts where the memory is too small for all at once.

    Raises:
        OutOfMemory: not even one row fits.
    """
    waiting = [rows]
    while waiting:
        parts = limit.parts(waiting.pop(0))
        part, waiting = parts[0], parts[1:] + waiting
        try:
            result = compute(part)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        else:
            yield part, result
            continue
        # Out here the failed attempt's tensors are no longer held by its traceback.
        limit.halve(len(part))
        free_memory()
        waiting.insert(0, part)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error).lower() for words in _WORDS)


def free_memory() -> None:
    """Give back what nobody holds any more, to the device and to the system; also what only holds itself."""
    gc.collect()
    release_memory()


def release_memory() -> None:
    """Give back what was let go of, to the device and to the system."""
    # glibc keeps what was freed, and the next run would seem to need less than it does.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def checkpoint_activations(network: Network) -> bool:
    """Keep only what enters each block and compute the rest again on the way back; return whether the body can.

    Chen et al. 2016, arXiv:1604.06174.
    """
    body: Any = network.body
    if not body.supports_gradient_checkpointing:
        return False
    # transformers renamed it; where the new name is there, the old one warns.
    enable = getattr(body, "activation_checkpointing_enable", None) or body.gradient_checkpointing_enable
    enable({"use_reentrant": False})
    return True
