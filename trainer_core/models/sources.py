"""From the name of a model to a folder with a configuration and weights in safetensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from trainer_core.errors import InputError, PickledWeights
from trainer_core.files import sha256_of
from trainer_core.models.gguf import Told
from trainer_core.models.starters import find_starter

WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
PICKLES = ("pytorch_model*.bin", "pytorch_model.bin.index.json", "model.pt", "model.bin")
HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.py"]
STARTER, HUB = "starter:", "hub:"


@dataclass(frozen=True)
class ModelFolder:
    """A folder that was checked: it has a configuration and weights in safetensors."""

    path: Path
    licence: str = ""

    @property
    def weights(self) -> list[Path]:
        """The files with the weights."""
        single = self.path / WEIGHTS
        return [single] if single.is_file() else sorted(self.path.glob("*.safetensors"))

    @property
    def bytes(self) -> int:
        """The size of the weights on disk."""
        return sum(file.stat().st_size for file in self.weights)

    def sha256(self) -> str:
        """Return one hash over all files with weights."""
        return (
            "-".join(sha256_of(file)[:16] for file in self.weights)
            if len(self.weights) > 1
            else sha256_of(self.weights[0])
        )


def resolve_model(source: str, folder: Path, told: Told | None = None) -> ModelFolder:
    """Find a model.

    Args:
        source: ``starter:name``, ``hub:org/name``, or a folder.
        folder: what a relative folder is relative to.
        told: told of progress, where a starter is converted.

    Raises:
        InputError: it is not there, or it has no weights that can be loaded safely.
    """
    if source.startswith(STARTER):
        starter, path = find_starter(source.removeprefix(STARTER), told)
        return ModelFolder(path, starter.licence)
    if source.startswith(HUB):
        return check_model_folder(_from_hub(source.removeprefix(HUB)))
    return check_model_folder(folder / Path(source).expanduser())


def check_model_folder(path: Path) -> ModelFolder:
    """Return the folder, checked.

    Raises:
        InputError: it is no folder, has no configuration, no weights, or weights only as pickles.
    """
    where = f"model.source ({path})"
    choose = 'Name a folder with config.json and model.safetensors, or a starter such as "starter:all-MiniLM-L6-v2".'
    if not path.exists():
        raise InputError.one(where, "There is no such model folder.", choose)
    if not path.is_dir():
        raise InputError.one(where, "This is a file, not a model folder.", choose)
    if not (path / "config.json").is_file():
        raise InputError.one(where, "This folder has no config.json, so it holds no transformers model.", choose)
    if (path / WEIGHTS).is_file() or (path / WEIGHTS_INDEX).is_file():
        found = ModelFolder(path)
        _check_weights(found, where)
        return found
    pickles = pickles_in(path)
    if pickles:
        what = f"This model has its weights only as a pickle ({pickles[0].name}), which can run any code when opened."
        remedy = f'Get its safetensors version, or let a closed process convert it: thaw convert "{path}" NEW_FOLDER'
        error = PickledWeights.one(where, what, remedy)
        error.folder = path
        raise error
    raise InputError.one(where, "This folder has no weights (model.safetensors).", choose)


def pickles_in(folder: Path) -> list[Path]:
    """Return the files of a folder with pickled weights."""
    return sorted(file for pattern in PICKLES for file in folder.glob(pattern) if file.is_file())


def _check_weights(found: ModelFolder, where: str) -> None:
    """Read the headers of the weights, which tell how long the files have to be and what lies where in them.

    safetensors refuses a header of more than 100 MB, tensors that overlap or leave gaps, and a file of another length,
    before it allocates anything for them.
    """
    _check_index(found.path / WEIGHTS_INDEX, where)
    for file in found.weights:
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (OSError, SafetensorError) as cause:
            what = f"Its weights ({file.name}) cannot be read: {cause}."
            raise InputError.one(where, what, "Copy or download the model again.") from cause


def _check_index(index: Path, where: str) -> None:
    """Refuse a list of weight files that names one outside the folder, or one that is not there."""
    if not index.is_file() or (index.parent / WEIGHTS).is_file():
        return
    remedy = "Copy or download the model again."
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise InputError.one(where, f"The list of its weights ({index.name}) cannot be read.", remedy) from cause
    for name in sorted(map(str, names)):
        if Path(name).name != name or not (index.parent / name).is_file():
            raise InputError.one(where, f'The list of its weights names "{name}", which is not in the folder.', remedy)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    where = f"model.source (hub:{name})"
    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except (HFValidationError, RepositoryNotFoundError) as cause:
        what = "The model hub knows no such model."
        raise InputError.one(where, what, "Write it as hub:organisation/name, as its page on the hub does.") from cause
    except Exception as cause:
        what = f"This model is not on this computer and cannot be downloaded ({type(cause).__name__})."
        remedy = "Check the network, or choose a starter model or a folder."
        raise InputError.one(where, what, remedy) from cause
