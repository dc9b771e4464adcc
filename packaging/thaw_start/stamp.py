"""The stamp of a finished setup: as long as it fits, a start calls neither pip nor anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .layout import Layout
from .machine import Machine
from .torch_build import AUTOMATIC, TorchRecord
from .venv import describe_python, list_packages

INPUTS = ("pyproject.toml", "setup.py", "resources/starters.toml")


@dataclass(frozen=True)
class Stamp:
    """What the environment was made from and what lay in it afterwards.

    ``inputs`` is a hash over the files that decide what is installed; ``packages`` lists site-packages;
    ``screen`` tells whether Qt was found to work.
    """

    inputs: str
    python: str
    checkout: str
    extras: list[str]
    packages: list[str]
    screen: bool


def hash_inputs(checkout: Path) -> str:
    """Hash the files that decide what is installed."""
    digest = hashlib.sha256()
    for name in INPUTS:
        path = checkout / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def make_stamp(layout: Layout, extras: Sequence[str], *, screen: bool) -> Stamp:
    """Describe the environment as it is now."""
    return Stamp(
        inputs=hash_inputs(layout.checkout),
        python=describe_python(),
        checkout=str(layout.checkout),
        extras=sorted(extras),
        packages=list_packages(layout.site_packages),
        screen=screen,
    )


def load_stamp(path: Path) -> Stamp | None:
    """Read the stamp; None where there is none or it is of another kind."""
    try:
        return Stamp(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def save_stamp(path: Path, stamp: Stamp) -> None:
    """Write the stamp in one move, so that there is never half of one."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(stamp), indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


def why_set_up(
    layout: Layout, stamp: Stamp | None, extras: Sequence[str], record: TorchRecord | None, asked: str, machine: Machine
) -> str | None:
    """Why the setup has to run, in words for the log; None where everything is as the stamp says."""
    if stamp is None or record is None:
        return "no finished setup was found"
    if stamp.checkout != str(layout.checkout) or stamp.python != describe_python():
        return "the environment was made at another place or by another Python"
    if stamp.inputs != hash_inputs(layout.checkout):
        return "pyproject.toml, setup.py or starters.toml changed"
    if not set(extras) <= set(stamp.extras):
        return f"wanted as well: {', '.join(sorted(set(extras) - set(stamp.extras)))}"
    if asked != record.asked:
        return f"another PyTorch is wanted: {asked}"
    if asked == AUTOMATIC and machine.nvidia and not record.nvidia:
        return "there is an NVIDIA driver now"
    return _what_is_missing(layout, stamp)


def _what_is_missing(layout: Layout, stamp: Stamp) -> str | None:
    if not (layout.python.exists() and layout.thaw.exists()):
        return "a command of the environment is gone"
    missing = set(stamp.packages) - set(list_packages(layout.site_packages))
    return f"gone from the environment: {', '.join(sorted(missing)[:5])}" if missing else None
