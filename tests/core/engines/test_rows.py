"""Texts become token numbers once, and other texts never meet what was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.core.conftest import TinyModel
from tests.support.projects import make_project
from tests.support.toy_texts import toy_rows
from trainer_core.cache.arrays import FolderArrays
from trainer_core.data.encoded import Encoded, encode_rows
from trainer_core.data.prepare import prepare_data
from trainer_core.data.rows import Rows
from trainer_core.engines import rows as engine_rows
from trainer_core.models.body import load_tokenizer
from trainer_core.project.load import load_project
from trainer_core.tasks.classification import Classification


def rows_of(folder: Path, model: Path, seed: int = 0) -> Rows:
    """Return the training rows of a small project."""
    path = make_project(folder, model, rows=toy_rows(40, seed=seed))
    return prepare_data(load_project(path), folder, Classification()).train


def same(one: Encoded, other: Encoded) -> bool:
    """Whether two encodings are the same in all they hold."""
    arrays = ("ids", "offsets", "targets")
    facts = (one.truncated, one.pad_id) == (other.truncated, other.pad_id)
    return facts and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.mark.parametrize("family", ["bert", "qwen2"])
def test_the_second_time_nothing_is_encoded(
    tmp_path: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    rows, cache = rows_of(tmp_path, tiny_model(family)), FolderArrays(tmp_path / "arrays")
    expected = encode_rows(load_tokenizer(tiny_model(family)), rows, 5)
    assert same(engine_rows.encode_once(cache, load_tokenizer(tiny_model(family)), rows, 5), expected)
    monkeypatch.setattr(engine_rows, "encode_rows", lambda *_: pytest.fail("encoded again"))
    assert same(engine_rows.encode_once(cache, load_tokenizer(tiny_model(family)), rows, 5), expected)


def test_other_texts_lengths_and_tokenizers_are_encoded_anew(tmp_path: Path, tiny_model: TinyModel) -> None:
    cache, tokenizer = FolderArrays(tmp_path / "arrays"), load_tokenizer(tiny_model("bert"))
    rows, others = rows_of(tmp_path, tiny_model("bert")), rows_of(tmp_path / "b", tiny_model("bert"), seed=9)
    foreign = load_tokenizer(tiny_model("qwen2"))
    engine_rows.encode_once(cache, tokenizer, rows, 8)
    for tokens, some, length in ((tokenizer, others, 8), (tokenizer, rows, 4), (foreign, rows, 8)):
        assert same(engine_rows.encode_once(cache, tokens, some, length), encode_rows(tokens, some, length))


def test_targets_are_never_taken_from_the_cache(tmp_path: Path, bert: Path) -> None:
    cache, tokenizer, rows = FolderArrays(tmp_path / "arrays"), load_tokenizer(bert), rows_of(tmp_path, bert)
    engine_rows.encode_once(cache, tokenizer, rows, 8)
    turned = replace(rows, targets=rows.targets[::-1].copy())
    assert engine_rows.encode_once(cache, tokenizer, turned, 8).targets.tolist() == turned.targets.tolist()
