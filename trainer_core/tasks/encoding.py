"""From rows to token numbers, as a task reads them."""

from __future__ import annotations

from dataclasses import replace

from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encoded
from trainer_core.data.rows import Rows
from trainer_core.tasks.base import Task

ROWS_AT_ONCE = 2_000


def encode_rows(task: Task, tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int) -> Encoded:
    """Encode rows, with what is to be learnt of them."""
    return aligned(task, encode_texts(task, tokenizer, rows, max_length), rows)


def encode_texts(task: Task, tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int) -> Encoded:
    """Encode the texts of rows; nothing is to be learnt of them yet."""
    parts, before = [], 0
    for some in rows.iterate_fields(ROWS_AT_ONCE):
        part = task.encode(tokenizer, some, max_length)
        parts.append(part if part.owners is None else replace(part, owners=part.owners + before))
        before += len(some)
    return Encoded.join(parts, tokenizer, by_token=task.by_token)


def aligned(task: Task, encoded: Encoded, rows: Rows) -> Encoded:
    """Return encoded texts with what is to be learnt of them."""
    return replace(encoded, targets=task.align(encoded, rows.targets))
