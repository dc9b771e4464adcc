"""The classification task: loss and metrics by hand, baselines, and how tasks are found."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from trainer_core.errors import InputError
from trainer_core.tasks.classification import Classification
from trainer_core.tasks.registry import load_task, task_names

TASK = Classification()


def test_the_loss_is_the_sum_over_rows() -> None:
    scores, targets = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0]]), torch.tensor([0, 1])
    assert TASK.loss(scores, targets).item() == pytest.approx(math.log(2.0) + math.log(4.0))


def test_metrics_by_hand() -> None:
    scores = np.array([[2, 0, 0], [0, 2, 0], [0, 2, 0], [2, 0, 0]], dtype=np.float32)
    measured = TASK.measure(scores, np.array([0, 1, 0, 0]))
    assert measured["accuracy"] == 0.75
    assert measured["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    good, bad = (-math.log(math.exp(x) / (math.exp(2) + 2)) for x in (2, 0))
    assert measured["loss"] == pytest.approx((3 * good + bad) / 4, abs=1e-6)
    assert set(measured) == set(TASK.metrics_offered)


def test_the_baseline_answers_the_most_frequent_class() -> None:
    measured = TASK.baselines(np.array([1, 1, 0]), np.array([0, 0, 0, 1]))
    assert measured["accuracy"] == 0.25
    assert measured["macro_f1"] == pytest.approx(0.2)


def test_scores_that_are_no_numbers_are_measured_all_the_same() -> None:
    measured = TASK.measure(np.full((2, 3), np.nan, dtype=np.float32), np.array([0, 1]))
    assert math.isnan(measured["loss"])
    assert 0 <= measured["accuracy"] <= 1


def test_tasks_are_found_by_name() -> None:
    assert "classification" in task_names()
    assert isinstance(load_task("classification"), Classification)
    with pytest.raises(InputError, match="Known tasks: classification"):
        load_task("translation")
