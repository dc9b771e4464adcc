"""Every task on real data and the real model: a head learns what it can of some rows.

What the default plans reach on all rows is measured by ``tests/benchmarks/tasks.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.accuracy import DATA
from tests.benchmarks.tasks import WORKS
from tests.support.sessions import run_project
from trainer_core.inference.predictor import Predictor
from trainer_core.training.events import PretrainingFinished, RunFinished

HEAD = '[[stage]]\nname = "head"\ntrain = ["head"]\nlearning_rate = 1e-3\nepochs = 1\n'
LEAST = {"multilabel": 0.5, "stsb": 0.75, "stsb_bands": 0.6, "wnut17": 0.08, "xquad": 0.06}
"""Of each work's metric, on test rows."""
ROWS = {"multilabel": 600}
"""Fewer of them lack some of the labels."""
USUAL_ROWS = 250


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data sets are not in {DATA}")
@pytest.mark.parametrize("name", LEAST)
def test_a_head_learns_from_real_rows(name: str, tmp_path: Path) -> None:
    work = WORKS[name]
    split = next(work.splits(tmp_path))
    path = tmp_path / "work.thaw"
    limit = f"[data]\nlimit = {ROWS.get(name, USUAL_ROWS)}\n"
    path.write_text(split.project.replace("[data]\n", limit) + HEAD, encoding="utf-8")
    _, run = run_project(path)
    reached = Predictor.load(run.path).evaluate(split.test).metrics[work.metric]
    assert reached > LEAST[name]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data sets are not in {DATA}")
def test_a_classifier_is_put_on_a_model_that_has_read_real_messages(tmp_path: Path) -> None:
    """Plain texts first, then a task: the encoder learns to tell hidden words of a bank's customers."""
    messages = DATA / "banking77" / "train.csv"
    path = tmp_path / "bank.thaw"
    path.write_text(
        "version = 1\n"
        f"[data]\ntrain = '{messages}'\nlimit = 800\n"
        "[model]\nmax_length = 32\n"
        "[training]\nevaluations_per_epoch = 1\n"
        f"[pretraining]\ntrain = ['head', 'top:1']\nlearning_rate = 1e-3\n{HEAD}",
        encoding="utf-8",
    )
    events, _ = run_project(path)
    (read,) = [event for event in events if isinstance(event, PretrainingFinished)]
    assert read.metrics["perplexity"] < read.before["perplexity"] / 2
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.metrics["accuracy"] > 0.3
