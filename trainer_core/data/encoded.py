"""Rows as token numbers: encoded once, kept flat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from trainer_core.data.roles import Fields
from trainer_core.data.rows import IntArray, TargetArray

TYPES = "token_type_ids"
SPECIALS_OF_A_PAIR = 2
"""A tokenizer that knows pairs of texts adds at least one token between them and one around them."""

IGNORED = -100
"""The target of a token from which nothing is learnt; PyTorch's cross-entropy leaves it out."""

Number = TypeVar("Number", np.int32, np.uint8)


@dataclass(frozen=True)
class Tokens:
    """Sequences as a model takes them, padded on the right.

    Attributes:
        ids: int64 [sequences, tokens].
        mask: int64 [sequences, tokens], 1 where there is a token.
        types: int64 [sequences, tokens], which of two joined texts a token is of; None where that does not matter.
        places: int64 [sequences, tokens], where rows are packed: the place of each token in its own row, which tells
            where the next row begins; None where each sequence is of one row.
        scored: bool [sequences, tokens], which tokens are scored; None where all are, or where rows are.
    """

    ids: Tensor
    mask: Tensor
    types: Tensor | None = None
    places: Tensor | None = None
    scored: Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def map(self, change: Callable[[Tensor], Tensor]) -> Tokens:
        """Return them with every tensor changed."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        return Tokens(**{name: change(tensor) for name, tensor in tensors.items() if tensor is not None})

    def to(self, device: torch.device) -> Tokens:
        """Return them on a device."""
        return self.map(lambda tensor: tensor.to(device))


@dataclass(frozen=True)
class Encodings:
    """Some rows as token numbers: sequences, one after the other.

    Attributes:
        ids: int32 [tokens of all sequences].
        lengths: int64 [sequences], in tokens.
        cut: bool [sequences], whether a text was longer than it may be.
        parts: how many sequences a row is of, where each of its texts is read by itself.
        types: uint8 [tokens], which of two joined texts each is of; None where the model makes no difference.
        spans: int32 [tokens, 2], from where to where in its text a token stands for something, -1 where it stands for
            nothing; None where that does not matter.
        owners: int64 [sequences], which of the rows each is of, where a long row is read in several windows.
        scored: bool [tokens], which tokens are scored, where only some are; None where all are, or where rows are.
        goals: int32 [scored tokens], the token that each scored one is to tell, where tokens are what is learnt.
        packed: so many tokens of several rows may stand in one sequence; 0 where each stands alone.
    """

    ids: npt.NDArray[np.int32]
    lengths: IntArray
    cut: npt.NDArray[np.bool_]
    parts: int = 1
    types: npt.NDArray[np.uint8] | None = None
    spans: npt.NDArray[np.int32] | None = None
    owners: IntArray | None = None
    scored: npt.NDArray[np.bool_] | None = None
    goals: npt.NDArray[np.int32] | None = None
    packed: int = 0


@dataclass(frozen=True)
class Encoded:
    """Rows as token numbers, one after the other in one array.

    A row is one sequence of tokens; or several, where each text is read by itself. What is scored, a unit, is a row, or
    each of its tokens, or some of them.

    Attributes:
        ids: int32 [tokens of all sequences].
        offsets: int64 [sequences + 1], where each sequence begins and the last one ends.
        targets: [units, ...], what is to be learnt.
        cut: bool [sequences], whether a text was longer than the maximum length.
        pad_id: the number that fills up shorter sequences of a batch.
        parts: how many sequences a row is of.
        by_token: whether each token is scored, not the row.
        types: uint8 [tokens], which of two joined texts each is of; None where the model makes no difference.
        spans: int32 [tokens, 2], from where to where in its text a token stands for something, -1 where it stands for
            nothing; None where that does not matter.
        owners: int64 [sequences], which row of the data each is of; None where each is its own.
        scored: bool [tokens], which tokens are scored, where only some are; None where all are, or where rows are.
        goals: int32 [scored tokens], the token that each scored one is to tell, where tokens are what is learnt.
        packed: so many tokens of several rows stand in one sequence, where rows are packed; 0 where they are not.
    """

    ids: npt.NDArray[np.int32]
    offsets: IntArray
    targets: TargetArray
    cut: npt.NDArray[np.bool_]
    pad_id: int
    parts: int = 1
    by_token: bool = False
    types: npt.NDArray[np.uint8] | None = None
    spans: npt.NDArray[np.int32] | None = None
    owners: IntArray | None = None
    scored: npt.NDArray[np.bool_] | None = None
    goals: npt.NDArray[np.int32] | None = None
    packed: int = 0

    @classmethod
    def join(cls, some: Sequence[Encodings], tokenizer: PreTrainedTokenizerBase, *, by_token: bool = False) -> Encoded:
        """Lay the token numbers of all rows one after the other; there is nothing to be learnt of them yet."""
        return cls(
            ids=np.concatenate([part.ids for part in some]),
            offsets=np.concatenate([[0], np.cumsum(np.concatenate([part.lengths for part in some]))]),
            targets=np.empty(0, dtype=np.int64),
            cut=np.concatenate([part.cut for part in some]),
            pad_id=filler(tokenizer),
            parts=some[0].parts,
            by_token=by_token,
            types=_joined([part.types for part in some]),
            spans=_joined([part.spans for part in some]),
            owners=_joined([part.owners for part in some]),
            scored=_joined([part.scored for part in some]),
            goals=_joined([part.goals for part in some]),
            packed=some[0].packed,
        )

    def __len__(self) -> int:
        return (len(self.offsets) - 1) // self.parts

    @cached_property
    def lengths(self) -> IntArray:
        """The number of tokens of each row, int64 [rows]."""
        return np.diff(self.offsets[:: self.parts])

    @cached_property
    def too_long(self) -> npt.NDArray[np.bool_]:
        """Whether a row lost an end, bool [rows]."""
        lost: npt.NDArray[np.bool_] = np.logical_or.reduce(self.cut.reshape(-1, self.parts), axis=1)
        return lost

    @property
    def unit_count(self) -> int:
        """How many rows, or tokens, are scored."""
        return int(self._first_units[-1]) if self.by_token else len(self)

    @cached_property
    def _first_units(self) -> IntArray:
        """The number of the first token of each row, and behind the last, among those that are scored."""
        if self.scored is None:
            return self.offsets
        before: IntArray = np.concatenate([[0], np.cumsum(self.scored)])[self.offsets]
        return before

    @cached_property
    def learnt(self) -> IntArray:
        """How many things there are to be learnt in each row, int64 [rows]."""
        if self.scored is not None:
            return np.diff(self._first_units)
        if not self.by_token or self.targets.ndim > 1:
            return np.ones(len(self), dtype=np.int64)
        return np.add.reduceat(self.targets != IGNORED, self.offsets[:-1], dtype=np.int64)

    def units(self, chosen: IntArray) -> IntArray:
        """Return the places of what is scored in some rows: their own, or those of their tokens in order."""
        if not self.by_token:
            return chosen
        starts = self._first_units[chosen]
        return _ranges(starts, self._first_units[chosen + 1] - starts)

    def sequences(self, chosen: IntArray) -> IntArray:
        """Return the places of the sequences of some rows, those of a row next to each other."""
        return chosen if self.parts == 1 else (chosen[:, None] * self.parts + np.arange(self.parts)).ravel()

    def tokens(self, chosen: IntArray) -> Tokens:
        """Return rows as a model takes them, as long as the longest of their sequences."""
        at = self.layout(chosen)
        mask = at >= 0

        def laid(values: npt.NDArray[Any], filling: int) -> Tensor:
            return torch.from_numpy(np.where(mask, values[at], filling).astype(np.int64))

        return Tokens(
            laid(self.ids, self.pad_id),
            torch.from_numpy(mask.astype(np.int64)),
            None if self.types is None else laid(self.types, 0),
            laid(self._places, 0) if self.packed else None,
            None if self.scored is None else torch.from_numpy(mask & self.scored[at]),
        )

    def layout(self, chosen: IntArray) -> IntArray:
        """Return which token stands where when rows are laid out for a model: int64 [sequences, tokens], -1 for none.

        Rows that are packed stand one behind the other, in order, in as many sequences as that takes.
        """
        places = self.sequences(chosen)
        starts, lengths = self.offsets[places], self.offsets[places + 1] - self.offsets[places]
        lines = _lines(lengths, self.packed) if self.packed else np.arange(len(places))
        return _laid_out(starts, lengths, lines)

    @cached_property
    def _places(self) -> npt.NDArray[np.int32]:
        """The place of each token in its row, int32 [tokens]."""
        lengths = np.diff(self.offsets)
        return (np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], lengths)).astype(np.int32)


def _ranges(starts: IntArray, lengths: IntArray) -> IntArray:
    """Return the numbers from each start on, as many as its length says, one range behind the other."""
    ends = np.cumsum(lengths)
    numbers: IntArray = np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())
    return numbers


def _lines(lengths: IntArray, most: int) -> IntArray:
    """Return in which sequence each row stands, when a sequence takes rows in order as long as there is room."""
    lines, line, filled = np.empty(len(lengths), dtype=np.int64), 0, 0
    for row, length in enumerate(lengths.tolist()):
        if filled and filled + length > most:
            line, filled = line + 1, 0
        lines[row] = line
        filled += length
    return lines


def _laid_out(starts: IntArray, lengths: IntArray, lines: IntArray) -> IntArray:
    """Lay stretches of tokens into lines, several in a line one behind the other; see ``Encoded.layout``."""
    ends = np.cumsum(lengths)
    first = np.searchsorted(lines, np.arange(lines[-1] + 1))
    before = np.repeat((ends - lengths)[first], np.diff([*first, len(lines)]))  # the tokens of all lines above
    columns = _ranges(ends - lengths - before, lengths)
    at = np.full((len(first), int(columns.max()) + 1), -1, dtype=np.int64)
    at[np.repeat(lines, lengths), columns] = _ranges(starts, lengths)
    return at


def _joined(arrays: Sequence[npt.NDArray[Any] | None]) -> npt.NDArray[Any] | None:
    there = [array for array in arrays if array is not None]
    return np.concatenate(there) if there else None


def encode_fields(
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Fields],
    max_length: int,
    *,
    apart: bool = False,
    with_letters: bool = False,
) -> Encodings:
    """Return rows of one text or two as token numbers.

    A sequence in which the tokenizer finds no token becomes one filler token, since a model needs something to read.

    Args:
        tokenizer: the model's own.
        rows: their texts, as many in each.
        max_length: the most tokens of a sequence, special ones included. The end of a longer text is cut; of two that
            are joined, that of the longer one.
        apart: whether two texts become a sequence each; else they are joined as the model was taught pairs.
        with_letters: whether ``spans`` tell which letters of a text each token is of, 0 to 0 for a special one; they
            stay None where the tokenizer cannot tell.
    """
    parts = len(rows[0]) if apart else 1
    if apart:
        rows = [(text,) for row in rows for text in row]
    elif len(rows[0]) > 1 and tokenizer.num_special_tokens_to_add(pair=True) < SPECIALS_OF_A_PAIR:
        rows = [(_separator(tokenizer).join(row),) for row in rows]
    texts = [list(column) for column in zip(*rows, strict=True)]
    typed = len(texts) > 1 and TYPES in tokenizer.model_input_names
    batch = tokenizer(
        *texts, truncation=True, max_length=max_length, return_attention_mask=False, return_token_type_ids=typed
    )
    ids = [row or [filler(tokenizer)] for row in batch["input_ids"]]
    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    encodings = batch.encodings
    if encodings is None:  # a tokenizer written in Python keeps no trace of what it cut
        cut = lengths >= max_length
    else:
        cut = np.array([bool(encoding.overflowing) for encoding in encodings], dtype=np.bool_)
    types = _flat([row or [0] for row in batch[TYPES]], np.uint8) if typed else None
    spans = None
    if with_letters and encodings is not None:
        letters = [encoding.offsets or [(0, 0)] for encoding in encodings]
        spans = np.array(list(chain.from_iterable(letters)), dtype=np.int32)
    return Encodings(_flat(ids, np.int32), lengths, cut, parts, types, spans)


def _separator(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return what stands between two texts for a model that was not taught pairs."""
    return str(tokenizer.sep_token or tokenizer.eos_token or "\n")


def _flat(rows: Sequence[Sequence[int]], kind: type[Number]) -> npt.NDArray[Number]:
    return np.fromiter(chain.from_iterable(rows), dtype=kind)


def filler(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the padding token; where there is none, any will do, because the mask hides it."""
    return 0 if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)
