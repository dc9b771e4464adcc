"""Texts become token numbers once: a later run on the same texts takes them from the cache."""

from __future__ import annotations

import torch
import xxhash
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encoded, encode_rows, filler
from trainer_core.data.rows import LabelledRows
from trainer_core.training.ports import ArrayCache
from trainer_core.versions import version_of

ROWS_AT_ONCE = 10_000


def encode_once(cache: ArrayCache, tokenizer: PreTrainedTokenizerBase, rows: LabelledRows, max_length: int) -> Encoded:
    """Encode labelled rows, or take what was kept of the same texts, tokenizer and length."""
    key = _key(tokenizer, rows, max_length)
    kept = cache.load(key)
    if kept is not None:
        return Encoded(
            ids=kept["ids"].numpy(),
            offsets=kept["offsets"].numpy(),
            targets=rows.classes,
            truncated=int(kept["truncated"][0]),
            pad_id=filler(tokenizer),
        )
    encoded = encode_rows(tokenizer, rows, max_length)
    arrays = {
        "ids": torch.from_numpy(encoded.ids),
        "offsets": torch.from_numpy(encoded.offsets),
        "truncated": torch.tensor([encoded.truncated]),
    }
    with cache.write(key, sum(array.nbytes for array in arrays.values())) as sink:
        if sink.append(arrays):
            sink.keep()
    return encoded


def _key(tokenizer: PreTrainedTokenizerBase, rows: LabelledRows, max_length: int) -> str:
    """Return a key of the texts themselves, so that it does not matter how a file was read."""
    digest = xxhash.xxh3_128(
        f"{max_length} {version_of('tokenizers')} {version_of('transformers')} {tokenizer}".encode()
    )
    backend = getattr(tokenizer, "backend_tokenizer", None)
    rules = backend.to_str() if backend is not None else repr(sorted(tokenizer.get_vocab().items()))
    digest.update(rules.encode())
    for texts in rows.iterate_texts(ROWS_AT_ONCE):
        for text in texts:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return digest.hexdigest()
