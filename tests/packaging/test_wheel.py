"""The wheel: built from the tree, it carries the resources and works far away from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = {"tests", "packaging", "build", "dist"}


def leave_out(folder: str, names: list[str]) -> set[str]:
    """Say what of one folder is not copied: hidden and made files anywhere, whole folders of the tree, old runs."""
    made = {name for name in names if name.startswith(".") or name.endswith((".egg-info", "__pycache__"))}
    if Path(folder) == ROOT:
        return made | NOT_COPIED
    return made | {"runs"} if Path(folder).is_relative_to(ROOT / "resources") else made


def pip(*arguments: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that the tree itself stays clean."""
    copy = tmp_path_factory.mktemp("wheel") / "a copy"
    shutil.copytree(ROOT, copy, ignore=leave_out)
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "out", ".", folder=copy)
    (built,) = (copy / "out").glob("*.whl")
    return built


def test_the_wheel_carries_the_resources_and_the_command(wheel: Path) -> None:
    assert wheel.name.startswith("thaw_desktop-")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        text = archive.read(entry_points).decode()
    assert {f"thaw_resources/icons/thaw.{ending}" for ending in ("svg", "png", "ico")} <= names
    assert {"thaw_resources/starters.toml", "trainer_core/py.typed", "desktop_app/py.typed"} <= names
    assert "thaw = trainer_core.cli:main" in text
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"thaw_resources", "trainer_core", "desktop_app"}


def test_every_module_of_the_tree_travels(wheel: Path) -> None:
    tree = {
        path.relative_to(ROOT).as_posix()
        for package in ("trainer_core", "desktop_app")
        for path in (ROOT / package).rglob("*.py")
        if "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        assert tree <= set(archive.namelist())


def test_every_resource_of_the_tree_travels(wheel: Path) -> None:
    left = {"__pycache__", "runs"}
    resources = ROOT / "resources"
    tree = {
        path.relative_to(resources).as_posix()
        for path in resources.rglob("*")
        if path.is_file() and not left & set(path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        carried = {name.removeprefix("thaw_resources/") for name in archive.namelist()}
    assert tree <= carried


def test_the_installed_wheel_reads_its_own_resources(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "far away"
    pip("install", "--no-deps", "--no-index", "--target", str(target), str(wheel), folder=tmp_path)
    ask = (
        "import importlib.resources as r, tomllib\n"
        "place = r.files('thaw_resources') / 'starters.toml'\n"
        "print(place)\n"
        "print(len(tomllib.loads(place.read_text(encoding='utf-8'))['model']))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    place, models = answer.stdout.splitlines()
    assert Path(place) == target / "thaw_resources" / "starters.toml"
    assert int(models) >= 1
