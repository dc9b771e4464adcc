"""What the card of adapters shows, as plain values and words. Imports no Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_core.layers.adapters import ADAPTER, adapted_module, is_adapter
from trainer_core.layers.tree import LayerTree
from trainer_core.project.schema import AdapterKind, AdapterSection, Quantisation, StageSection

KIND_WORDS = {
    AdapterKind.LORA: "Two small matrices learn beside each frozen one, and their product is added to it.",
    AdapterKind.RSLORA: "LoRA that scales by the root of the rank: large ranks learn as steadily as small ones.",
    AdapterKind.DORA: "LoRA that learns the size of each output apart: often a little better, and slower.",
}
QUANTISATION_WORDS = {
    Quantisation.NONE: "The frozen matrices beside adapters stay as they are.",
    Quantisation.NF4: "They are kept in 4 bits while training (QLoRA): an eighth of their memory, and slower steps.",
}
DROPOUT_WORDS = "The part of each adapter's input that is left out at random, against overfitting; 0 is off."


@dataclass(frozen=True)
class AdapterForm:
    """The values of the card.

    Attributes:
        kind_words: what the kind is, in a sentence; so for the other values.
        amount: how many adapters the plan has, and how large they are; empty while that is unknown.
    """

    kind: AdapterKind
    rank: int
    alpha: int
    dropout: float
    quantisation: Quantisation
    kind_words: str
    rank_words: str
    alpha_words: str
    dropout_words: str
    quantisation_words: str
    amount: str


def adapter_form(stages: Sequence[StageSection], wish: AdapterSection, tree: LayerTree | None) -> AdapterForm | None:
    """Return the card's values; None where no stage wishes adapters.

    Args:
        stages: of the plan.
        wish: the project's.
        tree: the model's layers with the adapters of the plan; None while they are unknown.
    """
    if not any(rule.startswith(ADAPTER) for stage in stages for rule in stage.train):
        return None
    return AdapterForm(
        kind=wish.kind,
        rank=wish.rank,
        alpha=wish.alpha,
        dropout=wish.dropout,
        quantisation=wish.quantisation,
        kind_words=KIND_WORDS[wish.kind],
        rank_words="The inner width of the two: a larger one can learn more, and needs more memory.",
        alpha_words=_alpha_words(wish),
        dropout_words=DROPOUT_WORDS,
        quantisation_words=QUANTISATION_WORDS[wish.quantisation],
        amount="" if tree is None else _amount(tree),
    )


def _alpha_words(wish: AdapterSection) -> str:
    root = wish.kind is AdapterKind.RSLORA
    scale = wish.alpha / (math.sqrt(wish.rank) if root else wish.rank)
    return f"How much an adapter counts: alpha / {'√rank' if root else 'rank'} times what it says, here × {scale:.3g}."


def _amount(tree: LayerTree) -> str:
    parts = [parameter for parameter in tree.parameters if is_adapter(parameter.name)]
    count = len({adapted_module(parameter.name) for parameter in parts})
    values = sum(parameter.count for parameter in parts)
    if not count:
        return ""
    return f"{count:,} adapter{'' if count == 1 else 's'}, {values:,} numbers in all"
