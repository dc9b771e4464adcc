"""Measuring a tiny model, watching the memory of a run, and what a run teaches the next forecast."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path

import pytest
import torch

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import run_project
from trainer_core.cache.notes import Notes, notes_place
from trainer_core.data.encoded import Tokens
from trainer_core.engines import machine as machine_module
from trainer_core.engines import measure as measure_module
from trainer_core.engines.machine import count_tokens, look_up_machine, look_up_project, look_up_run, speed_key
from trainer_core.engines.measure import measure_network
from trainer_core.engines.metering import PeakMemory
from trainer_core.engines.prepare import PreparedRun, prepare_run
from trainer_core.forecast.arithmetic import forecast
from trainer_core.forecast.contract import Correction, MachineFacts, work_of
from trainer_core.forecast.known import KnownMachine
from trainer_core.forecast.whole import forecast_project
from trainer_core.layers.tree import build_layer_tree
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_network
from trainer_core.models.facts import Telling
from trainer_core.models.network import parameter_specs
from trainer_core.project.load import load_project
from trainer_core.project.schema import Pooling, Precision
from trainer_core.tasks.registry import load_task
from trainer_core.training.control import Control
from trainer_core.training.events import Event, StageFinished, StepFinished

CPU = torch.device("cpu")


def prepared(path: Path) -> PreparedRun:
    return prepare_run(load_project(path), path)


def look_up(path: Path, *, measure: bool) -> MachineFacts:
    made = prepared(path)
    return look_up_machine(load_project(path), made.data, made.facts, measure=measure)


# --- measuring ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "gpt2", "albert", "qwen2"])
def test_a_network_is_measured(tiny_model: TinyModel, family: str) -> None:
    network = build_network(tiny_model(family), load_task("classification"), 3, Pooling.MEAN)
    before = {name: parameter.detach().clone() for name, parameter in network.named_layers() if "head" not in name}
    tree = build_layer_tree(parameter_specs(network))
    found = measure_network(network, tree, CPU, Precision.FLOAT32, longest=64, vocabulary=20, load_seconds=2.0)
    assert found.measured
    assert (found.device, found.precision, found.load_seconds) == ("cpu", "float32", 2.0)
    for shape in ((4, 8), (32, 64)):
        assert min(found.train_seconds.of(*shape), found.forward_seconds.of(*shape)) > 0
        assert found.kept_bytes.of(*shape) > 0
    assert min(found.head_seconds, found.update_seconds) > 0
    assert found.kept_bytes.of(32, 64) > 4 * found.kept_bytes.of(4, 16)
    after = dict(network.named_layers())
    assert all(torch.allclose(value, after[name], atol=1e-4) for name, value in before.items())


def test_a_slow_pass_is_timed_once(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def passes() -> Counter[tuple[int, ...]]:
        network, shapes = build_network(tiny_model("bert"), load_task("classification"), 3, Pooling.MEAN), Counter()
        states = network.token_states

        def count(tokens: Tokens) -> torch.Tensor:
            shapes[tuple(tokens.ids.shape)] += 1
            return states(tokens)

        monkeypatch.setattr(network, "token_states", count)
        tree = build_layer_tree(parameter_specs(network))
        measure_network(network, tree, CPU, Precision.FLOAT32, longest=64, vocabulary=20)
        return shapes

    fast = passes()
    monkeypatch.setattr(measure_module, "SLOW_SECONDS", 0.0)
    slow = passes()
    assert fast[2, 16] == 9
    assert slow[2, 16] == slow[8, 32] == 3  # what it keeps, forwards, and back


def test_what_a_block_keeps_is_what_autograd_keeps(tiny_model: TinyModel) -> None:
    network = build_network(tiny_model("bert"), load_task("classification"), 3, Pooling.MEAN)
    tree = build_layer_tree(parameter_specs(network))
    cost = measure_network(network, tree, CPU, Precision.FLOAT32, longest=64, vocabulary=20).kept_bytes
    ids = torch.ones(5, 20, dtype=torch.int64)
    kept: dict[int, int] = {}
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        scores = network(Tokens(ids, torch.ones_like(ids)))
    total = sum(size for place, size in kept.items() if place not in own)
    assert scores.requires_grad
    assert 3 * cost.of(5, 20) == pytest.approx(total, rel=0.1)


def test_a_model_is_measured_once(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_project(tmp_path, bert)
    assert not look_up(path, measure=False).device.measured
    first = look_up(path, measure=True)
    assert first.device.measured
    monkeypatch.setattr(machine_module, "measure_network", lambda *_, **__: pytest.fail("measured again"))
    assert look_up(path, measure=True).device == first.device
    assert look_up(path, measure=False).device == first.device
    assert first.free_bytes > 0


def test_a_model_too_large_to_be_measured_is_guessed(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(machine_module, "measure_network", fail)
    path = make_project(tmp_path, bert)
    assert not look_up(path, measure=True).device.measured
    monkeypatch.setattr(machine_module, "measure_network", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look_up(path, measure=True)


def test_tokens_are_counted_as_the_model_reads_them(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert, max_length=5)
    rows = look_up(path, measure=False).rows
    made = prepared(path)
    tokenizer = load_tokenizer(bert)
    real = sorted(len(tokenizer(text)["input_ids"]) for text, _ in made.data.train[:])
    assert rows.lengths == tuple(real)
    assert (rows.train, rows.validation, rows.counted) == (36, 15, True)
    assert max(rows.cut(5)) == 5


def test_a_sample_of_many_rows_is_counted(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "SAMPLE_ROWS", 10)
    made = prepared(make_project(tmp_path, bert))
    found = count_tokens(made.task, load_tokenizer(bert), made.data, 32)
    assert (len(found.lengths), found.train) == (10, 36)


# --- what runs take and teach ---------------------------------------------------------------------------------------


def test_memory_is_watched_above_where_it_began() -> None:
    with PeakMemory(CPU) as memory:
        held = torch.ones(40_000_000)
        assert memory.peak_bytes >= 150_000_000
        del held
        memory.restart()
        assert memory.peak_bytes < 150_000_000
    assert not [thread for thread in threading.enumerate() if thread.name == "thaw-memory"]


def test_a_run_tells_the_memory_of_its_stages(bert: Path, tmp_path: Path) -> None:
    events, folder = run_project(make_project(tmp_path, bert, stages=[HEAD, TOP, ALL]))
    ends = [event for event in events if isinstance(event, StageFinished)]
    finished = events[-1]
    assert finished.event == "run_finished"
    assert len(ends) == 3
    peaks = [event.peak_bytes for event in ends]
    assert all(peak is not None for peak in peaks)
    assert finished.peak_bytes is not None
    assert finished.peak_bytes >= max(peak for peak in peaks if peak is not None)
    last = json.loads(folder.journal_file.read_text().splitlines()[-1])
    assert last["peak_bytes"] == finished.peak_bytes


def lessons(path: Path, *, measured: bool, telling: Telling | None = None) -> Correction:
    made = prepared(path)
    key = speed_key(load_project(path), made.facts, CPU)
    return KnownMachine(Notes(notes_place())).correction(key, telling=telling, measured=measured)


def test_a_run_teaches_the_forecast_of_the_next(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert, stages=[TOP | {"epochs": 4}])
    look_up(path, measure=True)
    events, _ = run_project(path)
    lesson = lessons(path, measured=True)
    assert [len(part) for part in (lesson.steps, lesson.others, lesson.memory)] == [1, 1, 1]
    made, machine = prepared(path), look_up(path, measure=True)
    assert machine.correction == lesson
    work = work_of(load_project(path), made.facts, made.plan.stages, machine.rows)
    found = forecast(work, machine.device.model_copy(update={"measured": False}), machine.correction)
    steps = [event.seconds for event in events if isinstance(event, StepFinished)]
    evaluations = [event.seconds for event in events if event.event == "evaluation_finished"]
    corrected = len(steps) * found.stages[0].step_seconds + len(evaluations) * found.stages[0].evaluation_seconds
    assert corrected == pytest.approx(sum(steps) + sum(evaluations), rel=0.01)
    assert found.runs == 1


def test_a_run_teaches_a_guess_too(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert, stages=[TOP | {"epochs": 2}])
    run_project(path)
    assert len(lessons(path, measured=False).steps) == 1
    assert lessons(path, measured=True) == Correction()


def test_a_run_that_was_stopped_teaches_only_what_it_did(bert: Path, tmp_path: Path) -> None:
    def stop(event: Event, control: Control) -> None:
        if isinstance(event, StepFinished) and event.step == 6:
            control.finish_now()

    path = make_project(tmp_path, bert, stages=[TOP | {"epochs": 9}])
    run_project(path, listener=stop)
    lesson = lessons(path, measured=False)
    assert (len(lesson.steps), lesson.others, lesson.memory) == (1, (), ())


def test_a_second_run_finds_all_in_the_cache_and_teaches_nothing_of_reading(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert)
    run_project(path)
    run_project(path)
    lesson = lessons(path, measured=False)
    assert (len(lesson.others), len(lesson.memory)) == (1, 2)


# --- the stage before the stages ------------------------------------------------------------------------------------


def reading_project(folder: Path, model: Path, epochs: int) -> Path:
    path = make_project(folder, model, stages=[HEAD])
    path.write_text(f"{path.read_text()}\n[pretraining]\nepochs = {epochs}\n", encoding="utf-8")
    return path


def test_reading_first_is_forecast_as_a_run_of_its_own(
    tiny_model: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_module, "free_bytes", lambda _: 10**9)
    path = reading_project(tmp_path / "few", tiny_model("bert-lm"), 2)
    made = prepared(path)
    machine = look_up_run(made)
    assert machine == look_up_project(load_project(path), path.parent)
    assert machine.first is not None
    assert machine.first.facts.telling is Telling.HIDDEN
    assert machine.first.machine.device == machine.device  # the same body, measured once
    alone = forecast(work_of(made.plan.project, made.facts, made.plan.stages, machine.rows), machine.device)
    first = made.first
    assert first is not None
    reading = work_of(first.plan.project, first.facts, first.plan.stages, machine.first.machine.rows)
    found = forecast_project(made.plan.project, made.facts, made.plan.stages, machine)
    assert found.pretraining_seconds == pytest.approx(forecast(reading, machine.device).seconds)
    assert found.seconds == pytest.approx(alone.seconds + found.pretraining_seconds)
    assert found.peak_bytes >= alone.peak_bytes
    longer = load_project(reading_project(tmp_path / "many", tiny_model("bert-lm"), 50))
    assert forecast_project(longer, made.facts, made.plan.stages, machine).seconds > found.seconds


def test_a_run_that_read_first_teaches_both_kinds_of_run(tiny_model: TinyModel, tmp_path: Path) -> None:
    path = reading_project(tmp_path, tiny_model("bert-lm"), 5)
    run_project(path)
    assert len(lessons(path, measured=False, telling=Telling.HIDDEN).memory) == 1
    assert len(lessons(path, measured=False).memory) == 1
