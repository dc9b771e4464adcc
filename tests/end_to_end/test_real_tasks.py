"""Every task on real data and the real model: a head learns what it can of some rows.

What the default plans reach on all rows is measured by ``tests/benchmarks/tasks.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks.accuracy import DATA
from tests.benchmarks.tasks import WORKS
from tests.support.sessions import run_project
from trainer_core.training.events import PretrainingFinished, RunFinished

HEAD = '[[stage]]\nname = "head"\ntrain = ["head"]\nlearning_rate = 1e-3\nepochs = 1\n'
ROWS = {"multilabel": 600, "stsb": 500, "stsb_bands": 500, "wnut17": 400, "xquad": 150}
"""Of which a fifth is held back."""
LEAST = {"multilabel": 0.3, "stsb": 0.75, "stsb_bands": 0.6, "wnut17": 0.08, "xquad": 0.06}
"""Of each work's metric, on the rows held back."""


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data sets are not in {DATA}")
@pytest.mark.parametrize("name", LEAST)
def test_a_head_learns_from_real_rows(name: str, tmp_path: Path) -> None:
    work = WORKS[name]
    project = next(work.splits(tmp_path)).project
    some = f"[data]\nlimit = {ROWS[name]}\n"
    held = re.sub("^validation.*", "validation_share = 0.2", project.replace("[data]\n", some), flags=re.MULTILINE)
    path = tmp_path / "work.thaw"
    path.write_text(held + HEAD, encoding="utf-8")
    events, _ = run_project(path)
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.metrics[work.metric] > LEAST[name]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data sets are not in {DATA}")
def test_a_classifier_is_put_on_a_model_that_has_read_real_messages(tmp_path: Path) -> None:
    """Plain texts first, then a task: the encoder learns to tell hidden words of a bank's customers."""
    messages = DATA / "banking77" / "train.csv"
    path = tmp_path / "bank.thaw"
    path.write_text(
        "version = 1\n"
        f"[data]\ntrain = '{messages}'\nlimit = 500\n"
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
