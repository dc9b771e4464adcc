"""Texts become token numbers once: a later run on the same texts takes them from the cache."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import torch
import xxhash
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encoded, filler
from trainer_core.data.rows import Rows
from trainer_core.tasks.base import Task
from trainer_core.tasks.encoding import aligned, encode_texts
from trainer_core.training.ports import ArrayCache
from trainer_core.versions import version_of

ROWS_AT_ONCE = 2_000
OPTIONAL = ("types", "spans", "owners", "scored", "goals")
READING = 3
"""To be raised when a task reads texts in another way, so that what was kept no longer counts."""


def encode_once(
    cache: ArrayCache, task: Task, tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int
) -> Encoded:
    """Encode rows, or take what was kept of the same texts, tokenizer, task and length."""
    key = _key(task, tokenizer, rows, max_length)
    kept = cache.load(key)
    if kept is not None:
        return aligned(task, _of_arrays(kept, task, tokenizer), rows)
    encoded = encode_texts(task, tokenizer, rows, max_length)
    arrays = _as_arrays(encoded)
    if not all(array.numel() for array in arrays.values()):  # nothing is learnt of these rows, which is soon refused
        return aligned(task, encoded, rows)
    with cache.write(key, sum(array.nbytes for array in arrays.values())) as sink:
        if sink.append(arrays):
            sink.keep()
    return aligned(task, encoded, rows)


def _as_arrays(encoded: Encoded) -> dict[str, Tensor]:
    arrays = {
        "ids": encoded.ids,
        "offsets": encoded.offsets,
        "cut": encoded.cut.view(np.uint8),
        "parts": np.array([encoded.parts]),
        "packed": np.array([encoded.packed]),
    }
    more = {name: getattr(encoded, name) for name in OPTIONAL}
    if encoded.scored is not None:
        more["scored"] = encoded.scored.view(np.uint8)
    arrays |= {name: array for name, array in more.items() if array is not None}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _of_arrays(kept: Mapping[str, Tensor], task: Task, tokenizer: PreTrainedTokenizerBase) -> Encoded:
    more: dict[str, Any] = {name: kept[name].numpy() for name in OPTIONAL if name in kept}
    if "scored" in more:
        more["scored"] = more["scored"].view(np.bool_)
    return Encoded(
        ids=kept["ids"].numpy(),
        offsets=kept["offsets"].numpy(),
        targets=np.empty(0, dtype=np.int64),
        cut=kept["cut"].numpy().view(np.bool_),
        pad_id=filler(tokenizer),
        parts=int(kept["parts"][0]),
        by_token=task.by_token,
        packed=int(kept["packed"][0]),
        **more,
    )


def _key(task: Task, tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int) -> str:
    """Return a key of the texts themselves, so that it does not matter how a file was read."""
    versions = version_of("tokenizers"), version_of("transformers")
    about = (READING, task.reading, max_length, *versions, tokenizer, tokenizer.chat_template)
    digest = xxhash.xxh3_128("|".join(map(str, about)).encode())
    digest.update(_rules(tokenizer).encode())
    digest.update(f"{len(rows.given)} texts a row".encode())
    for some in rows.iterate_fields(ROWS_AT_ONCE):
        for text in chain.from_iterable(some):
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return digest.hexdigest()


def _rules(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return everything that a tokenizer does, as text."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return repr(sorted(tokenizer.get_vocab().items()))
    # How the last call cut and padded is part of its state, and set anew by every call.
    backend.no_truncation()
    backend.no_padding()
    rules: str = backend.to_str()
    return rules
