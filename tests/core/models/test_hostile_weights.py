"""Weights that would do harm are refused before anything of them is allocated or run; pickles have a safe way out."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.support.command_line import run_thaw, thaw
from trainer_core.errors import InputError
from trainer_core.models.body import load_body, load_config
from trainer_core.models.convert import convert_pickles
from trainer_core.models.sources import check_model_folder


@pytest.fixture
def copied(bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bert, tmp_path / "model"))


class Code:
    """What a pickle can do: run something when it is opened."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._target),)


def _pickled(folder: Path) -> dict[str, torch.Tensor]:
    """Turn a folder's weights into a pickle; return them."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    return tensors


# --- headers ---------------------------------------------------------------------------------------------------------


def _header(changes: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        size = struct.unpack("<Q", content[:8])[0]
        header = json.loads(content[8 : 8 + size])
        changes(header)
        written = json.dumps(header).encode()
        return struct.pack("<Q", len(written)) + written + content[8 + size :]

    return change


def _tensors(header: dict[str, Any]) -> list[dict[str, Any]]:
    return [about for name, about in header.items() if name != "__metadata__"]


def _overlap(header: dict[str, Any]) -> None:
    first, second = _tensors(header)[:2]
    size = second["data_offsets"][1] - second["data_offsets"][0]
    second["data_offsets"] = [first["data_offsets"][0], first["data_offsets"][0] + size]


def _beyond(header: dict[str, Any]) -> None:
    last = max(_tensors(header), key=lambda about: about["data_offsets"][1])
    last["data_offsets"][1] += 2**40
    last["shape"] = [2**38]


def _wrong_shape(header: dict[str, Any]) -> None:
    _tensors(header)[0]["shape"] = [2**31, 2**31]


HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "a header as long as the memory": lambda content: struct.pack("<Q", 2**62) + content[8:],
    "a header longer than the file": lambda content: struct.pack("<Q", len(content) * 2) + content[8:],
    "a header of 200 MB": lambda content: struct.pack("<Q", 200_000_000) + b" " * 1_000,
    "no JSON": lambda content: struct.pack("<Q", 16) + b"{" * 16 + content,
    "overlapping tensors": _header(_overlap),
    "a tensor behind the end": _header(_beyond),
    "a shape larger than its bytes": _header(_wrong_shape),
    "a file cut in half": lambda content: content[: len(content) // 2],
    "nothing": lambda _: b"",
    "a picture": lambda _: b"\x89PNG\r\n\x1a\n" * 40,
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_wrong_header_is_refused_before_anything_is_allocated(copied: Path, name: str) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(HEADERS[name](weights.read_bytes()))
    with pytest.raises(InputError, match=r"model\.safetensors") as refused:
        check_model_folder(copied)
    assert refused.value.remedy


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/etc/passwd", "no-such.safetensors", "deep/in.safetensors"]
)
def test_a_list_of_weights_names_none_but_its_own(copied: Path, name: str) -> None:
    (copied / "model.safetensors").rename(copied.parent / "outside.safetensors")
    (copied / "deep").mkdir()
    shutil.copyfile(copied.parent / "outside.safetensors", copied / "deep" / "in.safetensors")
    index = {"metadata": {}, "weight_map": {"embeddings.word_embeddings.weight": name}}
    (copied / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(InputError, match="not in the folder"):
        check_model_folder(copied)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weight_map": 3}', "\0"])
def test_a_list_of_weights_that_is_none_is_refused(copied: Path, content: str) -> None:
    (copied / "model.safetensors").unlink()
    (copied / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"model\.safetensors\.index\.json"):
        check_model_folder(copied)


# --- pickles ---------------------------------------------------------------------------------------------------------


def test_a_pickle_is_refused_with_the_way_out_and_converted(copied: Path, tmp_path: Path) -> None:
    body = load_body(copied, load_config(copied))
    _pickled(copied)
    with pytest.raises(InputError, match="can run any code") as refused:
        check_model_folder(copied)
    assert f'thaw convert "{copied}"' in refused.value.remedy
    before = {file.name: file.read_bytes() for file in copied.iterdir()}
    told = thaw("convert", copied, tmp_path / "safe")
    assert told.status == 0
    assert str(tmp_path / "safe") in told.out
    again = load_body(check_model_folder(tmp_path / "safe").path, load_config(tmp_path / "safe"))
    for one, other in zip(body.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    assert {file.name: file.read_bytes() for file in copied.iterdir()} == before
    assert not list((tmp_path / "safe").glob("*.bin"))


def test_code_in_a_pickle_is_not_run(copied: Path, tmp_path: Path) -> None:
    tensors: dict[str, Any] = dict(_pickled(copied))
    torch.save(tensors | {"harm": Code(tmp_path / "ran")}, copied / "pytorch_model.bin")
    with pytest.raises(InputError, match="not opened") as refused:
        convert_pickles(copied, tmp_path / "safe")
    assert refused.value.remedy
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "safe").exists()
    assert not list(tmp_path.glob(".safe*"))


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps({"a": 1}), pickle.dumps([1, 2])])
def test_what_holds_no_tensors_is_refused(copied: Path, tmp_path: Path, content: bytes) -> None:
    (copied / "model.safetensors").unlink()
    (copied / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(InputError):
        convert_pickles(copied, tmp_path / "safe")
    assert not (tmp_path / "safe").exists()


def test_pickles_in_several_files_become_one(copied: Path, tmp_path: Path) -> None:
    tensors = _pickled(copied)
    names = sorted(tensors)
    (copied / "pytorch_model.bin").unlink()
    for place, part in enumerate((names[::2], names[1::2]), start=1):
        torch.save({name: tensors[name] for name in part}, copied / f"pytorch_model-0000{place}-of-00002.bin")
    (copied / "pytorch_model.bin.index.json").write_text("{}", encoding="utf-8")
    convert_pickles(copied, tmp_path / "safe")
    assert load_file(tmp_path / "safe" / "model.safetensors").keys() == tensors.keys()


def test_a_folder_that_is_there_is_never_written_to(copied: Path, tmp_path: Path) -> None:
    _pickled(copied)
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="there already"):
        convert_pickles(copied, tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_folder_without_pickles_has_nothing_to_convert(copied: Path, tmp_path: Path) -> None:
    told = run_thaw("convert", copied, tmp_path / "safe")
    assert told.status == 2
    assert "pickle" in told.told
