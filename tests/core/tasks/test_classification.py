"""The classification task: loss and metrics by hand and against other implementations, and how it is found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from tests.support.toy_tasks import HEADERS
from trainer_core.errors import InputError
from trainer_core.tasks.classification import MOST_CLASSES_RANKED, Classification, area_under_curve
from trainer_core.tasks.registry import load_task, task_names

TASK = Classification()
ROWS, CLASSES = 40, 4


def with_options(facts: dict[str, list[float]] | None = None, **options: Any) -> Any:
    """Return the task with options, and with facts of training rows."""
    return load_task("classification", options, facts)


def random_scores(seed: int = 0, spread: float = 2.0) -> tuple[Tensor, Tensor]:
    """Return scores [rows, classes], of which gradients can be asked, and class numbers."""
    generator = torch.Generator().manual_seed(seed)
    scores = spread * torch.randn(ROWS, CLASSES, generator=generator)
    return scores.requires_grad_(), torch.randint(CLASSES, (ROWS,), generator=generator)


def shares_and_classes(seed: int, classes: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return scores and class numbers of which the scores know something."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(classes, size=200)
    scores = generator.normal(size=(200, classes)).astype(np.float32)
    scores[np.arange(200), targets] += 1.0
    return scores, targets


# --- the loss --------------------------------------------------------------------------------------------------------


def test_the_loss_is_the_sum_over_rows() -> None:
    scores, targets = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0]]), torch.tensor([0, 1])
    assert TASK.loss(scores, targets).item() == pytest.approx(math.log(2.0) + math.log(4.0))


@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 2.0, 4.0]])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_weights_smoothing_and_focus_are_as_published(
    weights: list[float] | None, smoothing: float, gamma: float
) -> None:
    scores, targets = random_scores()
    task = with_options({"class_weights": weights} if weights else None, label_smoothing=smoothing, focal_gamma=gamma)
    wished = torch.full((ROWS, CLASSES), smoothing / CLASSES)
    wished[torch.arange(ROWS), targets] += 1.0 - smoothing
    log_shares = torch.log_softmax(scores, dim=1)
    of_classes = -log_shares * wished * torch.tensor(weights or [1.0] * CLASSES)
    doubt = 1.0 - log_shares.exp()[torch.arange(ROWS), targets]
    expected = (of_classes.sum(dim=1) * doubt**gamma).sum()
    found = task.loss(scores, targets)
    torch.testing.assert_close(found, expected)
    (own,) = torch.autograd.grad(found, scores)
    (other,) = torch.autograd.grad(expected, scores)
    torch.testing.assert_close(own, other)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0, 2.0])
def test_the_focal_loss_has_a_gradient_where_nothing_is_in_doubt(gamma: float) -> None:
    scores = torch.tensor([[200.0, 0.0], [0.0, 3.0]], requires_grad=True)
    loss = with_options(focal_gamma=gamma).loss(scores, torch.tensor([0, 1]))
    (gradient,) = torch.autograd.grad(loss, scores)
    assert torch.isfinite(gradient).all()
    assert gradient[1].abs().sum() > 0


def test_balanced_weights_give_every_class_the_same_say() -> None:
    targets = np.array([0] * 12 + [1] * 6 + [2] * 2)
    weights = np.array(with_options(class_weights="balanced").find_facts(targets)["class_weights"])
    counts = np.bincount(targets)
    assert (weights * counts).tolist() == pytest.approx([20 / 3] * 3)
    assert weights[targets].mean() == pytest.approx(1.0)
    assert with_options().find_facts(targets) == {}


# --- the metrics -----------------------------------------------------------------------------------------------------


def test_metrics_by_hand() -> None:
    scores = np.array([[2, 0, 0], [0, 2, 0], [0, 2, 0], [2, 0, 0]], dtype=np.float32)
    measured = TASK.measure(scores, np.array([0, 1, 0, 0]))
    assert measured["accuracy"] == 0.75
    assert measured["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    good, bad = (-math.log(math.exp(x) / (math.exp(2) + 2)) for x in (2, 0))
    assert measured["loss"] == pytest.approx((3 * good + bad) / 4, abs=1e-6)
    assert set(measured) == set(TASK.metrics_offered)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_area_under_the_curve_is_that_of_each_class_against_the_rest(classes: int) -> None:
    scores, targets = shares_and_classes(classes, classes)
    shares = torch.softmax(torch.from_numpy(scores).double(), dim=1).numpy()
    judged = shares[:, 1] if classes == 2 else shares
    expected = roc_auc_score(targets, judged, multi_class="ovr", average="macro")
    assert TASK.measure(scores, targets)["auc"] == pytest.approx(expected)
    assert expected > 0.6


def test_classes_that_do_not_occur_and_rows_alike_do_not_spoil_the_area() -> None:
    holds = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 1]], dtype=np.bool_)
    shares = np.array([[3, 9, 1], [3, 9, 2], [1, 9, 2], [0, 9, 2], [0, 9, 5]], dtype=np.float32)
    expected = np.mean([roc_auc_score(holds[:, column], shares[:, column]) for column in (0, 2)])
    assert area_under_curve(shares, holds) == pytest.approx(expected)
    assert area_under_curve(shares, np.ones_like(holds)) == 0.5
    assert area_under_curve(np.full_like(shares, np.nan), holds) == 0.5


def test_of_very_many_classes_the_most_frequent_are_ranked() -> None:
    classes = MOST_CLASSES_RANKED + 50
    targets = np.concatenate([np.arange(classes), np.arange(MOST_CLASSES_RANKED)])
    scores = np.zeros((len(targets), classes), dtype=np.float32)
    scores[np.arange(len(targets)), targets] = 5.0
    scores[targets >= MOST_CLASSES_RANKED] = 0.0  # nothing is known of the rare ones
    assert TASK.measure(scores, targets)["auc"] == 1.0


def test_the_baseline_answers_the_most_frequent_class() -> None:
    measured = TASK.baselines(np.array([1, 1, 0]), np.array([0, 0, 0, 1]))
    assert measured["accuracy"] == 0.25
    assert measured["macro_f1"] == pytest.approx(0.2)


def test_scores_that_are_no_numbers_are_measured_all_the_same() -> None:
    measured = TASK.measure(np.full((2, 3), np.nan, dtype=np.float32), np.array([0, 1]))
    assert math.isnan(measured["loss"])
    assert 0 <= measured["accuracy"] <= 1
    assert measured["auc"] == 0.5


def test_tasks_are_found_by_name() -> None:
    assert set(HEADERS) <= set(task_names())
    assert isinstance(load_task("classification"), Classification)
    with pytest.raises(InputError, match="Known tasks: answering, chat, classification"):
        load_task("translation")
