"""Models that come as GGUF: converted whole or not at all, and once; the real one: tests/end_to_end/test_writer.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trainer_core.errors import InputError
from trainer_core.models import gguf
from trainer_core.models.gguf import convert_gguf


def test_a_file_that_is_no_gguf_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(InputError, match="cannot be read"):
        convert_gguf(file, tmp_path / "target")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.gguf", "target.lock"]


def test_two_windows_convert_one_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def write(file: Path, folder: Path, begin: object) -> None:
        written.append(folder)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(gguf, "_convert", write)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: convert_gguf(tmp_path / "a.gguf", tmp_path / "target"), range(4)))
    assert found == [tmp_path / "target"] * 4
    assert len(written) == 1
