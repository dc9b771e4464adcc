"""A question and its context as token numbers: a long context in several windows that overlap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import TYPES, Encodings
from trainer_core.data.roles import Fields
from trainer_core.errors import InputError

NO_ANSWER = -2
"""Marks, among the spans of a window, the token that stands for no answer."""
LEAST_CONTEXT = 16
"""So many tokens of a context a window shows at least beyond what it shares with the one before."""


def encode_windows(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[Fields], max_length: int, stride: int
) -> Encodings:
    """Return questions with their contexts as token numbers.

    ``spans`` tell which letters of the context a token is of; -1 for a token of none, ``NO_ANSWER`` for the one that
    stands for no answer: the first special token, or where there is none, the last token, which has read all others.
    A question that leaves no room for its context is cut.

    Args:
        tokenizer: the model's own.
        rows: questions and contexts.
        max_length: the most tokens of a window.
        stride: how many tokens of the context two windows have in common.

    Raises:
        InputError: the tokenizer does not tell which letters a token is of, or there is no room for a context.
    """
    if not tokenizer.is_fast:
        what = "The tokenizer of this model does not tell which letters a token is of, so answers cannot be found."
        raise InputError.one("model.source", what, "Choose a model with a tokenizer.json.")
    room = max_length - tokenizer.num_special_tokens_to_add(pair=True)
    if room - stride < 2 * LEAST_CONTEXT:
        what = f"Windows of {max_length} tokens that share {stride} leave no room for a question and its context."
        remedy = "Choose a larger model.max_length (384 is usual), or a smaller options.stride."
        raise InputError.one("model.max_length", what, remedy)
    questions = [_shortened(tokenizer, question, room - stride - LEAST_CONTEXT) for question, _ in rows]
    batch = tokenizer(
        questions,
        [context for _, context in rows],
        truncation="only_second",
        max_length=max_length,
        stride=stride,
        return_overflowing_tokens=True,
        return_attention_mask=False,
        return_token_type_ids=TYPES in tokenizer.model_input_names,
    )
    windows: list[Any] = list(batch.encodings)
    types = [encoding.type_ids for encoding in windows] if TYPES in tokenizer.model_input_names else None
    return Encodings(
        ids=np.fromiter(chain.from_iterable(encoding.ids for encoding in windows), dtype=np.int32),
        lengths=np.array([len(encoding.ids) for encoding in windows], dtype=np.int64),
        cut=np.zeros(len(windows), dtype=np.bool_),
        types=None if types is None else np.fromiter(chain.from_iterable(types), dtype=np.uint8),
        spans=np.concatenate([_spans(encoding) for encoding in windows]),
        owners=np.array(batch["overflow_to_sample_mapping"], dtype=np.int64),
    )


def _shortened(tokenizer: PreTrainedTokenizerBase, question: str, most: int) -> str:
    """Return as much of a question as leaves room for a context."""
    encoding = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    letters = encoding["offset_mapping"]
    return question if len(letters) <= most else question[: letters[most - 1][1]]


def _spans(encoding: Any) -> np.ndarray[Any, np.dtype[np.int32]]:
    of_context = np.array([sequence == 1 for sequence in encoding.sequence_ids])
    letters = np.array(encoding.offsets, dtype=np.int32)
    spans = np.where((of_context & (letters[:, 1] > letters[:, 0]))[:, None], letters, np.int32(-1))
    special = np.flatnonzero([sequence is None for sequence in encoding.sequence_ids])
    # A model that reads from left to right knows nothing yet at its first token, unless that is a special one.
    spans[special[0] if len(special) and special[0] == 0 else -1] = NO_ANSWER
    return spans
