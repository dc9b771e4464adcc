"""Arrays that are kept: whole or not at all, within their limit, old ones first to go, half-written ones cleaned."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from trainer_core.cache.arrays import DAY_SECONDS, LONGEST_DAYS, FolderArrays, MemorySink

LARGE = 10**9


def put(arrays: FolderArrays, key: str, rows: int = 4, value: float = 1.0) -> dict[str, Tensor]:
    """Keep an entry of ``rows`` times 16 bytes."""
    with arrays.write(key, rows * 16) as sink:
        for _ in range(rows):
            if not sink.append({"states": torch.full((1, 4), value)}):
                break
        return sink.keep()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.int64])
def test_what_is_kept_is_read_again_bit_for_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    arrays = FolderArrays(tmp_path, LARGE)
    values = (torch.randn(7, 3) * 9).to(dtype)
    with arrays.write("key", 100) as sink:
        assert sink.append({"states": values[:5], "rows": torch.arange(5)})
        assert sink.append({"states": values[5:], "rows": torch.arange(5, 7)})
        kept = sink.keep()
    for found in (kept, FolderArrays(tmp_path).load("key")):
        assert found is not None
        assert torch.equal(found["states"], values)
        assert found["states"].dtype == dtype
        assert found["rows"].tolist() == list(range(7))


def test_what_was_not_ended_is_not_there(tmp_path: Path) -> None:
    arrays = FolderArrays(tmp_path, LARGE)
    with arrays.write("key", 100) as sink:
        sink.append({"states": torch.ones(2, 4)})
    assert arrays.load("key") is None
    assert list(tmp_path.iterdir()) == []


def test_a_limit_keeps_what_fits(tmp_path: Path) -> None:
    kept = put(FolderArrays(tmp_path, 40), "key", rows=4)
    assert kept["states"].shape == (2, 4)


def test_the_entries_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    arrays = FolderArrays(tmp_path, 900)
    for number, key in enumerate(("a", "b", "c")):
        put(arrays, key, rows=10)
        os.utime(tmp_path / key, (number + time.time() - 100,) * 2)
    assert arrays.load("a") is not None  # used now, so that b is the oldest
    put(arrays, "d", rows=20)
    assert [key for key in "abcd" if arrays.load(key) is not None] == ["a", "c", "d"]
    filled = sum(file.stat().st_size for file in tmp_path.glob("*/*.bin"))
    assert filled <= 900


def test_what_nobody_used_for_long_goes(tmp_path: Path) -> None:
    arrays = FolderArrays(tmp_path, LARGE)
    put(arrays, "old"), put(arrays, "new")
    long_ago = time.time() - (LONGEST_DAYS + 1) * DAY_SECONDS
    os.utime(tmp_path / "old", (long_ago, long_ago))
    left = tmp_path / ".dead.x.part"
    left.mkdir()
    os.utime(left, (long_ago, long_ago))
    arrays.clean()
    assert [place.name for place in tmp_path.iterdir()] == ["new"]


def test_an_entry_cut_short_or_without_facts_is_none(tmp_path: Path) -> None:
    arrays = FolderArrays(tmp_path, LARGE)
    put(arrays, "key"), put(arrays, "bare")
    os.truncate(tmp_path / "key" / "states.bin", 17)
    (tmp_path / "bare" / "arrays.json").write_text("{", encoding="utf-8")
    assert arrays.load("key") is None
    assert arrays.load("bare") is None
    put(arrays, "key", value=3.0)
    again = arrays.load("key")
    assert again is not None
    assert torch.equal(again["states"], torch.full((4, 4), 3.0))


def test_what_another_program_kept_meanwhile_is_taken(tmp_path: Path) -> None:
    one, other = FolderArrays(tmp_path, LARGE), FolderArrays(tmp_path, LARGE)
    with one.write("key", 64) as first:
        first.append({"states": torch.full((1, 4), 1.0)})
        put(other, "key", rows=1, value=2.0)
        assert first.keep()["states"][0, 0] == 2.0
    assert [place.name for place in tmp_path.iterdir()] == ["key"]


def test_where_nothing_can_be_written_memory_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    arrays = FolderArrays(tmp_path / "file" / "arrays", 100)
    with arrays.write("key", 64) as sink:
        assert isinstance(sink, MemorySink)
        assert sink.append({"states": torch.ones(4, 4)})
        assert not sink.append({"states": torch.ones(4, 4)})
        assert torch.equal(sink.keep()["states"], torch.ones(4, 4))
    assert arrays.load("key") is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_keeps_what_was_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = FolderArrays(tmp_path, LARGE)
    with arrays.write("key", 64) as sink:
        assert sink.append({"states": torch.ones(2, 4)})
        array = sink._arrays["states"]
        with Path("/dev/full").open("wb", buffering=0) as full:
            real, array.file = array.file, _Full(array.file, full)
            assert not sink.append({"states": torch.ones(2, 4)})
            array.file = real
        assert sink.keep()["states"].shape == (2, 4)


class _Full:
    """A file whose disk is full."""

    def __init__(self, real: object, full: object) -> None:
        self._real, self._full = real, full

    def write(self, data: bytes) -> None:
        """Fail as a write to a full disk does."""
        self._full.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)
