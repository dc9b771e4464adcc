"""Texts become token numbers once: a later run on the same texts takes them from the cache."""

from __future__ import annotations

from itertools import chain

import torch
import xxhash
from transformers import PreTrainedTokenizerBase

from trainer_core.data.encoded import Encoded, encode_rows, filler
from trainer_core.data.rows import Rows
from trainer_core.training.ports import ArrayCache
from trainer_core.versions import version_of

ROWS_AT_ONCE = 10_000


def encode_once(cache: ArrayCache, tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int) -> Encoded:
    """Encode rows, or take what was kept of the same texts, tokenizer and length."""
    key = _key(tokenizer, rows, max_length)
    kept = cache.load(key)
    if kept is not None:
        return Encoded(
            ids=kept["ids"].numpy(),
            offsets=kept["offsets"].numpy(),
            targets=rows.targets,
            truncated=int(kept["truncated"][0]),
            pad_id=filler(tokenizer),
            types=kept["types"].numpy() if "types" in kept else None,
        )
    encoded = encode_rows(tokenizer, rows, max_length)
    arrays = {
        "ids": torch.from_numpy(encoded.ids),
        "offsets": torch.from_numpy(encoded.offsets),
        "truncated": torch.tensor([encoded.truncated]),
    }
    if encoded.types is not None:
        arrays["types"] = torch.from_numpy(encoded.types)
    with cache.write(key, sum(array.nbytes for array in arrays.values())) as sink:
        if sink.append(arrays):
            sink.keep()
    return encoded


def _key(tokenizer: PreTrainedTokenizerBase, rows: Rows, max_length: int) -> str:
    """Return a key of the texts themselves, so that it does not matter how a file was read."""
    digest = xxhash.xxh3_128(
        f"{max_length} {version_of('tokenizers')} {version_of('transformers')} {tokenizer}".encode()
    )
    backend = getattr(tokenizer, "backend_tokenizer", None)
    rules = backend.to_str() if backend is not None else repr(sorted(tokenizer.get_vocab().items()))
    digest.update(rules.encode())
    digest.update(f"{len(rows.given)} texts a row".encode())
    for some in rows.iterate_fields(ROWS_AT_ONCE):
        for text in chain.from_iterable(some):
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return digest.hexdigest()
