"""The environment .venv: making it, judging whether it can be used, mending what an interrupted pip left."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from .command import Run
from .debian import Apt, venv_package
from .failure import SetupFailure, explain_os_error
from .layout import Layout
from .machine import Machine

ROOM_NEEDED = 2_000_000_000


def describe_python() -> str:
    """Describe the running Python as the stamp remembers it: implementation and version, ``cpython-311``."""
    return sys.implementation.cache_tag or f"{sys.implementation.name}-{sys.version_info.major}{sys.version_info.minor}"


def base_python() -> str:
    """Find the Python to make the environment with; never the environment's own, even where that one runs this."""
    return getattr(sys, "_base_executable", "") or sys.executable


def read_venv_config(venv: Path) -> dict[str, str]:
    """Read pyvenv.cfg; empty where it is missing or unreadable."""
    try:
        lines = (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def find_venv_problem(layout: Layout) -> str | None:
    """Why the environment that lies there cannot be used, in words for the reader; None where it looks sound.

    Looks at a handful of files and starts nothing.
    """
    config = read_venv_config(layout.venv)
    if not config:
        return "it is incomplete"
    if not layout.python.exists():
        return "its Python is gone"
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = config.get("version", config.get("version_info", ""))
    if ".".join(found.split(".")[:2]) != wanted or not layout.site_packages.is_dir():
        return f"it was made by another Python ({found or 'unknown'}, and this is {wanted})"
    if "home" in config and not Path(config["home"]).is_dir():
        return "the Python that made it is gone"
    if not _was_made_here(layout, config):
        return "it was made for another folder"
    return None


def _was_made_here(layout: Layout, config: dict[str, str]) -> bool:
    """Whether the environment's own commands point to where it lies now."""
    activate = layout.scripts / "activate"
    text = activate.read_text(encoding="utf-8", errors="replace") if activate.is_file() else ""
    lines = {line.strip() for line in text.splitlines()}
    places = {str(layout.venv), str(layout.venv.resolve())}
    quoted = {f"VIRTUAL_ENV={quote}{place}{quote}" for place in places for quote in ("", "'", '"')}
    return bool(lines & quoted) or any(config.get("command", "").endswith(f" {place}") for place in places)


def require_venv_modules(machine: Machine, apt: Apt) -> None:
    """Make sure this Python can make environments; Debian splits that off into a package of its own.

    Raises:
        SetupFailure: the modules are missing and could not be installed here.
    """
    if _has_venv_modules():
        return
    package = venv_package()
    if machine.debian and apt.install([package]):
        importlib.invalidate_caches()
        if _has_venv_modules():
            return
    remedy = "Install what your system calls the 'venv' part of Python, or another Python 3.11 or newer."
    raise SetupFailure(
        "this Python cannot make environments: its modules venv and ensurepip are missing.",
        apt.advice([package]) if machine.debian else remedy,
    )


def _has_venv_modules() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


def create_venv(layout: Layout, run: Run) -> None:
    """Make the environment anew, with pip in it.

    Raises:
        SetupFailure: no room, no right to write, or Python could not do it.
    """
    remove_venv(layout)
    require_place(layout, room=ROOM_NEEDED)
    outcome = run([base_python(), "-m", "venv", str(layout.venv)])
    if not outcome.ok:
        raise SetupFailure(
            f"Python could not make the environment '{layout.venv}'.",
            "The log says why. Often it is a full disk, a folder that cannot be written, or an incomplete Python.",
        )


def require_place(layout: Layout, *, room: int) -> None:
    """Make sure that the checkout's folder can hold an environment; ``room`` is in bytes.

    Raises:
        SetupFailure: its name, its disk or its rights do not allow it.
    """
    if os.pathsep in str(layout.checkout):
        raise SetupFailure(
            f"the folder '{layout.checkout}' has a '{os.pathsep}' in its name, which Python environments cannot bear.",
            "Rename the folder and start again.",
        )
    probe = layout.checkout / f".thaw-may-write-{os.getpid()}"
    try:
        probe.write_text("", encoding="utf-8")
        probe.unlink()
        free = shutil.disk_usage(layout.checkout).free
    except OSError as error:
        folder = OSError(error.errno, error.strerror, str(layout.checkout))
        raise explain_os_error(folder, layout.checkout) from error
    if free < room:
        raise SetupFailure(
            f"there is not enough room on the disk of '{layout.checkout}': {free / 1e9:.1f} GB are free.",
            "Thaw needs about 2.5 GB, or 8 GB with an NVIDIA card. Free some and start again.",
        )


def remove_venv(layout: Layout) -> None:
    """Delete the environment, whatever lies in its place."""
    try:
        if layout.venv.is_symlink() or layout.venv.is_file():
            layout.venv.unlink()
        elif layout.venv.exists():
            shutil.rmtree(layout.venv)
    except OSError as error:
        raise explain_os_error(error, layout.venv) from error


def mend_packages(site_packages: Path) -> list[str]:
    """Find packages that are not whole and make pip forget them, so that it installs them again.

    A package is not whole when its list of files is missing (pip writes it last) or when a file of that list is
    missing or has another size. Returns the names of what was forgotten.
    """
    for leftover in site_packages.glob("~*"):
        shutil.rmtree(leftover, ignore_errors=True)
    broken = [folder for folder in sorted(site_packages.glob("*.dist-info")) if not _is_whole(folder)]
    for folder in broken:
        shutil.rmtree(folder)
    return [folder.name.removesuffix(".dist-info") for folder in broken]


def _is_whole(folder: Path) -> bool:
    record = folder / "RECORD"
    if not record.is_file():
        return False
    return all(_has_size(folder.parent / name, size) for name, size in read_record(record))


def _has_size(path: Path, size: str) -> bool:
    try:
        found = path.stat().st_size
    except OSError:
        return False
    return not size or found == int(size)


def read_record(record: Path) -> Iterator[tuple[str, str]]:
    """Read the files of one installed package with their sizes, compiled ones left out."""
    with record.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            if len(row) == 3 and not row[0].endswith(".pyc"):
                yield row[0], row[2]


def list_packages(site_packages: Path) -> list[str]:
    """List site-packages two levels deep: compared with at the next start, it shows what went missing."""
    names = []
    for entry in site_packages.iterdir():
        names.append(entry.name)
        if entry.is_dir():
            names += [f"{entry.name}/{inner.name}" for inner in entry.iterdir()]
    return sorted(name for name in names if not name.endswith(("__pycache__", ".pyc")))
