"""Classification of pairs: one class for two texts, such as whether one follows from the other."""

from __future__ import annotations

from typing import ClassVar

from trainer_core.data.roles import LABEL, SECOND_TEXT, TEXT, Need
from trainer_core.tasks.classification import Classification, ClassificationOptions
from trainer_core.tasks.pairs import PairOptions, PairTask


class PairClassificationOptions(PairOptions, ClassificationOptions):
    """What can be chosen about a classification of pairs."""


class PairClassification(PairTask[PairClassificationOptions], Classification):
    """As classification, for two texts."""

    name = "pair_classification"
    title = "Classification of pairs"
    summary = "One class for every pair of texts"
    needs: ClassVar[tuple[Need, ...]] = (TEXT, SECOND_TEXT, LABEL)
    options_type = PairClassificationOptions
