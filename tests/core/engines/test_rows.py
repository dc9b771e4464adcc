"""Texts become token numbers once, and other texts never meet what was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.core.conftest import TinyModel
from tests.support.projects import make_project
from tests.support.toy_tasks import toy_rows_of
from trainer_core.cache.arrays import FolderArrays
from trainer_core.data.encoded import Encoded
from trainer_core.data.prepare import prepare_data
from trainer_core.data.rows import Rows
from trainer_core.engines import rows as engine_rows
from trainer_core.models.body import load_tokenizer
from trainer_core.project.load import load_project
from trainer_core.tasks.base import Task
from trainer_core.tasks.classification import Classification
from trainer_core.tasks.encoding import encode_rows
from trainer_core.tasks.registry import load_task

TASK = Classification()
ARRAYS = ("ids", "offsets", "targets", "cut", "types", "spans", "owners")


def rows_of(folder: Path, model: Path, seed: int = 0, task: Task = TASK) -> Rows:
    """Return the training rows of a small project."""
    path = make_project(folder, model, rows=toy_rows_of(task.name, 40, seed=seed), task=task.name)
    return prepare_data(load_project(path), folder, task).train


def same(one: Encoded, other: Encoded) -> bool:
    """Whether two encodings are the same in all they hold."""
    facts = (one.pad_id, one.parts, one.by_token) == (other.pad_id, other.parts, other.by_token)
    pairs = [(getattr(one, name), getattr(other, name)) for name in ARRAYS]
    return facts and all((a is None) == (b is None) and np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", ["classification", "pair_classification", "tagging", "answering"])
@pytest.mark.parametrize("family", ["bert", "qwen2"])
def test_the_second_time_nothing_is_encoded(
    tmp_path: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch, family: str, name: str
) -> None:
    task = load_task(name, {"stride": 4} if name == "answering" else {})
    rows, cache = rows_of(tmp_path, tiny_model(family), task=task), FolderArrays(tmp_path / "arrays")
    tokenizer = load_tokenizer(tiny_model(family))
    expected = encode_rows(task, tokenizer, rows, 48)
    assert same(engine_rows.encode_once(cache, task, tokenizer, rows, 48), expected)
    monkeypatch.setattr(engine_rows, "encode_texts", lambda *_: pytest.fail("encoded again"))
    assert same(engine_rows.encode_once(cache, task, load_tokenizer(tiny_model(family)), rows, 48), expected)


def test_other_texts_lengths_tokenizers_and_readings_are_encoded_anew(tmp_path: Path, tiny_model: TinyModel) -> None:
    cache, tokenizer = FolderArrays(tmp_path / "arrays"), load_tokenizer(tiny_model("bert"))
    rows, others = rows_of(tmp_path, tiny_model("bert")), rows_of(tmp_path / "b", tiny_model("bert"), seed=9)
    foreign = load_tokenizer(tiny_model("qwen2"))
    engine_rows.encode_once(cache, TASK, tokenizer, rows, 8)
    for tokens, some, length in ((tokenizer, others, 8), (tokenizer, rows, 4), (foreign, rows, 8)):
        found = engine_rows.encode_once(cache, TASK, tokens, some, length)
        assert same(found, encode_rows(TASK, tokens, some, length))
    apart, together = (load_task("pair_classification", {"pairs": how}) for how in ("apart", "together"))
    pairs = rows_of(tmp_path / "c", tiny_model("bert"), task=apart)
    for task in (apart, together):
        found = engine_rows.encode_once(cache, task, tokenizer, pairs, 8)
        assert same(found, encode_rows(task, tokenizer, pairs, 8))


def test_targets_are_never_taken_from_the_cache(tmp_path: Path, bert: Path) -> None:
    cache, tokenizer, rows = FolderArrays(tmp_path / "arrays"), load_tokenizer(bert), rows_of(tmp_path, bert)
    engine_rows.encode_once(cache, TASK, tokenizer, rows, 8)
    turned = replace(rows, targets=rows.targets[::-1].copy())
    assert engine_rows.encode_once(cache, TASK, tokenizer, turned, 8).targets.tolist() == turned.targets.tolist()
