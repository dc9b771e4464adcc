"""Classification of pairs: one class for two texts, such as whether one follows from the other."""

from __future__ import annotations

from typing import ClassVar

from trainer_core.data.roles import LABEL, SECOND_TEXT, TEXT, Need
from trainer_core.tasks.classification import Classification


class PairClassification(Classification):
    """As classification; the model reads both texts at once, each aware of the other."""

    name = "pair_classification"
    title = "Classification of pairs"
    summary = "One class for every pair of texts"
    needs: ClassVar[tuple[Need, ...]] = (TEXT, SECOND_TEXT, LABEL)
