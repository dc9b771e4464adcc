"""Rows as token numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from tests.support.tiny_models import build_tokenizer
from trainer_core.data.encoded import Encoded, Encodings, encode_fields
from trainer_core.models.body import load_tokenizer


def joined(rows: Sequence[Sequence[int]], tokenizer: PreTrainedTokenizerBase) -> Encoded:
    """Lay token numbers one after the other."""
    lengths = np.array([len(row) for row in rows])
    encodings = Encodings(np.concatenate(rows).astype(np.int32), lengths, np.zeros(len(rows), dtype=np.bool_))
    return Encoded.join([encodings], tokenizer)


@given(rows=st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=9), data=st.data())
def test_tokens_are_padded_on_the_right(rows: list[list[int]], data: st.DataObject) -> None:
    encoded = joined(rows, build_tokenizer())
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=5))
    tokens = encoded.tokens(np.array(chosen))
    longest = max(len(rows[place]) for place in chosen)
    for line, shown, place in zip(tokens.ids.tolist(), tokens.mask.tolist(), chosen, strict=True):
        missing = longest - len(rows[place])
        assert line == rows[place] + [encoded.pad_id] * missing
        assert shown == [1] * len(rows[place]) + [0] * missing


def lengths_and_cuts(texts: Sequence[str], max_length: int, *, special: bool = True) -> tuple[list[int], list[bool]]:
    """Return what becomes of texts: how long they are in tokens, and which were cut."""
    encoded = encode_fields(build_tokenizer(special=special), [(text,) for text in texts], max_length)
    return encoded.lengths.tolist(), encoded.cut.tolist()


def test_long_texts_are_cut_and_counted() -> None:
    assert lengths_and_cuts(["my parcel", "my parcel is late"], 5) == ([4, 5], [False, True])
    assert lengths_and_cuts(["my parcel is"], 5) == ([5], [False])


def test_a_text_without_a_token_still_is_a_row() -> None:
    assert lengths_and_cuts(["", "my parcel", " "], 5, special=False) == ([1, 2, 1], [False, False, False])


# --- pairs -----------------------------------------------------------------------------------------------------------


def pairs_of(bert: Path, pairs: Sequence[tuple[str, str]], max_length: int = 32) -> Encoded:
    tokenizer = load_tokenizer(bert)
    encodings = encode_fields(tokenizer, pairs, max_length)
    return Encoded.join([encodings], tokenizer)


def test_two_texts_are_joined_as_the_tokenizer_joins_them(bert: Path) -> None:
    pairs = [("my parcel", "is late"), ("a", "refund please my parcel")]
    encoded = pairs_of(bert, pairs)
    expected = load_tokenizer(bert)(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="np")
    found = encoded.tokens(np.arange(2))
    assert found.types is not None
    assert np.array_equal(found.ids.numpy(), expected["input_ids"])
    assert np.array_equal(found.mask.numpy(), expected["attention_mask"])
    assert np.array_equal(found.types.numpy(), expected["token_type_ids"])
    assert found.types.max() == 1


def test_of_two_texts_the_longer_one_is_cut(bert: Path) -> None:
    encoded = pairs_of(bert, [("my parcel", "is late is late is late is late"), ("my", "parcel")], max_length=8)
    assert encoded.lengths.tolist() == [8, 5]
    assert encoded.cut.sum() == 1
    assert encoded.types is not None
    assert encoded.types[:8].sum() >= 4  # the shorter text is whole


@pytest.mark.parametrize("family", ["gpt2", "qwen2"])
def test_a_model_that_was_not_taught_pairs_sees_where_the_second_text_begins(
    tiny_model: Callable[[str], Path], family: str
) -> None:
    tokenizer = load_tokenizer(tiny_model(family))
    encoded = pairs_of(tiny_model(family), [("my parcel", "is late")])
    assert tokenizer.eos_token in tokenizer.decode(encoded.ids)
    assert encoded.types is None


def test_a_model_that_makes_no_difference_between_two_texts_gets_no_types(tiny_model: Callable[[str], Path]) -> None:
    assert pairs_of(tiny_model("distilbert"), [("my parcel", "is late")]).types is None


def test_a_tokenizer_without_padding_pads_with_any_token() -> None:
    tokenizer = build_tokenizer(special=False)
    assert tokenizer.pad_token_id is None
    encoded = joined([[5], [6, 7]], tokenizer)
    tokens = encoded.tokens(np.arange(2))
    assert tokens.ids.shape == (2, 2)
    assert tokens.mask.tolist() == [[1, 0], [1, 1]]
