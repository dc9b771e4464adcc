"""A model whose weights are a pickle, written again in safetensors, in a new folder.

Opening a pickle can run any code, so it is opened in a process of its own, by the loader that takes nothing but tensors
(``weights_only``): the process imports nothing else, and only what it wrote is read again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from trainer_core.disk import refused_in_words
from trainer_core.errors import InputError
from trainer_core.files import writing_folder_beside
from trainer_core.models.sources import HUB_FILES, WEIGHTS, ModelFolder, check_model_folder, pickles_in

LOADER = Path(__file__).with_name("unpickle.py")
LONGEST_SECONDS = 3_600.0


def convert_pickles(source: Path, target: Path) -> ModelFolder:
    """Write a model folder with its weights in safetensors; the source stays as it is.

    Args:
        source: a folder with ``config.json`` and weights in pickles.
        target: a folder that is not there yet.

    Raises:
        InputError: there are no such weights, they hold something else than tensors, or nothing can be written.
    """
    if target.exists():
        raise InputError.one(target, "This folder is there already.", "Name one that is not there yet.")
    pickles = pickles_in(source)
    if not pickles or not (source / "config.json").is_file():
        what = "This folder holds no model whose weights are a pickle."
        raise InputError.one(source, what, "Name a folder with config.json and pytorch_model.bin.")
    with refused_in_words(target, "The model cannot be written."):
        target.parent.mkdir(parents=True, exist_ok=True)
        with writing_folder_beside(target) as beside:
            for pattern in HUB_FILES:
                for file in source.glob(pattern):
                    if file.is_file() and not file.name.endswith((".bin.index.json", ".safetensors")):
                        shutil.copyfile(file, beside / file.name)
            _unpickle(source, pickles, beside / WEIGHTS)
    return check_model_folder(target)


def _unpickle(source: Path, pickles: list[Path], target: Path) -> None:
    command = [
        sys.executable,
        "-I",
        str(LOADER),
        str(target),
        *(str(file) for file in pickles if file.suffix != ".json"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    except subprocess.TimeoutExpired as cause:
        raise InputError.one(source, "Reading its weights did not come to an end.", "Use another model.") from cause
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["the process ended"])[-1]
        what = f"Its weights were not opened: they are no plain tensors, or damaged ({why})."
        raise InputError.one(source, what, "Do not open them elsewhere; use another model.")
