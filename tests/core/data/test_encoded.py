"""Rows as token numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tiny_models import build_tokenizer
from trainer_core.data.encoded import Encoded, encode_texts


@given(rows=st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=9), data=st.data())
def test_tokens_are_padded_on_the_right(rows: list[list[int]], data: st.DataObject) -> None:
    encoded = Encoded.from_lists(rows, np.zeros(len(rows), dtype=np.int64), 0, build_tokenizer())
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=5))
    ids, mask = encoded.tokens(np.array(chosen))
    longest = max(len(rows[place]) for place in chosen)
    for line, shown, place in zip(ids.tolist(), mask.tolist(), chosen, strict=True):
        missing = longest - len(rows[place])
        assert line == rows[place] + [encoded.pad_id] * missing
        assert shown == [1] * len(rows[place]) + [0] * missing


def test_long_texts_are_cut_and_counted() -> None:
    ids, cut = encode_texts(build_tokenizer(), ["my parcel", "my parcel is late"], 5)
    assert ([len(row) for row in ids], cut) == ([4, 5], [False, True])
    ids, cut = encode_texts(build_tokenizer(), ["my parcel is"], 5)
    assert ([len(row) for row in ids], cut) == ([5], [False])


def test_a_text_without_a_token_still_is_a_row() -> None:
    ids, cut = encode_texts(build_tokenizer(special=False), ["", "my parcel", " "], 5)
    assert ([len(row) for row in ids], cut) == ([1, 2, 1], [False, False, False])


def test_a_tokenizer_without_padding_pads_with_any_token() -> None:
    tokenizer = build_tokenizer(special=False)
    assert tokenizer.pad_token_id is None
    encoded = Encoded.from_lists([[5], [6, 7]], np.zeros(2, dtype=np.int64), 0, tokenizer)
    ids, mask = encoded.tokens(np.arange(2))
    assert ids.shape == (2, 2)
    assert mask.tolist() == [[1, 0], [1, 1]]
