"""The repeated blocks of a live body: reading the states between two of them, and entering the body there.

A block's ``forward`` is replaced, not the block, because bodies read attributes of their blocks (ModernBERT's kinds of
attention) and count them. What a body does around its blocks (masks, positions, the last norm) goes on as ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

STATES = "hidden_states"

Forward = Callable[..., Any]


class FoundStates(threading.local):
    """What the last forward pass of this thread gave at some boundaries; passes in other threads have their own.

    Attributes:
        by_boundary: float [rows, tokens, width].
    """

    def __init__(self) -> None:
        self.by_boundary: dict[int, Tensor] = {}

    def take(self) -> dict[int, Tensor]:
        """Return the states, and hold them no longer."""
        taken, self.by_boundary = self.by_boundary, {}
        return taken


class BlockStack:
    """The largest list of blocks of one kind in a body.

    ``boundary`` is a number of blocks: the states at boundary 4 are what the fourth block gives and the fifth takes.

    Attributes:
        path: where the list is, e.g. ``encoder.layer``.
        blocks: its members, from the input to the output.
    """

    def __init__(self, path: str, blocks: nn.ModuleList) -> None:
        self.path = path
        self.blocks = list(blocks)
        self._tuple_lengths: dict[int, int | None] = {}

    def __len__(self) -> int:
        return len(self.blocks)

    @classmethod
    def find(cls, body: nn.Module) -> BlockStack | None:
        """Return the blocks of a body, or None where it has no list of blocks."""
        best: tuple[int, str, nn.ModuleList] | None = None
        for path, module in body.named_modules():
            if isinstance(module, nn.ModuleList) and len({type(block) for block in module}) == 1:
                size = sum(parameter.numel() for parameter in module.parameters())
                if best is None or size > best[0]:
                    best = (size, path, module)
        return None if best is None else cls(best[1], best[2])

    def can_be_split(self, run: Callable[[], object]) -> bool:
        """Look at one forward pass: whether every block runs once, in order, from states to states.

        Args:
            run: computes the body on some rows.
        """
        order: list[int] = []
        shapes: list[tuple[torch.Size | None, torch.Size | None]] = []
        with ExitStack() as hooks:
            for place, block in enumerate(self.blocks):

                def look(_: nn.Module, args: Any, named: Any, output: Any, place: int = place) -> None:
                    order.append(place)
                    shapes.append((_shape(_entering(args, named)), _shape(_leaving(output))))
                    self._tuple_lengths[place] = len(output) if isinstance(output, tuple) else None

                hooks.callback(block.register_forward_hook(look, with_kwargs=True).remove)
            run()
        in_order = order == list(range(len(self.blocks)))
        return in_order and len({shape for pair in shapes for shape in pair}) == 1 and shapes[0][0] is not None

    @contextmanager
    def reading(self, boundaries: Collection[int], *, whole: bool = False) -> Iterator[FoundStates]:
        """Collect the states at these boundaries during forward passes.

        Args:
            boundaries: each from 1 to the number of blocks.
            whole: compute the blocks above the highest boundary too; otherwise they are passed by.

        Yields:
            Filled by each pass.
        """
        found = FoundStates()
        with ExitStack() as undo:
            for boundary in boundaries:

                def keep(_: nn.Module, __: Any, output: Any, boundary: int = boundary) -> None:
                    states = _leaving(output)
                    assert states is not None
                    found.by_boundary[boundary] = states

                undo.callback(self.blocks[boundary - 1].register_forward_hook(keep).remove)
            for place in range(len(self) if whole else max(boundaries), len(self)):
                undo.enter_context(_replaced(self.blocks[place], self._passing(place)))
            yield found

    @contextmanager
    def entering(self, boundary: int, states: Tensor) -> Iterator[None]:
        """Let a forward pass take these states, float [rows, tokens, width], as what block ``boundary`` gives.

        The blocks below it compute nothing.
        """
        with ExitStack() as undo:
            for place in range(boundary - 1):
                undo.enter_context(_replaced(self.blocks[place], self._passing(place)))
            last = boundary - 1
            undo.enter_context(_replaced(self.blocks[last], lambda *_, **__: self._wrapped(last, states)))
            yield

    def _passing(self, place: int) -> Forward:
        return lambda *args, **named: self._wrapped(place, _entering(args, named))

    def _wrapped(self, place: int, states: Any) -> Any:
        """Return states as this block gives them: bare, or first in a tuple."""
        length = self._tuple_lengths[place]
        return states if length is None else (states, *[None] * (length - 1))


def _entering(args: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    return args[0] if args else named.get(STATES)


def _leaving(output: Any) -> Tensor | None:
    first = output[0] if isinstance(output, tuple) and output else output
    return first if isinstance(first, Tensor) else None


def _shape(states: Any) -> torch.Size | None:
    return states.shape if isinstance(states, Tensor) else None


@contextmanager
def _replaced(block: nn.Module, forward: Forward) -> Iterator[None]:
    # Past nn.Module's own way of setting attributes, which looks for parameters: this happens every step.
    before = block.__dict__.get("forward")
    block.__dict__["forward"] = forward
    try:
        yield
    finally:
        if before is None:
            del block.__dict__["forward"]
        else:
            block.__dict__["forward"] = before
