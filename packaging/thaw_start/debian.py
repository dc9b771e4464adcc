"""Packages of Debian and Ubuntu: installed where root starts Thaw, otherwise named in a command to type."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .command import Runner
from .machine import Machine

OPTIONS = ("-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2")

QT_LIBRARIES = (
    "libegl1",
    "libgl1",
    "libglib2.0-0",
    "libdbus-1-3",
    "libfontconfig1",
    "libfreetype6",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-sync1",
    "libxcb-xfixes0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libwayland-client0",
    "libwayland-cursor0",
    "libwayland-egl1",
    "fonts-dejavu-core",
)
FONTS = ("fonts-dejavu-core",)


class Apt:
    """apt-get, for root on Debian and its kin; everywhere else it only knows the command to type."""

    def __init__(self, machine: Machine, run: Runner, say: Callable[[str], None]) -> None:
        self._allowed = machine.debian and machine.root
        self._run = run
        self._say = say
        self._fresh = False

    def install(self, packages: Sequence[str]) -> bool:
        """Install ``packages`` if that is allowed here; tells whether they are installed now."""
        if not self._allowed:
            return False
        self._say(f"installing system packages with apt-get: {shorten(packages)}")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        if not self._fresh:  # its failure is no verdict: one unreachable source among good ones makes it fail
            self._run(["apt-get", *OPTIONS, "update"], environment=quiet, timeout=300)
            self._fresh = True
        command = ["apt-get", *OPTIONS, "install", "-y", "--no-install-recommends", *packages]
        return self._run(command, environment=quiet, timeout=900).ok

    def advice(self, packages: Sequence[str]) -> str:
        """Give the exact command for a person to type."""
        sudo = "" if self._allowed else "sudo "
        return f"Type this, and start again:\n    {sudo}apt-get update && {sudo}apt-get install -y {' '.join(packages)}"


def shorten(packages: Sequence[str]) -> str:
    """Give the first few names and how many more there are."""
    more = f" and {len(packages) - 3} more" if len(packages) > 3 else ""
    return ", ".join(packages[:3]) + more


def venv_package(system_python: Path = Path("/usr/bin/python3")) -> str:
    """Name the package with venv for the running Python: ``python3-venv``, or ``python3.13-venv`` beside it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    default = system_python.resolve().name
    return "python3-venv" if default in (version, "python3") else f"{version}-venv"
