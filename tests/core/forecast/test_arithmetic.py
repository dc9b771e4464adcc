"""The arithmetic of forecasts: what grows with what, what is free, and sums that can be checked by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.small import small_tree
from trainer_core.data.batch_size import EVALUATION_TOKENS, BatchSize
from trainer_core.data.batches import shuffled_batches, sorted_batches
from trainer_core.forecast import shapes as forecast_shapes
from trainer_core.forecast.arithmetic import forecast
from trainer_core.forecast.contract import BlockCost, Correction, DeviceFacts, Forecast, RowFacts, Work
from trainer_core.forecast.guess import guess_device, guess_rows
from trainer_core.forecast.passes import stage_passes
from trainer_core.project.schema import DataSection, Project, StageSection
from trainer_core.stages.plan import resolve_stages

TREE = small_tree(outputs=2)
ROWS = RowFacts(1_000, 200, tuple(range(5, 105)), counted=True)
DEVICE = guess_device(TREE, 384)
AT_ONCE = EVALUATION_TOKENS["cpu"]
GROWING = [("head",), ("head", "top:1"), ("head", "top:2"), ("head", "top:5"), ("all", "!embeddings"), ("all",)]


def work(*rules: tuple[str, ...], rows: RowFacts = ROWS, max_length: int = 128, **values: float) -> Work:
    """Return a plan with a stage for each of these rules; ``values`` are of the stages or of ``[training]``."""
    of_stage = {key: values.pop(key) for key in ("epochs", "average_epochs") if key in values}
    sections = [
        StageSection.model_validate({"name": str(n), "train": train, "learning_rate": 1e-3, "epochs": 2} | of_stage)
        for n, train in enumerate(rules)
    ]
    project = Project(data=DataSection(train="none"), stage=tuple(sections))
    training = type(project.training).model_validate(project.training.model_dump() | values)
    project = project.changed(training=training.model_dump())
    stages = resolve_stages(project, TREE, rows.train)
    return Work(
        TREE, 384, max_length, by_token=False, chooses_pooling=True, training=training, stages=stages, rows=rows
    )


def of(*rules: tuple[str, ...], device: DeviceFacts = DEVICE, **values: object) -> Forecast:
    return forecast(work(*rules, **values), device)  # type: ignore[arg-type]


# --- what grows with what -------------------------------------------------------------------------------------------


@given(st.integers(1, 200), st.integers(1, 200))
def test_larger_batches_need_no_less_memory(batch: int, more: int) -> None:
    small, large = of(("all",), batch_size=batch), of(("all",), batch_size=batch + more)
    assert large.peak_bytes >= small.peak_bytes


@given(st.integers(4, 120), st.integers(1, 60), st.sampled_from(GROWING))
def test_longer_texts_need_no_less_of_anything(length: int, more: int, rules: tuple[str, ...]) -> None:
    short, long = of(rules, max_length=length), of(rules, max_length=length + more)
    assert long.seconds >= short.seconds
    assert long.peak_bytes >= 0.999 * short.peak_bytes  # fewer of the longer rows fill a batch, not quite as far
    assert long.disk_bytes >= short.disk_bytes


@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from(GROWING))
def test_more_epochs_take_longer_and_no_more_memory(epochs: int, more: int, rules: tuple[str, ...]) -> None:
    few, many = of(rules, epochs=epochs), of(rules, epochs=epochs + more)
    assert many.seconds > few.seconds
    assert many.peak_bytes == few.peak_bytes


def test_the_more_learns_the_more_it_takes() -> None:
    found = [of(rules) for rules in GROWING]
    for amount in ("peak_bytes", "seconds"):
        amounts = [getattr(one.stages[0], amount) for one in found]
        assert amounts == sorted(amounts)
        assert amounts[0] < amounts[-1] / 2
    checkpoints = [4 * state.stages[0].trained_parameters for state in (work(rules) for rules in GROWING)]
    assert [one.stages[0].disk_bytes >= size for one, size in zip(found, checkpoints, strict=True)] == [True] * 6


@given(st.integers(1, 10_000), st.lists(st.integers(1, 600), min_size=1, max_size=50), st.integers(1, 300))
def test_every_row_is_in_a_batch_and_none_is_cut_short(train: int, lengths: list[int], batch: int) -> None:
    made = forecast_shapes.shapes(sorted(lengths), train, batch)
    assert math.isclose(sum(shape.count * shape.rows for shape in made), train)
    assert max(shape.tokens for shape in made) == max(lengths)


def test_batches_are_like_those_that_a_run_makes() -> None:
    lengths = np.random.default_rng(0).gamma(3.0, 12.0, size=3_000).astype(np.int64) + 3
    facts, random = RowFacts(3_000, 1_000, tuple(sorted(lengths.tolist()))), np.random.default_rng(1)
    by_rows, by_tokens = work(("all",), rows=facts), work(("all",), rows=facts, batch_tokens=1_500)
    for made, real in (
        (forecast_shapes.training_shapes(by_rows), shuffled_batches(lengths, BatchSize(32), random)),
        (forecast_shapes.training_shapes(by_tokens), shuffled_batches(lengths, BatchSize(32, 1_500), random)),
        (
            forecast_shapes.evaluation_shapes(by_rows, DEVICE, 3_000),
            list(sorted_batches(lengths, EVALUATION_TOKENS["cpu"])),
        ),
    ):
        padded = sum(len(batch) * lengths[batch].max() for batch in real)
        assert sum(shape.count * shape.rows * shape.tokens for shape in made) == pytest.approx(padded, rel=0.08)
        assert sum(shape.count for shape in made) == pytest.approx(len(real), rel=0.15)


# --- sums by hand ---------------------------------------------------------------------------------------------------

PLAIN = DeviceFacts(
    device="cpu",
    precision="float32",
    measured=True,
    forward_seconds=BlockCost(batch=0.0, token=1e-6),
    train_seconds=BlockCost(batch=0.0, token=1e-5),
    head_seconds=1e-3,
    update_seconds=0.01,
    update_value_seconds=0.0,
    load_seconds=3.0,
    kept_bytes=BlockCost(token=1_000),
)
EQUAL = RowFacts(640, 64, (50,) * 100, counted=True)


def test_a_step_of_everything_is_its_blocks_and_its_update() -> None:
    stage = of(("all",), device=PLAIN, rows=EQUAL, batch_size=32).stages[0]
    assert stage.step_seconds == pytest.approx(0.01 + 6 * 32 * 50 * 1e-5)
    assert stage.evaluation_seconds == pytest.approx(6 * 64 * 50 * 1e-6 + 64 / (AT_ONCE // 50) * 1e-3 / 2)
    assert stage.seconds == pytest.approx(40 * stage.step_seconds + 4 * stage.evaluation_seconds + stage.other_seconds)


def test_gradients_and_the_optimiser_are_in_the_memory_of_everything() -> None:
    weights = 4 * TREE.parameter_count
    tables = 4 * (30_522 + 512 + 2) * 384
    vectors = 704 * 384 * 4 * 3
    # Gradients of embeddings stay between two steps; a large checkpoint is written as it lies.
    backward = 3 * weights + tables + 7 * 32 * 50 * 1_000
    found = [of(("all",), device=PLAIN.model_copy(update={"device": kind}), rows=EQUAL) for kind in ("cpu", "cuda")]
    assert [one.peak_bytes for one in found] == [max(backward, 4 * weights) + vectors] * 2


def test_accumulated_batches_take_their_time_and_no_memory() -> None:
    one, four = (of(("all",), device=PLAIN, rows=EQUAL, accumulation=count).stages[0] for count in (1, 4))
    assert four.step_seconds - 0.01 == pytest.approx(4 * (one.step_seconds - 0.01))
    assert four.peak_bytes == one.peak_bytes


def test_averaged_weights_are_one_more_copy_and_a_second_evaluation() -> None:
    plain, averaged = (of(("head", "top:2"), average_epochs=share).stages[0] for share in (0.0, 0.5))
    assert averaged.evaluation_seconds == pytest.approx(2 * plain.evaluation_seconds)
    assert averaged.peak_bytes >= plain.peak_bytes + 4 * work(("head", "top:2")).stages[0].trained_parameters


# --- frozen layers, computed once -----------------------------------------------------------------------------------


def test_frozen_blocks_are_read_once_before_the_first_stage() -> None:
    found = stage_passes(work(("head",), ("head", "top:2"), ("all",)))
    assert [(one.boundary, one.read_blocks) for one in found] == [(6, 0), (4, 0), (0, 0)]


def test_without_a_probe_a_stage_reads_what_it_needs_itself() -> None:
    plan = dataclasses.replace(work(("head", "top:2"), ("head",), probe=False), chooses_pooling=False)
    assert [(one.boundary, one.read_blocks) for one in stage_passes(plan)] == [(4, 4), (6, 6)]


def test_what_a_stage_has_taught_is_read_anew() -> None:
    found = stage_passes(work(("head", "top:3"), ("head", "top:2"), ("head",)))
    assert [one.read_blocks for one in found] == [0, 4, 6]


def test_a_head_only_stage_takes_no_time_of_the_body() -> None:
    found = of(("head",), device=PLAIN, rows=EQUAL)
    assert found.stages[0].step_seconds == pytest.approx(1e-3)
    assert found.opening_seconds > 3.0 + 6 * 704 * 50 * 1e-6


def test_a_body_without_blocks_counts_as_one() -> None:
    tree = small_tree(blocks=0)
    plan = dataclasses.replace(work(("head",)), tree=tree)
    assert forecast(plan, guess_device(tree, 384)).seconds > 0


# --- corrections and guesses ----------------------------------------------------------------------------------------


def test_earlier_runs_correct_a_forecast() -> None:
    plan = work(("head", "top:2"))
    before = forecast(plan, PLAIN)
    after = forecast(plan, PLAIN, Correction(steps=(2.0, 2.0), others=(1.0,), memory=(1.5,)))
    assert after.stages[0].step_seconds == pytest.approx(2 * before.stages[0].step_seconds)
    assert after.opening_seconds == pytest.approx(before.opening_seconds)
    assert after.peak_bytes == pytest.approx(1.5 * before.peak_bytes, rel=1e-6)
    assert (before.runs, after.runs) == (0, 2)


@pytest.mark.parametrize("ratio", [0.0, 1e-9, 1e9, math.inf, math.nan])
def test_a_run_that_went_astray_corrects_within_bounds(ratio: float) -> None:
    plan = work(("all",))
    before, after = forecast(plan, PLAIN), forecast(plan, PLAIN, Correction(steps=(ratio,), memory=(ratio,)))
    for amount in ("seconds", "peak_bytes"):
        assert 0.2 < getattr(after, amount) / getattr(before, amount) < 5


def test_only_the_latest_runs_count() -> None:
    known = Correction()
    for ratio in range(1, 10):
        known = known.with_run(steps=float(ratio), others=None, memory=1.0)
    assert known.steps == (5.0, 6.0, 7.0, 8.0, 9.0)
    assert known.others == ()


def test_rows_are_guessed_from_their_letters() -> None:
    guessed = guess_rows(10, 5, ["four letters make about one token", "x"])
    assert guessed.lengths[0] < guessed.lengths[1] < 15
    assert not guessed.counted
    assert guess_rows(10, 5, []).lengths
