"""Measured facts that are remembered."""

from __future__ import annotations

from pathlib import Path

from trainer_core.cache.notes import Notes


def test_what_was_noted_is_known_later(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "measured.json"
    assert Notes(file).get("speed") is None
    Notes(file).put("speed", {"bfloat16": 2.5})
    Notes(file).put("memory", 7)
    assert Notes(file).get("speed") == {"bfloat16": 2.5}
    assert Notes(file).get("memory") == 7


def test_a_broken_file_counts_as_unknown_and_is_written_anew(tmp_path: Path) -> None:
    for number, content in enumerate(("{", "[1, 2]", "")):
        file = tmp_path / f"{number}.json"
        file.write_text(content, encoding="utf-8")
        assert Notes(file).get("speed") is None
        Notes(file).put("speed", 1)
        assert Notes(file).get("speed") == 1


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    notes = Notes(tmp_path / "file" / "measured.json")
    notes.put("speed", 1)
    assert notes.get("speed") is None
