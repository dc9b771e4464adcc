"""What the Train page draws and says of a run: its feed and its words."""

from __future__ import annotations

from desktop_app.pages.train.feed import BASELINE_LABEL, PROBE_LABEL, RunFeed
from desktop_app.pages.train.words import (
    Progress,
    facts,
    failure_error,
    headline,
    summary,
    work_progress,
)
from desktop_app.widgets.kit import error_layers
from tests.support.runs import history_of
from tests.support.scripted import scripted_events
from trainer_core.runs.history import RunHistory
from trainer_core.training.control import Wish
from trainer_core.training.events import Best, PretrainedMeasured, RunFailed

F1, ACCURACY = (0, "macro_f1"), (1, "accuracy")
"""The places of the scripted run's metrics on the plot of scores."""


def test_the_feed_is_equal_to_the_history_at_any_moment() -> None:
    history, feed = RunHistory(), RunFeed()
    for event in scripted_events():
        history.apply(event)
        feed.update(history)
    assert feed.loss.y.tolist() == history.curves["loss"].values
    assert feed.learning_rate.x.tolist() == history.curves["learning_rate"].steps
    assert feed.validation_loss.y.tolist() == history.metrics["loss"].values
    assert list(feed.scores) == [F1, ACCURACY]
    assert feed.scores[F1].x[0] == 0, "the probe stands at step 0"
    assert [(band.name, band.start, band.end) for band in feed.bands] == [
        ("head", 0, 36),
        ("top", 36, 72),
        ("all", 72, 126),
    ]
    assert feed.end == 126


def test_the_feed_has_both_baselines_and_the_marks() -> None:
    feed = RunFeed()
    feed.update(history_of())
    assert [(line.label, line.value) for line in feed.baselines] == [(PROBE_LABEL, 0.81), (BASELINE_LABEL, 0.06)]
    assert feed.score_marks.best == (126.0, feed.scores[F1].y[-1])
    assert [step for step, _ in feed.score_marks.saved] == [18, 36, 54, 72, 90, 108, 126]
    assert feed.loss_marks.best == (126.0, feed.validation_loss.y[-1])


def test_a_cleared_feed_holds_nothing_and_keeps_its_series() -> None:
    feed = RunFeed()
    feed.update(history_of())
    scores = feed.scores[F1]
    feed.clear()
    assert len(feed.loss) == len(scores) == 0
    assert feed.bands == feed.baselines == ()
    feed.update(history_of(40))
    assert feed.scores[F1] is scores
    assert len(feed.loss) == 40


def test_a_run_judged_by_its_loss_has_no_loss_among_the_scores() -> None:
    history = history_of(20)
    assert history.started is not None
    history.started = history.started.model_copy(update={"metric": "loss"})
    feed = RunFeed()
    feed.update(history)
    assert list(feed.scores) == [F1, ACCURACY]


def test_errors_in_the_units_of_the_rows_never_share_a_plot_with_shares() -> None:
    history = history_of(20)
    assert history.started is not None
    history.started = history.started.model_copy(update={"metric": "spearman", "baselines": {"mae": 1.2}})
    shares, errors = history.metrics.pop("macro_f1"), history.metrics.pop("accuracy")
    history.metrics |= {"mae": errors, "pearson": shares, "spearman": shares}
    feed = RunFeed()
    feed.update(history)
    assert (list(feed.scores), feed.metric) == ([(0, "spearman"), (1, "pearson")], "spearman")
    assert feed.baselines == ()
    history.started = history.started.model_copy(update={"metric": "mae"})
    other = RunFeed()
    other.update(history)
    assert list(other.scores) == [(0, "mae")]
    assert [(line.label, line.value) for line in other.baselines] == [(BASELINE_LABEL, 1.2)]


def test_facts_of_a_run_under_way() -> None:
    told = {fact.name: fact.value for fact in facts(history_of(60), live=True)}
    assert told["Stage"] == "2 of 3, top"
    assert told["Epoch"] == "1.3 of 2"
    assert told["Step"] == "60 of 126"
    assert told["Left in stage"] == "about 3 s"
    assert told["Best macro F1"] == "0.909, step 54, stage top"
    assert told["Learning"].endswith("% of the model")
    assert "Left in stage" not in {fact.name for fact in facts(history_of(60), live=False)}
    assert {fact.name: fact.value for fact in facts(history_of(86), live=True)}["Time left"] == "about 10 s"


def test_headlines_never_say_more_than_is_known() -> None:
    assert headline(RunHistory(), live=True) == "Getting ready"
    assert headline(history_of(60), live=True) == "Training: stage 2 of 3, top"
    assert "Finishing" in headline(history_of(60), live=True, wish=Wish.FINISH)
    assert headline(history_of(), live=False) == "Finished"
    assert "did not come to its end" in headline(history_of(60), live=False)


def test_work_is_shown_only_while_it_lasts() -> None:
    assert work_progress(RunHistory(), live=True) == Progress("Loading the libraries and reading the rows", 0, 0)
    assert work_progress(RunHistory(), live=False) is None
    assert work_progress(history_of(60), live=True) is None
    begun = RunHistory()
    begun.apply(next(iter(scripted_events())))
    assert work_progress(begun, live=True) == Progress("Getting ready", 0, 0)


def test_a_summary_says_when_training_did_not_help() -> None:
    history = history_of()
    assert history.finished is not None
    lines = "\n".join(summary(history, "/r").lines)  # type: ignore[union-attr]
    assert "reached 0.810" in lines
    assert "Without learning, 0.060 can be had." in lines
    history.finished = history.finished.model_copy(
        update={"best": Best(metric="macro_f1", value=0.81, step=0, stage="probe")}
    )
    lines = "\n".join(summary(history, "/r").lines)  # type: ignore[union-attr]
    assert "did not get beyond the linear probe" in lines
    assert "Found by the linear probe" in lines


def test_a_model_that_was_measured_as_it_came_is_compared_with_that() -> None:
    history = history_of()
    history.apply(PretrainedMeasured(metrics={"macro_f1": 0.31}, seconds=1.0))
    assert "The model as it came had 0.310." in summary(history, "/r").lines  # type: ignore[union-attr]
    assert history.best is not None
    assert any("the model as it came" in fact.value for fact in facts(history, live=False))
    best = Best(metric="macro_f1", value=0.31, step=0, stage="pretrained")
    history.finished = history.finished.model_copy(update={"best": best})  # type: ignore[union-attr]
    assert "Nothing learnt was better." in summary(history, "/r").lines[0]  # type: ignore[union-attr]


def test_a_failure_has_three_layers() -> None:
    what, remedy, details = error_layers(failure_error(RunFailed(what="W.", why="Y.", remedy="R.", traceback="T at 3")))
    assert (what, remedy) == ("W. Y.", "R.")
    assert "T at 3" in details
    assert error_layers(failure_error(RunFailed(what="W.")))[2] == ""
