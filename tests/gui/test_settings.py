"""What the window remembers, and that nonsense in its file does no harm."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from desktop_app.settings import MOST_RECENT, Settings, settings_file
from desktop_app.theme import ThemeChoice


def test_everything_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "window.json"
    settings = Settings(file, theme=ThemeChoice.DARK, geometry=b"\x01\x02", folder=tmp_path)
    settings.remember(tmp_path / "a.thaw")
    settings.save()
    assert Settings.load(file) == settings


def test_there_need_not_be_a_file(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path / "none.json")
    assert settings.theme is ThemeChoice.SYSTEM
    assert settings.recent == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"theme": 3, "geometry": [], "recent": "x", "folder": 5}',
        b"[" * 99_999,
    ],
)
def test_a_corrupt_file_gives_defaults(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "window.json"
    file.write_bytes(content)
    assert Settings.load(file) == Settings(file)


def test_one_bad_value_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    good = str(tmp_path / "a.thaw")
    values = {"theme": "purple", "geometry": "zz", "recent": [good, 7, None, "relative.thaw", "bad\0name"], "extra": 1}
    file.write_text(json.dumps(values))
    settings = Settings.load(file)
    assert settings.theme is ThemeChoice.SYSTEM
    assert settings.geometry == b""
    assert settings.recent == [Path(good)]


def test_recent_projects_are_few_newest_first_and_there(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "window.json")
    for number in range(MOST_RECENT + 3):
        (tmp_path / f"{number}.thaw").touch()
        settings.remember(tmp_path / f"{number}.thaw")
    settings.remember(tmp_path / "9.thaw")
    (tmp_path / "8.thaw").unlink()
    names = [path.name for path in settings.recent_present()]
    assert len(settings.recent) == MOST_RECENT
    assert names[:2] == ["9.thaw", "10.thaw"]
    assert names.count("9.thaw") == 1
    assert "8.thaw" not in names


def test_a_place_that_cannot_be_written_is_told_to_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        Settings(tmp_path / "file" / "window.json").save()
    assert "cannot be kept" in caplog.text


def test_tests_do_not_touch_the_users_own_settings() -> None:
    assert "thaw-tests-" in str(settings_file())
