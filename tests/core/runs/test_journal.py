"""Events through JSON and back, the journal on disk, and the history folded from it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.runs.journal import Journal, read_journal
from trainer_core.training import events as kinds
from trainer_core.training.events import Event, StepFinished, format_event, parse_event

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
st.register_type_strategy(str, TEXT)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
st.register_type_strategy(
    kinds.PinnedAnswer,
    st.builds(
        kinds.PinnedAnswer,
        fields=st.dictionaries(TEXT, TEXT, max_size=3),
        answer=TEXT,
        values=st.dictionaries(TEXT, JSON, max_size=3),
    ),
)
EVERY_KIND = get_args(get_args(Event)[0])
EVENTS = st.one_of([st.builds(kind) for kind in EVERY_KIND])


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal; NaN equals NaN here."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(event=EVENTS)
def test_every_event_survives_json(event: Event) -> None:
    line = format_event(event)
    assert "\n" not in line
    plain = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert plain["event"] == event.event
    assert "time" in plain
    again = parse_event(line)
    assert type(again) is type(event)
    assert same(again.model_dump(), event.model_dump())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_survives_json(value: float) -> None:
    event = kinds.EvaluationFinished(step=1, stage=0, epoch=1.0, metrics={"loss": value}, seconds=0.1, is_best=False)
    again = parse_event(format_event(event))
    assert isinstance(again, kinds.EvaluationFinished)
    assert same(again.metrics["loss"], value)


def test_names_of_events_are_in_snake_case_and_differ() -> None:
    names = [kind.model_fields["event"].default for kind in EVERY_KIND]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and " " not in name for name in names)


@given(content=st.binary(max_size=60))
def test_any_line_is_an_event_or_nothing(content: bytes) -> None:
    parse_event(content)


# --- a scripted run ------------------------------------------------------------------------------------------------


def step(number: int, stage: int, seconds: float = 0.5) -> StepFinished:
    """Return a step's event."""
    return StepFinished(
        time=100.0 + number,
        step=number,
        stage=stage,
        epoch=1.0,
        loss=1 / number,
        learning_rate=0.1,
        gradient_norm=1.0,
        rows=8,
        tokens=80,
        seconds=seconds,
    )


def scripted() -> list[Event]:
    """Return a run of two stages, of which the first ends early."""
    outline = {"epochs": 3, "trained_parameters": 10, "total_parameters": 100}
    stages = [kinds.StageOutline(name=name, steps=6, **outline) for name in ("head", "all")]
    started = kinds.RunStarted(
        task="classification",
        device="cpu",
        precision="float32",
        seed=7,
        train_rows=16,
        validation_rows=4,
        labels=["a", "b"],
        stages=stages,
        metric="accuracy",
        baselines={"accuracy": 0.5},
    )
    begin = {"trained_parameters": 10, "total_parameters": 100, "learning_rate": 0.1, "start_from": "best"}
    done = {"seconds": 0.1, "epoch": 1.0}
    best = kinds.Best(metric="accuracy", value=0.9, step=2, stage="head")
    return [
        started,
        kinds.WorkProgress(work="reading", done=1, total=2),
        kinds.WorkProgress(work="reading", done=2, total=2),
        kinds.PoolingChosen(pooling="mean", scores={"mean": 0.6}),
        kinds.ProbeFinished(metrics={"accuracy": 0.6, "loss": 0.9}, seconds=0.1, inverse_regularisation=0.1),
        kinds.CheckpointSaved(step=0, stage=0, path="x", bytes=1, best=True),
        kinds.StageStarted(stage=0, name="head", step=0, **begin),
        step(1, 0),
        step(2, 0),
        kinds.EvaluationFinished(step=2, stage=0, metrics={"accuracy": 0.9, "loss": 0.3}, is_best=True, **done),
        kinds.CheckpointSaved(step=2, stage=0, path="y", bytes=1, best=True),
        kinds.StageFinished(stage=0, name="head", step=2, reason="at_least"),
        kinds.StageStarted(stage=1, name="all", step=2, **begin),
        step(3, 1),
        step(4, 1),
        kinds.EvaluationFinished(step=4, stage=1, metrics={"accuracy": 0.7, "loss": math.nan}, is_best=False, **done),
        kinds.BestRestored(step=2, stage=1),
        kinds.RunWarning(message="careful"),
        kinds.StageFinished(stage=1, name="all", step=4, reason="epochs"),
        kinds.RunFinished(folder="f", seconds=3.0, best=best, metrics={"accuracy": 0.9}),
    ]


def test_a_history_tells_the_run() -> None:
    history = RunHistory().apply_all(scripted())
    assert history.status is RunStatus.FINISHED
    assert history.curves["loss"].steps == [1, 2, 3, 4]
    assert history.curves["loss"].values == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert history.curves["tokens_per_second"].values == [160.0] * 4
    assert history.metrics["accuracy"].steps == [0, 2, 4]
    assert history.metrics["accuracy"].values == [0.6, 0.9, 0.7]
    assert [(band.name, band.start, band.end, band.reason) for band in history.bands] == [
        ("head", 0, 2, "at_least"),
        ("all", 2, 4, "epochs"),
    ]
    assert history.best is not None
    assert (history.best.value, history.best.step, history.best.stage) == (0.9, 2, "head")
    assert (history.pooling, history.saves, history.step) == ("mean", [0, 2], 4)
    assert history.work is None
    assert "careful" in history.warnings


def test_a_history_knows_what_is_left() -> None:
    history = RunHistory()
    assert (history.total_steps, history.stage_seconds_left, history.in_last_stage) == (0, None, False)
    for event in scripted()[:8]:
        history.apply(event)
    assert (history.total_steps, history.stage_seconds_left) == (12, None)
    history.apply(step(2, 0))
    assert history.stage_seconds_left == pytest.approx(4.0), "of six steps, four are left, a second each"
    assert not history.in_last_stage
    history.apply_all(scripted()[9:13])
    assert history.stage_seconds_left is None, "nothing is known of a stage that has just begun"
    history.apply_all(scripted()[13:15])
    assert history.total_steps == 8
    assert history.stage_seconds_left == pytest.approx(4.0)
    assert history.in_last_stage
    history.apply_all(step(number, 1) for number in range(5, 9))
    assert history.stage_seconds_left is None, "what an evaluation takes is not known"


def test_a_history_knows_how_long_work_will_take() -> None:
    history = RunHistory()
    for done, seconds in ((100, 10.0), (300, 14.0)):
        assert history.work_seconds_left is None
        history.apply(kinds.WorkProgress(work="Reading", done=done, total=1_000, time=seconds))
    assert history.work_seconds_left == pytest.approx(14.0), "700 rows are left at 50 a second"
    history.apply(kinds.WorkProgress(work="Solving", done=1, total=4, time=20.0))
    assert history.work_seconds_left is None, "this is other work"
    history.apply(kinds.WorkProgress(work="Solving", done=4, total=4, time=21.0))
    assert history.work_seconds_left is None


def test_a_run_that_was_stopped_or_failed_says_so() -> None:
    last = scripted()[-1].model_copy(update={"stopped": True})
    assert RunHistory().apply_all([*scripted()[:-1], last]).status is RunStatus.STOPPED
    failed = RunHistory().apply_all([scripted()[0], kinds.RunFailed(what="broke")])
    assert failed.status is RunStatus.FAILED
    assert failed.failure is not None


def test_the_fold_of_the_journal_equals_the_live_one(tmp_path: Path) -> None:
    live = RunHistory()
    with Journal(tmp_path / "events.jsonl") as journal:
        for event in scripted():
            journal.append(event)
            live.apply(event)
            assert repr(RunHistory().apply_all(read_journal(tmp_path / "events.jsonl"))) == repr(live)


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [format_event(event).encode() for event in scripted()]
    whole = b"\n".join(lines) + b"\n"
    for cut in range(0, len(whole), 37):
        path.write_bytes(whole[:cut])
        read = list(read_journal(path))
        assert len(read) in {whole[:cut].count(b"\n"), whole[:cut].count(b"\n") + 1}
        RunHistory().apply_all(read)


@given(lost=st.sets(st.integers(0, len(scripted()) - 1)))
def test_a_journal_with_damaged_lines_still_folds(lost: set[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("torn") / "events.jsonl"
    lines = [b"\xff{torn" if place in lost else format_event(e).encode() for place, e in enumerate(scripted())]
    path.write_bytes(b"\n".join([*lines, b'{"event": "of_the_future", "time": 3}', b""]))
    events = list(read_journal(path))
    assert len(events) == len(lines) - len(lost)
    history = RunHistory().apply_all(events)
    assert (history.status is RunStatus.FINISHED) == (len(lines) - 1 not in lost)


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "none")) == []
