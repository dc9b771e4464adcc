"""``thaw convert``: a model's pickled weights written again in safetensors."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from trainer_core.models.convert import convert_pickles


def convert_model(source: Path, target: Path) -> int:
    """Write a model folder without pickles; return the exit status.

    Raises:
        InputError: see ``convert_pickles``.
    """
    found = convert_pickles(source, target)
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    console.print(f"Written: {found.path} ({found.bytes / 1e6:,.1f} MB in safetensors)", markup=False)
    console.print(f'Use it: source = "{found.path}" under [model] of a project', markup=False)
    return 0
