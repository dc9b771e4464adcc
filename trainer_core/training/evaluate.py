"""Scoring rows without learning from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from trainer_core.data.rows import IntArray
from trainer_core.tasks.base import FloatArray
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.inputs import Inputs
from trainer_core.training.memory import each_part
from trainer_core.training.scoring import tallies_of
from trainer_core.training.session import TrainingSession


@dataclass(frozen=True)
class Evaluation:
    """How weights do on the validation rows.

    Attributes:
        metrics: the task's, by name.
        scores: float32 [units, outputs], or what the task keeps of them.
    """

    metrics: dict[str, float]
    scores: FloatArray


def evaluate(session: TrainingSession, inputs: Inputs) -> Evaluation:
    """Score the validation rows with the weights as they are now, and measure the scores."""
    scores = predict_scores(session, inputs)
    return Evaluation(session.judge(scores), scores)


def predict_scores(session: TrainingSession, inputs: Inputs) -> FloatArray:
    """Return the scores of all rows of ``inputs``, or what the task keeps of them, float32 [units, outputs].

    Training modes are put back.

    Raises:
        PutAside, Discarded: the user wishes it, and does not wait for an evaluation.
    """
    session.network.eval()
    collected: FloatArray | None = None
    try:
        for batch in inputs.in_order():
            session.control.check()
            for places, scores in each_part(session.row_limit, batch, lambda rows: _scores(session, inputs, rows)):
                if collected is None:
                    collected = np.empty((inputs.unit_count, scores.shape[1]), dtype=np.float32)
                collected[inputs.units(places)] = scores
    finally:
        set_training_modes(session.network)
    if collected is None:
        raise ValueError("there are no rows to score")
    return collected


def _scores(session: TrainingSession, inputs: Inputs, rows: IntArray) -> FloatArray:
    batch = inputs.batch(rows)
    with torch.inference_mode(), session.precision.autocast():
        features = inputs.features(session.network, batch)
        scores: FloatArray = tallies_of(session.network, session.task, features, batch.targets).float().cpu().numpy()
    return scores
