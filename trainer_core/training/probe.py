"""The linear probe: the head solved on the features of the frozen body, from which fine-tuning starts.

Linear probing then fine-tuning keeps the pretrained features from being torn apart by a random head: Kumar et al.
2022, arXiv:2202.10054. Features are standardised, the loss is the task's with an L2 penalty, the solver is L-BFGS.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from trainer_core.data.rows import IntArray
from trainer_core.data.split import stratified_split
from trainer_core.project.schema import Pooling
from trainer_core.results.names import is_lower_better
from trainer_core.training.control import Interrupted, heed
from trainer_core.training.evaluate import Evaluation, evaluate
from trainer_core.training.events import Event, PoolingChosen, ProbeFinished, WorkProgress
from trainer_core.training.frozen.needs import boundaries_from
from trainer_core.training.frozen.reading import read_frozen
from trainer_core.training.inputs import FeatureInputs
from trainer_core.training.lanes import each_in_lanes, lanes_on
from trainer_core.training.probe_answers import ProbeAnswer, answer_key, keep_answer, load_answer
from trainer_core.training.session import TrainingSession
from trainer_core.training.solve import (
    NEAR,
    STRENGTHS,
    STRENGTHS_OF_PAIRS,
    LinearSolution,
    set_head,
    solve_linear,
    undisturbed,
)

Choice = TypeVar("Choice", Pooling, float)

CANDIDATES = (Pooling.MEAN, Pooling.CLS, Pooling.LAST)
QUICK = 0.1
"""The inverse regularisation at which poolings are compared."""
TRIAL_ROWS = 4_000
MOST_REPEATS = 4
HELD_OUT = 0.2


@dataclass(frozen=True)
class Trial:
    """What a strength of regularisation reached on rows held out from the training split.

    Attributes:
        strength: the inverse regularisation.
        score: the task's first metric, 0 to 1; below 0 where less is better.
        error: the standard error of the score, as of a share among the held-out rows.
        loss: the mean loss a row.
    """

    strength: float
    score: float
    error: float
    loss: float


def prepare_head(session: TrainingSession) -> Generator[Event, None, Evaluation | None]:
    """Choose the pooling where that is wished, and set the head to its linear solution where that is wished.

    The one pass through the body that this needs serves the stages that follow as well. What was found on the same
    features before is taken from the cache.

    Returns:
        How the linear solution does; None where none was wished.
    """
    wished = session.plan.model.pooling
    candidates = CANDIDATES if wished is Pooling.AUTO else (wished,)
    boundaries = boundaries_from(session.plan.stages, session.tree, by_token=False)
    frozen = yield from read_frozen(session, candidates, boundaries)
    started = time.monotonic()
    features = {pooling: frozen.train.features[pooling] for pooling in candidates}
    key = answer_key(session, features)
    answer = load_answer(session.cache, key)
    if answer is None:
        answer = yield from _search(session, features)
        keep_answer(session.cache, key, answer)
    session.network.pooling = answer.pooling
    if len(candidates) > 1:
        scores = {pooling.value: score for pooling, score in answer.scores.items()}
        yield PoolingChosen(pooling=answer.pooling.value, scores=scores)
    if answer.strength is None:
        return None
    set_head(session, LinearSolution(answer.weight, answer.bias))
    held_out = FeatureInputs(session.validation, session.device, frozen.validation.features[answer.pooling])
    found = evaluate(session, held_out)
    yield ProbeFinished(
        metrics=found.metrics,
        seconds=time.monotonic() - started,
        inverse_regularisation=answer.strength,
    )
    return found


def _search(session: TrainingSession, features: Mapping[Pooling, Tensor]) -> Generator[Event, None, ProbeAnswer]:
    """Find the pooling of least loss, then the head on its vectors."""
    judge = _Judge(session, features)
    chosen, scores = next(iter(features)), {}
    if len(features) > 1:
        trials = yield from _try_all(
            session, "Choosing the pooling", list(features), lambda pooling: judge.trial(pooling, QUICK)
        )
        chosen = min(trials, key=lambda pooling: trials[pooling].loss)
        scores = {pooling: trial.score for pooling, trial in trials.items()}
    nothing = torch.empty(0)
    if not session.plan.training.probe:
        return ProbeAnswer(chosen, scores, None, nothing, nothing)
    own = features[chosen]
    strengths = STRENGTHS_OF_PAIRS if session.network.head.parts > 1 else STRENGTHS
    attempts = yield from _try_all(
        session, "Solving the head", strengths, lambda strength: judge.trial(chosen, strength)
    )
    strength = choose_strength(list(attempts.values()))
    targets = torch.from_numpy(session.train.targets).to(session.device)
    outputs = session.network.head.outputs
    solution = yield from undisturbed(
        session, lambda: solve_linear(session.task, own, targets, outputs, strength, heard=session.control.break_off)
    )
    return ProbeAnswer(chosen, scores, strength, solution.weight, solution.bias)


def _try_all(
    session: TrainingSession, work: str, choices: Sequence[Choice], trial: Callable[[Choice], Trial]
) -> Generator[Event, None, dict[Choice, Trial]]:
    """Try every choice, with progress; return what each reached. A trial that a wish interrupts is tried again."""
    results: dict[Choice, Trial] = {}
    yield WorkProgress(work=work, done=0, total=len(choices))
    while len(results) < len(choices):
        left = [choice for choice in choices if choice not in results]
        with suppress(Interrupted), closing(each_in_lanes(lanes_on(session.device), left, trial)) as trials:
            for choice, result in trials:
                results[choice] = result
                yield WorkProgress(work=work, done=len(results), total=len(choices))
                yield from heed(session.control, session.step)
        yield from heed(session.control, session.step)
    return results


def choose_strength(trials: Sequence[Trial]) -> float:
    """Return the strongest penalty whose score is within one standard error of the best one.

    The one-standard-error rule (Breiman et al. 1984, Classification and Regression Trees). A head with small weights
    is the better start: a steep one turns every small move of the body into a large one of the scores.
    """
    best = max(trials, key=lambda trial: trial.score)
    return min(trial.strength for trial in trials if trial.score >= best.score - best.error)


class _Judge:
    """Tries linear solutions on rows of the training split that they did not see.

    Where rows are few and chance is large, a trial is repeated on several such splits.
    """

    def __init__(self, session: TrainingSession, features: Mapping[Pooling, Tensor]) -> None:
        self._task = session.task
        self._features = features
        self._done: dict[tuple[Pooling, float], Trial] = {}
        self._outputs = session.network.head.outputs
        self._heard = session.control.break_off
        self._targets = torch.from_numpy(session.train.targets).to(session.device)
        self._splits = self._draw(session.task.strata(session.train.targets), session.plan.seed)

    def trial(self, pooling: Pooling, strength: float) -> Trial:
        """Return how a strength does on the vectors of the training split in a pooling, on average."""
        if (pooling, strength) not in self._done:
            self._done[pooling, strength] = self._try(self._features[pooling], strength)
        return self._done[pooling, strength]

    def _try(self, features: Tensor, strength: float) -> Trial:
        measured = []
        for fit, held in self._splits:
            solution = solve_linear(
                self._task, features[fit], self._targets[fit], self._outputs, strength, NEAR, self._heard
            )
            scores = solution.scores(features[held]).cpu().numpy()
            measured.append(self._task.measure(scores, self._targets[held].cpu().numpy()))
        metric = self._task.metrics_offered[0]
        score = float(np.mean([metrics[metric] for metrics in measured])) * (-1 if is_lower_better(metric) else 1)
        judged = sum(len(held) for _, held in self._splits)
        error = math.sqrt(max(0.0, score * (1.0 - score)) / judged)
        return Trial(strength, score, error, float(np.mean([metrics["loss"] for metrics in measured])))

    def _draw(self, strata: IntArray, seed: int) -> list[tuple[Tensor, Tensor]]:
        some = np.sort(np.random.default_rng(seed).permutation(len(strata))[:TRIAL_ROWS])
        splits = []
        for repeat in range(min(MOST_REPEATS, TRIAL_ROWS // len(some))):
            fit, held = stratified_split(strata[some], HELD_OUT, seed + repeat)
            if not len(held):
                fit = held = np.arange(len(some))
            splits.append((self._places(some[fit]), self._places(some[held])))
        return splits

    def _places(self, rows: IntArray) -> Tensor:
        return torch.from_numpy(rows).to(self._targets.device)
