"""Files appear whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from trainer_core.files import (
    remove_folder,
    remove_unfinished,
    replace_file,
    sha256_of,
    writing_beside,
    writing_folder_beside,
)


def test_a_replaced_file_has_the_new_content_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half() -> None:
        with writing_beside(path) as beside:
            beside.write_bytes(b"ha")
            assert path.read_bytes() == b"old"
            raise RuntimeError("no space")

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert sha256_of(path) == hashlib.sha256(b"one").hexdigest()
    path.write_bytes(b"three")
    assert sha256_of(path) == hashlib.sha256(b"three").hexdigest()


def test_an_error_while_filling_a_folder_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with writing_folder_beside(path) as beside:
        (beside / "deep").mkdir()
        (beside / "deep" / "file").write_bytes(b"old")

    def write_half() -> None:
        with writing_folder_beside(path) as beside:
            (beside / "other").write_bytes(b"ha")
            raise RuntimeError("no space")

    with pytest.raises(RuntimeError):
        write_half()
    assert (path / "deep" / "file").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with writing_folder_beside(path) as beside:
        (beside / "other").write_bytes(b"new")
    assert [file.name for file in path.iterdir()] == ["other"]
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_removal_is_never_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint"
    path.mkdir()
    (path / "file").write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda *_, **__: None)
        remove_folder(path)
    assert not path.exists()
    remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []
