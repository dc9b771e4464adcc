"""What the window says of runs: titles, time spans, and the status line from the first word to the last."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from desktop_app.run_words import duration, metric_words, run_title, score_words, share_words, status_line
from tests.support.runs import history_of
from trainer_core.runs.folder import RunFolder
from trainer_core.runs.history import RunHistory
from trainer_core.training.control import Wish
from trainer_core.training.events import RunFailed, WorkProgress


def test_the_title_of_a_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "2026-11-23_141207_head-top-all")
    assert run_title(run, today=datetime.date(2026, 11, 23)) == "Today 14:12, head-top-all"
    assert run_title(run, today=datetime.date(2026, 11, 25)) == "23 Nov 14:12, head-top-all"
    assert run_title(run, today=datetime.date(2027, 1, 1)) == "23 Nov 2026 14:12, head-top-all"
    assert run_title(RunFolder(tmp_path / "mine")) == "mine"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (89.0, "89 s"), (90.0, "2 min"), (5340.0, "89 min"), (7200.0, "2 h"), (7500.0, "2 h 5 min")],
)
def test_time_spans_are_told_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_metrics_are_called_as_people_write_them() -> None:
    assert [metric_words(name) for name in ("macro_f1", "spearman", "mae", "loss", "entity_f1")] == [
        *("macro F1", "Spearman correlation", "mean absolute error", "loss", "entity F1")
    ]


def test_scores_have_as_many_digits_as_can_be_told_apart() -> None:
    assert [score_words(value) for value in (0.94812, -0.5, 99.0, 12_345.678)] == [
        "0.948",
        "-0.500",
        "99.000",
        "12,345.7",
    ]


def test_the_status_line_tells_the_time_left_only_where_it_is_known() -> None:
    """The speed of one stage tells nothing of the next, which may train the whole model."""
    assert status_line(RunHistory(), running=True) == "Preparing"
    assert status_line(history_of(37), running=True) == "stage 2 of 3 | step 37 of 126"
    under_way = status_line(history_of(60), running=True)
    assert under_way == "stage 2 of 3 | step 60 of 126 | 3 s left in this stage"
    assert status_line(history_of(86), running=True) == "stage 3 of 3 | step 86 of 126 | 10 s left"


def test_the_status_line_tells_how_a_run_ended() -> None:
    assert status_line(history_of(60), running=True, wish=Wish.FINISH) == "Finishing after step 60; the best is kept"
    assert status_line(history_of(), running=False) == "Finished: best macro F1 0.948 at step 126"
    failed = RunHistory().apply_all([RunFailed(what="The memory is full.")])
    assert status_line(failed, running=False) == "The run failed: The memory is full."


def test_work_without_steps_is_told_with_its_time_left() -> None:
    history = RunHistory()
    history.apply(WorkProgress(work="Reading the rows", done=0, total=4_000, time=0.0))
    assert status_line(history, running=True) == "Reading the rows: 0 of 4,000"
    history.apply(WorkProgress(work="Reading the rows", done=1_000, total=4_000, time=10.0))
    assert status_line(history, running=True) == "Reading the rows, 30 s left: 1,000 of 4,000"


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100.0 %"), (0.99999, ">99.9 %"), (0.5, "50.0 %"), (0.0001, "<0.1 %"), (0.0, "0.0 %")]
)
def test_shares_never_look_more_certain_than_they_are(share: float, words: str) -> None:
    assert share_words(share) == words
