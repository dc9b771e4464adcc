"""Facts about this machine, gathered once; every decision elsewhere is a function of them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WSL_SMI = Path("/usr/lib/wsl/lib/nvidia-smi")


@dataclass(frozen=True)
class Machine:
    """What the rules look at.

    ``system`` is as ``platform.system()`` says it; ``distribution`` holds the ids of /etc/os-release (the system's own
    and those it is like); ``nvidia`` tells whether a driver is loaded, found without starting a program.
    """

    system: str
    architecture: str
    root: bool = False
    distribution: frozenset[str] = frozenset()
    nvidia: bool = False
    display: bool = False

    @property
    def debian(self) -> bool:
        """Debian, Ubuntu, or one that says it is like them."""
        return bool(self.distribution & {"debian", "ubuntu"})


@dataclass(frozen=True)
class NvidiaCard:
    """What nvidia-smi says: the driver's major version and the lowest compute capability among the cards."""

    driver: int | None = None
    capability: float | None = None


def look_at_machine() -> Machine:
    """Gather the facts; costs a few milliseconds."""
    system = platform.system()
    return Machine(
        system=system,
        architecture=platform.machine().lower(),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        distribution=read_distribution() if system == "Linux" else frozenset(),
        nvidia=find_nvidia_driver(system),
        display=has_display(system, dict(os.environ)),
    )


def has_display(system: str, environment: dict[str, str]) -> bool:
    """Whether a window could be opened: X or Wayland on Linux, any session but SSH on a Mac, always on Windows."""
    if system == "Windows":
        return True
    if system == "Darwin":
        return not environment.get("SSH_CONNECTION")
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def read_distribution(path: Path = Path("/etc/os-release")) -> frozenset[str]:
    """Read the ids of a Linux distribution: ``{"ubuntu", "debian"}`` on Ubuntu."""
    if not path.is_file():
        return frozenset()
    ids: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition("=")
        if name in ("ID", "ID_LIKE"):
            ids += value.strip().strip("\"'").lower().split()
    return frozenset(ids)


def find_nvidia_driver(system: str) -> bool:
    """Whether an NVIDIA driver is loaded."""
    if system == "Linux":
        return Path("/proc/driver/nvidia/version").exists() or WSL_SMI.exists()
    return system == "Windows" and nvidia_smi() is not None


def nvidia_smi() -> str | None:
    """Where the driver's own tool lies."""
    in_windows = Path(os.environ.get("SYSTEMROOT", "C:\\Windows")) / "System32" / "nvidia-smi.exe"
    for place in (WSL_SMI, in_windows):
        if place.is_file():
            return str(place)
    return shutil.which("nvidia-smi")


def ask_nvidia() -> NvidiaCard:
    """Ask the driver for its version and the cards' compute capability; unknown where it does not answer."""
    tool = nvidia_smi()
    if tool is None:
        return NvidiaCard(driver=read_driver_version())
    query = [tool, "--query-gpu=driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return NvidiaCard(driver=read_driver_version())
    return parse_nvidia_answer(answer)


def parse_nvidia_answer(answer: str) -> NvidiaCard:
    """Read nvidia-smi's lines ``580.65.06, 8.9``, one a card."""
    drivers, capabilities = [], []
    for line in answer.splitlines():
        driver, _, capability = (part.strip() for part in line.partition(","))
        if driver.split(".")[0].isdigit():
            drivers.append(int(driver.split(".")[0]))
        if capability.replace(".", "", 1).isdigit():
            capabilities.append(float(capability))
    return NvidiaCard(min(drivers, default=None), min(capabilities, default=None))


def read_driver_version(path: Path = Path("/proc/driver/nvidia/version")) -> int | None:
    """Read the driver's major version where Linux shows it, for machines without nvidia-smi."""
    if not path.is_file():
        return None
    words = path.read_text(encoding="utf-8", errors="replace").split()
    majors = [word.split(".")[0] for word in words if word.count(".") >= 1]
    return next((int(major) for major in majors if major.isdigit() and len(major) == 3), None)


def unsuitable_python(machine: Machine) -> str | None:
    """Why this Python can never run Thaw, or None."""
    if sys.maxsize <= 2**32:
        return "this Python is a 32-bit one, and PyTorch exists for 64-bit Python only"
    if machine.system == "Darwin" and machine.architecture == "x86_64":
        return "this Mac has an Intel processor (or runs an Intel Python), and PyTorch is no longer made for those"
    return None
