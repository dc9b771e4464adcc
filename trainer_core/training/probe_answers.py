"""What the linear probe found, kept for later runs: on the same features it would find the same again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import xxhash
from torch import Tensor

from trainer_core.project.schema import Pooling
from trainer_core.training.ports import ArrayCache
from trainer_core.training.session import TrainingSession

SEARCH = 3
"""To be raised when the probe searches in another way, so that older answers no longer count."""


@dataclass(frozen=True)
class ProbeAnswer:
    """The pooling that was chosen and the head that was solved.

    Attributes:
        scores: of every pooling that was tried; empty where only one was.
        strength: the inverse regularisation that was chosen; None where no head was solved.
        weight: float [outputs, width], or nothing.
        bias: float [outputs], or nothing.
    """

    pooling: Pooling
    scores: dict[Pooling, float]
    strength: float | None
    weight: Tensor
    bias: Tensor


def answer_key(session: TrainingSession, features: Mapping[Pooling, Tensor]) -> str:
    """Return a key of everything that the probe's answer depends on: the features themselves, the classes, the seed."""
    plan = session.plan
    task = session.task
    about = (SEARCH, plan.task, task.options, task.facts, plan.seed, plan.training.probe, plan.data.outputs)
    digest = xxhash.xxh3_128(f"probe {about} {torch.__version__}".encode())
    digest.update(session.train.targets.tobytes())
    for pooling, values in sorted(features.items()):
        digest.update(pooling.value.encode())
        digest.update(values.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def load_answer(cache: ArrayCache, key: str) -> ProbeAnswer | None:
    """Return what an earlier run found, or None."""
    arrays = cache.load(key)
    if arrays is None:
        return None
    facts = json.loads(bytes(arrays["facts"].numpy()))
    scores = {Pooling(name): score for name, score in facts["scores"].items()}
    weight, bias = arrays["weight"].clone(), arrays["bias"].clone()
    return ProbeAnswer(Pooling(facts["pooling"]), scores, facts["strength"], weight, bias)


def keep_answer(cache: ArrayCache, key: str, answer: ProbeAnswer) -> None:
    """Keep what was found, where there is room."""
    facts = {"pooling": answer.pooling, "scores": answer.scores, "strength": answer.strength}
    arrays = {
        "facts": torch.frombuffer(bytearray(json.dumps(facts).encode()), dtype=torch.uint8),
        "weight": answer.weight,
        "bias": answer.bias,
    }
    with cache.write(key, sum(array.nbytes for array in arrays.values())) as sink:
        if sink.append(arrays):
            sink.keep()
