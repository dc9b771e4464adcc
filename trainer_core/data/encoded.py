"""Rows as token numbers: encoded once, kept flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from trainer_core.data.roles import Fields
from trainer_core.data.rows import IntArray, Rows, TargetArray

ROWS_AT_ONCE = 2_000
TYPES = "token_type_ids"
SPECIALS_OF_A_PAIR = 2
"""A tokenizer that knows pairs of texts adds at least one token between them and one around them."""

Number = TypeVar("Number", np.int32, np.uint8)
Tokens = tuple[Tensor, ...]
"""Ids, mask, and for pairs of texts the types of tokens; int64 [rows, tokens] each, padded on the right."""


@dataclass(frozen=True)
class Encodings:
    """Some rows as token numbers, one after the other.

    Attributes:
        ids: int32 [tokens of all rows].
        lengths: int64 [rows], in tokens.
        cut: bool [rows], whether a row was longer than it may be.
        types: uint8 [tokens of all rows], which of two texts each is of; None where the model makes no difference.
    """

    ids: npt.NDArray[np.int32]
    lengths: IntArray
    cut: npt.NDArray[np.bool_]
    types: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Encoded:
    """Rows as token numbers, one after the other in one array.

    Attributes:
        ids: int32 [tokens of all rows].
        offsets: int64 [rows + 1], where each row begins and the last one ends.
        targets: [rows, ...], what is to be learnt.
        truncated: how many rows were longer than the maximum length.
        pad_id: the number that fills up shorter rows of a batch.
        types: uint8 [tokens of all rows], which of two texts each is of; None where the model makes no difference.
    """

    ids: npt.NDArray[np.int32]
    offsets: IntArray
    targets: TargetArray
    truncated: int
    pad_id: int
    types: npt.NDArray[np.uint8] | None = None

    @classmethod
    def join(cls, parts: Sequence[Encodings], targets: TargetArray, tokenizer: PreTrainedTokenizerBase) -> Encoded:
        """Lay the token numbers of all rows one after the other."""
        types = [part.types for part in parts if part.types is not None]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            offsets=np.concatenate([[0], np.cumsum(np.concatenate([part.lengths for part in parts]))]),
            targets=targets,
            truncated=sum(int(part.cut.sum()) for part in parts),
            pad_id=filler(tokenizer),
            types=np.concatenate(types) if types else None,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> IntArray:
        """The number of tokens of each row, int64 [rows]."""
        return np.diff(self.offsets)

    def tokens(self, chosen: IntArray) -> Tokens:
        """Return rows as a model takes them, as long as the longest of them."""
        starts, lengths = self.offsets[chosen], self.lengths[chosen]
        columns = np.arange(lengths.max())
        mask = columns < lengths[:, None]
        places = np.where(mask, starts[:, None] + columns, 0)
        ids = np.where(mask, self.ids[places], self.pad_id)
        types = () if self.types is None else (np.where(mask, self.types[places], 0),)
        return tuple(torch.from_numpy(values.astype(np.int64)) for values in (ids, mask, *types))


def encode_fields(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int) -> Encodings:
    """Return rows of one text or two as token numbers; two texts are joined as the model was taught pairs.

    A row in which the tokenizer finds no token becomes one filler token, since a model needs something to read.

    Args:
        tokenizer: the model's own.
        rows: their texts, as many in each.
        max_length: the most tokens of a row, special ones included. The end of a longer text is cut; of two, that of
            the longer one.
    """
    if len(rows[0]) > 1 and tokenizer.num_special_tokens_to_add(pair=True) < SPECIALS_OF_A_PAIR:
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
    return Encodings(_flat(ids, np.int32), lengths, cut, types)


def _separator(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return what stands between two texts for a model that was not taught pairs."""
    return str(tokenizer.sep_token or tokenizer.eos_token or "\n")


def _flat(rows: Sequence[Sequence[int]], kind: type[Number]) -> npt.NDArray[Number]:
    return np.fromiter(chain.from_iterable(rows), dtype=kind)


def filler(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the padding token; where there is none, any will do, because the mask hides it."""
    return 0 if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)


def encode_rows(tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int) -> Encoded:
    """Encode rows; see ``encode_fields``."""
    parts = [encode_fields(tokenizer, some, max_length) for some in rows.iterate_fields(ROWS_AT_ONCE)]
    return Encoded.join(parts, rows.targets, tokenizer)
