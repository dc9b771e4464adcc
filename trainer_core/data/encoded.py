"""Rows as token numbers: encoded once, kept flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
Tokens = tuple[Tensor, ...]
"""Ids, mask, and for joined texts the types of tokens; int64 [sequences, tokens] each, padded on the right."""


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
    """

    ids: npt.NDArray[np.int32]
    lengths: IntArray
    cut: npt.NDArray[np.bool_]
    parts: int = 1
    types: npt.NDArray[np.uint8] | None = None
    spans: npt.NDArray[np.int32] | None = None
    owners: IntArray | None = None


@dataclass(frozen=True)
class Encoded:
    """Rows as token numbers, one after the other in one array.

    A row is one sequence of tokens; or several, where each text is read by itself. What is scored, a unit, is a row, or
    each of its tokens.

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
        return len(self.ids) if self.by_token else len(self)

    @cached_property
    def learnt(self) -> IntArray:
        """How many things there are to be learnt in each row, int64 [rows]."""
        if not self.by_token or self.targets.ndim > 1:
            return np.ones(len(self), dtype=np.int64)
        return np.add.reduceat(self.targets != IGNORED, self.offsets[:-1], dtype=np.int64)

    def units(self, chosen: IntArray) -> IntArray:
        """Return the places of what is scored in some rows: their own, or those of their tokens in order."""
        if not self.by_token:
            return chosen
        starts, lengths = self.offsets[chosen], self.lengths[chosen]
        ends = np.cumsum(lengths)
        return np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())

    def sequences(self, chosen: IntArray) -> IntArray:
        """Return the places of the sequences of some rows, those of a row next to each other."""
        return chosen if self.parts == 1 else (chosen[:, None] * self.parts + np.arange(self.parts)).ravel()

    def tokens(self, chosen: IntArray) -> Tokens:
        """Return rows as a model takes them, as long as the longest of their sequences."""
        places = self.sequences(chosen)
        starts, lengths = self.offsets[places], self.offsets[places + 1] - self.offsets[places]
        columns = np.arange(lengths.max())
        mask = columns < lengths[:, None]
        at = np.where(mask, starts[:, None] + columns, 0)
        ids = np.where(mask, self.ids[at], self.pad_id)
        types = () if self.types is None else (np.where(mask, self.types[at], 0),)
        return tuple(torch.from_numpy(values.astype(np.int64)) for values in (ids, mask, *types))


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
