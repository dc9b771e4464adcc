"""The cache proves itself: some rows are computed both ways, and where states or gradients differ it steps aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from trainer_core.data.rows import IntArray
from trainer_core.project.schema import Precision
from trainer_core.training.freezing import set_training_modes
from trainer_core.training.inputs import Inputs
from trainer_core.training.memory import each_part
from trainer_core.training.scoring import loss_of
from trainer_core.training.session import TrainingSession

ROWS = 8
TOLERANCES = {Precision.FLOAT32: 1e-4, Precision.BFLOAT16: 5e-2, Precision.FLOAT16: 1e-2}
"""The largest difference, as a share of the largest value: what other padding and rounding can explain."""


def agree(session: TrainingSession, plain: Inputs, cached: Inputs, lengths: IntArray) -> bool:
    """Whether rows through the cache give the head and the gradients what they give them through the whole network.

    Gradients matter too: a layer that learns and acts below the boundary as well, as DeBERTa's relative positions do,
    gives the right states now and wrong ones later.

    Args:
        session: whose network is asked; its gradients and training modes are as before afterwards.
        plain: the rows as tokens.
        cached: the same rows, as the cache gives them.
        lengths: of the rows, to choose short and long ones.
    """
    order = np.argsort(lengths, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(ROWS, len(order))).astype(np.int64)]
    learning = [parameter for parameter in session.network.parameters() if parameter.requires_grad]
    session.network.eval()
    tolerance = TOLERANCES[session.precision.precision]

    def alike(rows: IntArray) -> bool:
        expected = _answer(session, plain, rows, learning)
        found = _answer(session, cached, rows, learning)
        return all(_alike(a, b, tolerance) for a, b in zip(expected, found, strict=True))

    try:
        return all(same for _, same in each_part(session.row_limit, chosen, alike))
    finally:
        set_training_modes(session.network)


def _answer(
    session: TrainingSession, inputs: Inputs, chosen: IntArray, learning: Sequence[nn.Parameter]
) -> tuple[Tensor, Tensor]:
    batch = inputs.batch(chosen)
    with session.precision.autocast():
        features = inputs.features(session.network, batch)
        total = loss_of(session.network, session.task, features, batch.targets)
    loss = total / max(1, inputs.learnt(chosen))
    gradients = torch.autograd.grad(loss, learning, allow_unused=True)
    norms = [torch.zeros((), device=loss.device) if g is None else g.to_dense().float().norm() for g in gradients]
    return features.detach().float(), torch.stack(norms)


def _alike(expected: Tensor, found: Tensor, tolerance: float) -> bool:
    largest = expected.abs().max().clamp(min=1e-6)
    return bool(((expected - found).abs().max() / largest) <= tolerance)
