"""A model that comes as a GGUF file, as language models for laptops do, written once as a folder of safetensors.

Imports nothing heavy before there is something to convert.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from trainer_core.disk import refused_in_words
from trainer_core.errors import InputError
from trainer_core.files import writing_folder_beside
from trainer_core.resources import cache_folder

Told = Callable[[str, int, int], None]
"""Told what is being done, how many parts of it are done, and how many there are."""
PARTS = ("its configuration", "its tokenizer", "its weights", "the new folder")


def converted_folder(name: str, sha256: str) -> Path:
    """Return where a model of this name and hash lies once it is converted."""
    return cache_folder() / "models" / f"{name}-{sha256[:16]}"


def convert_gguf(file: Path, target: Path, told: Told | None = None) -> Path:
    """Write a model folder for a GGUF file, unless it is there already. It takes about half a minute.

    Quantised weights become float16, which holds what four or eight bits can tell.

    Args:
        file: with weights, configuration and tokenizer.
        target: the folder.
        told: told of progress.

    Raises:
        InputError: the file cannot be read, or the folder cannot be written.
    """
    if target.is_dir():
        return target
    say = told or (lambda what, done, of: None)

    def begin(part: int) -> None:
        say(f"Reading {PARTS[part]}" if part < len(PARTS) - 1 else f"Writing {PARTS[part]}", part, len(PARTS))

    with refused_in_words(target, "The model cannot be converted."):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Two windows may want the same model at once; the second one waits and finds it there.
        with FileLock(target.with_suffix(".lock")):
            if not target.is_dir():
                _write(file, target, begin)
    say("Converted", len(PARTS), len(PARTS))
    return target


def _write(file: Path, target: Path, begin: Callable[[int], None]) -> None:
    with writing_folder_beside(target) as beside:
        _convert(file, beside, begin)


def _convert(file: Path, folder: Path, begin: Callable[[int], None]) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    loaders: Any = AutoModelForCausalLM
    named: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    try:
        with _quietly():
            begin(0)
            config = AutoConfig.from_pretrained(file.parent, **named)
            begin(1)
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **named)
            begin(2)
            read = loaders.from_pretrained(file.parent, config=config, dtype=torch.float32, **named)
    except (ValueError, OSError, KeyError, TypeError) as cause:
        what = f"This GGUF file cannot be read: {cause}."
        raise InputError.one(file, what, "Use the same model in safetensors.") from cause
    begin(3)
    # What was read remembers that it was quantised, and refuses to be saved.
    config.__dict__.pop("quantization_config", None)
    with torch.device("meta"):
        plain = loaders.from_config(config)
    plain.load_state_dict(read.state_dict(), assign=True)
    plain.tie_weights()
    plain.to(torch.float16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the reader's own progress bars off the terminal."""
    from transformers import modeling_gguf_pytorch_utils
    from transformers.utils import logging as transformers_logging

    reader: Any = modeling_gguf_pytorch_utils
    logging: Any = transformers_logging
    bar, shown = reader.tqdm, logging.is_progress_bar_enabled()
    reader.tqdm = partial(bar, disable=True)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        reader.tqdm = bar
        if shown:
            logging.enable_progress_bar()
