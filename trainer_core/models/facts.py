"""What is known of a pretrained model without reading its weights. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from trainer_core.layers.tree import LayerTree


class Telling(StrEnum):
    """Which tokens a language model tells: the next one, or those that are hidden."""

    NEXT = "next"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class ModelFacts:
    """A pretrained model with the head that the task puts on it.

    Attributes:
        source: as the project names it.
        folder: where its files lie.
        family: its architecture, e.g. ``bert``.
        hidden_size: the width of a token's state.
        max_positions: the longest input it can take, in tokens; None where it has no limit of its own.
        vocabulary: the number of different tokens.
        bytes: the size of its weights on disk.
        tree: its layers, the head included.
        licence: where known, else empty.
        by_token: whether the head scores each token, not the row.
        telling: which tokens the model tells, where its own head learns; None where a head is new.
        quantisable: the modules of the body whose matrix can be kept in four bits.
    """

    source: str
    folder: Path
    family: str
    hidden_size: int
    max_positions: int | None
    vocabulary: int
    bytes: int
    tree: LayerTree
    licence: str = ""
    by_token: bool = False
    telling: Telling | None = None
    quantisable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StarterModel:
    """A pretrained model that Thaw can install by itself; the fields of ``resources/starters.toml``."""

    name: str
    package: str
    version: str
    module: str
    path: str
    weights: str
    sha256: str
    parameters: int
    licence: str
    languages: tuple[str, ...]
    family: str
    good_for: str

    @property
    def source(self) -> str:
        """How a project names it."""
        return f"starter:{self.name}"
