"""What is kept is found again under the same weights and rows, and under no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import make_session
from trainer_core.cache.arrays import FolderArrays, MemoryArrays
from trainer_core.data.encoded import Encoded
from trainer_core.project.schema import Pooling
from trainer_core.training.events import Event
from trainer_core.training.frozen.entry import find_stack
from trainer_core.training.frozen.keys import rows_key, weights_key
from trainer_core.training.frozen.needs import boundaries_from
from trainer_core.training.frozen.reading import FrozenOutputs, read_frozen
from trainer_core.training.session import TrainingSession

TEXTS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4)
WEIGHTS = st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=3), min_size=1, max_size=3)


def encoded(texts: list[list[int]]) -> Encoded:
    """Return texts as rows."""
    lengths = [len(text) for text in texts]
    return Encoded(
        ids=np.array([token for text in texts for token in text], dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        targets=np.zeros(len(texts), dtype=np.int64),
        cut=np.zeros(len(texts), dtype=np.bool_),
        pad_id=0,
    )


@given(TEXTS, TEXTS)
def test_rows_have_the_same_key_only_where_they_are_the_same(one: list[list[int]], other: list[list[int]]) -> None:
    assert (rows_key(encoded(one)) == rows_key(encoded(other))) == (one == other)


@given(WEIGHTS, WEIGHTS)
def test_weights_have_the_same_key_only_where_every_bit_is_the_same(
    one: list[list[float]], other: list[list[float]]
) -> None:
    def named(values: list[list[float]]) -> list[tuple[str, Tensor]]:
        return [(f"layer.{place}", torch.tensor(some)) for place, some in enumerate(values)]

    same = [np.float32(some).tobytes() for some in one] == [np.float32(some).tobytes() for some in other]
    assert (weights_key(named(one)) == weights_key(named(other))) == same


def read(session: TrainingSession) -> tuple[FrozenOutputs, list[Event]]:
    """Read what a session's plan needs; return it with the events of the pass."""
    events: list[Event] = []
    reading = read_frozen(session, [Pooling.MEAN], boundaries_from(session.plan.stages, session.tree, by_token=False))
    while True:
        try:
            events.append(next(reading))
        except StopIteration as end:
            return end.value, events


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> tuple[Path, FolderArrays]:
    """Return a project whose frozen layers were read once, and where the outputs are kept."""
    folder = tmp_path_factory.mktemp("kept")
    path, cache = make_project(folder, bert, stages=[HEAD, TOP]), FolderArrays(folder / "arrays")
    _begin(make_session(path, cache=cache))
    return path, cache


def _begin(session: TrainingSession) -> tuple[FrozenOutputs, list[Event]]:
    session.stack = find_stack(session)
    return read(session)


@settings(max_examples=30)
@given(data=st.data())
def test_a_changed_weight_or_row_never_meets_a_stale_entry(
    kept: tuple[Path, FolderArrays], data: st.DataObject
) -> None:
    path, cache = kept
    session = make_session(path, cache=cache)
    layers = [(name, parameter) for name, parameter in session.network.named_layers() if "head." not in name]
    below = [(name, parameter) for name, parameter in layers if not name.startswith("encoder.layer.2.")]
    if data.draw(st.booleans(), label="change a weight"):
        _, parameter = data.draw(st.sampled_from(below), label="layer")
        with torch.no_grad():
            place = data.draw(st.integers(0, parameter.numel() - 1), label="place")
            parameter.flatten()[place] += 0.5
    else:
        place = data.draw(st.integers(0, len(session.train.ids) - 1), label="token")
        session.train.ids[place] = (session.train.ids[place] + 1) % 20
    found, events = _begin(session)
    assert events, "the pass was left out"
    fresh, _ = _begin_without_cache(session)
    for one, other in ((found.train, fresh.train), (found.validation, fresh.validation)):
        torch.testing.assert_close(one.features[Pooling.MEAN], other.features[Pooling.MEAN])
        torch.testing.assert_close(one.states[2].values, other.states[2].values)


def _begin_without_cache(session: TrainingSession) -> tuple[FrozenOutputs, list[Event]]:
    session.kept.clear()
    session.cache = MemoryArrays()
    return read(session)


def test_a_change_above_a_boundary_keeps_what_lies_below_it(kept: tuple[Path, FolderArrays]) -> None:
    path, cache = kept
    session = make_session(path, cache=cache)
    with torch.no_grad():
        session.network.body.encoder.layer[2].output.dense.weight += 1.0
    session.stack = find_stack(session)
    reading = read_frozen(session, [], [2])
    with pytest.raises(StopIteration):
        next(reading)


@pytest.mark.parametrize(
    ("stages", "boundaries"),
    [
        ([HEAD], ()),
        ([TOP], (2,)),
        ([HEAD, TOP, ALL], (2,)),
        ([ALL, TOP], ()),
        ([TOP, TOP | {"train": ["head", "top:2"]}], (1, 2)),
        ([TOP | {"train": ["head", "top:2"]}, TOP], (1,)),
        ([HEAD, TOP | {"train": ["head", "embeddings"]}, TOP], ()),
    ],
)
def test_boundaries_are_needed_while_nothing_below_them_has_learnt(
    tmp_path: Path, bert: Path, stages: list[dict[str, object]], boundaries: tuple[int, ...]
) -> None:
    session = make_session(make_project(tmp_path, bert, stages=stages))
    assert boundaries_from(session.plan.stages, session.tree, by_token=False) == boundaries
