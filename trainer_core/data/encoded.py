"""Rows as token numbers: encoded once, kept flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from trainer_core.data.rows import IntArray, LabelledRows

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Encoded:
    """Texts as token numbers, one after the other in one array.

    Attributes:
        ids: int32 [tokens of all rows].
        offsets: int64 [rows + 1], where each row begins and the last one ends.
        targets: int64 [rows], the class numbers.
        truncated: how many texts were longer than the maximum length.
        pad_id: the number that fills up shorter rows of a batch.
    """

    ids: npt.NDArray[np.int32]
    offsets: IntArray
    targets: IntArray
    truncated: int
    pad_id: int

    @classmethod
    def from_lists(
        cls,
        encodings: Sequence[Sequence[int] | npt.NDArray[np.int32]],
        targets: IntArray,
        truncated: int,
        tokenizer: PreTrainedTokenizerBase,
    ) -> Encoded:
        """Lay the token numbers of texts one after the other."""
        lengths = np.fromiter((len(row) for row in encodings), dtype=np.int64, count=len(encodings))
        return cls(
            ids=np.concatenate([np.asarray(row, dtype=np.int32) for row in encodings]),
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            targets=targets,
            truncated=truncated,
            pad_id=filler(tokenizer),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> IntArray:
        """The number of tokens of each row, int64 [rows]."""
        return np.diff(self.offsets)

    def tokens(self, chosen: IntArray) -> tuple[Tensor, Tensor]:
        """Return ids and mask, int64 [chosen rows, longest of them], padded on the right."""
        starts, lengths = self.offsets[chosen], self.lengths[chosen]
        columns = np.arange(lengths.max())
        mask = columns < lengths[:, None]
        places = np.where(mask, starts[:, None] + columns, 0)
        ids = np.where(mask, self.ids[places], self.pad_id).astype(np.int64)
        return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], max_length: int
) -> tuple[list[list[int]], list[bool]]:
    """Return the token numbers of each text, and whether it had to be cut to ``max_length`` tokens.

    A text in which the tokenizer finds no token becomes one filler token, since a model needs something to read.
    """
    batch = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False)
    encodings = batch.encodings
    numbers = [ids or [filler(tokenizer)] for ids in batch["input_ids"]]
    if encodings is None:  # a tokenizer written in Python keeps no trace of what it cut
        return numbers, [len(ids) >= max_length for ids in numbers]
    return numbers, [bool(encoding.overflowing) for encoding in encodings]


def filler(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the padding token; where there is none, any will do, because the mask hides it."""
    return 0 if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)


def encode_rows(tokenizer: PreTrainedTokenizerBase, rows: LabelledRows, max_length: int) -> Encoded:
    """Encode labelled rows.

    Args:
        tokenizer: the model's own.
        rows: texts and classes.
        max_length: the most tokens of a text, special ones included; the end of a longer one is cut.
    """
    encodings: list[npt.NDArray[np.int32]] = []
    truncated = 0
    for texts in rows.iterate_texts(ROWS_AT_ONCE):
        ids, cut = encode_texts(tokenizer, texts, max_length)
        truncated += sum(cut)
        encodings += [np.asarray(row, dtype=np.int32) for row in ids]
    return Encoded.from_lists(encodings, rows.classes, truncated, tokenizer)
