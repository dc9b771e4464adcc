"""Data files as tests write them, and what is told of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_core.data.sources import load_table
from trainer_core.errors import InputError


def written(folder: Path, name: str, content: str) -> Path:
    """Write a file, its line ends as they are given; return its path."""
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


def refusal_of(path: Path) -> str:
    """Return what is told about a file that cannot be read; every problem names the file and has its remedy."""
    with pytest.raises(InputError) as caught:
        load_table(path)
    assert all(problem.remedy for problem in caught.value.problems)
    assert path.name in caught.value.problems[0].where
    return str(caught.value)
