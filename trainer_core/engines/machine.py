"""What a forecast has to know of rows and machine: looked up where it was measured before, else measured or guessed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import torch
import xxhash
from transformers import PreTrainedTokenizerBase

from trainer_core.cache.notes import Notes, notes_place
from trainer_core.data.encoded import Encoded
from trainer_core.data.prepare import PreparedData, prepare_data
from trainer_core.data.rows import IntArray
from trainer_core.engines.measure import measure_network
from trainer_core.engines.number_format import resolve_precision
from trainer_core.engines.prepare import PreparedRun, column_read_first
from trainer_core.forecast.contract import DeviceFacts, FirstFacts, MachineFacts, RowFacts
from trainer_core.forecast.guess import guess_device
from trainer_core.forecast.known import KnownMachine
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_network
from trainer_core.models.facts import ModelFacts
from trainer_core.models.inspect import inspect_model
from trainer_core.project.schema import Pooling, Project, Quantisation
from trainer_core.tasks.base import Task
from trainer_core.tasks.encoding import encode_rows
from trainer_core.tasks.registry import load_task
from trainer_core.training.memory import OutOfMemory, free_memory, is_out_of_memory
from trainer_core.training.precision import resolve_device
from trainer_core.versions import version_of

SAMPLE_ROWS = 2_000
LONGEST_TOKENS = 4_096
"""Texts of the sample are not read further, unless a project reads further itself."""
TRIAL_ROWS = 64


def look_up_machine(project: Project, data: PreparedData, facts: ModelFacts, *, measure: bool) -> MachineFacts:
    """Return what is known of rows and machine.

    Args:
        project: what the user wants.
        data: its rows.
        facts: its model's.
        measure: measure the model's speed where nobody has yet, which takes some seconds; else it is guessed.

    Raises:
        InputError: the device is not there, or the model cannot be loaded.
    """
    device = resolve_device(project.training.device)
    known, key = KnownMachine(Notes(notes_place())), speed_key(project, facts, device)
    speed = known.speed(key)
    if speed is None and measure:
        speed = _measure_if_it_fits(project, data, facts, device)
        if speed is not None:
            known.remember_speed(key, speed)
    if speed is None:
        speed = guess_device(facts.tree, facts.hidden_size, str(device))
    return MachineFacts(
        device=speed,
        rows=count_tokens(_task_of(project), load_tokenizer(facts.folder), data, project.model.max_length),
        free_bytes=free_bytes(device),
        correction=known.correction(key, telling=facts.telling, measured=speed.measured),
    )


def look_up_run(prepared: PreparedRun) -> MachineFacts:
    """Return what is known of rows and machine for a run, and for the one before its stages; what is not is measured.

    Raises:
        InputError: as ``look_up_machine``.
    """
    project, first = prepared.plan.project, prepared.first
    machine = look_up_machine(project, prepared.data, prepared.facts, measure=True)
    if first is None:
        return machine
    return replace(machine, first=FirstFacts(column_read_first(prepared.data), first.facts, look_up_run(first)))


def look_up_project(project: Project, folder: Path) -> MachineFacts:
    """Return the same for a project whose plan may have mistakes.

    Args:
        project: what the user wants.
        folder: what its paths are relative to.

    Raises:
        InputError: the rows or the model cannot be read, or the device is not there.
    """
    return _look_up(project, folder)[-1]


def _look_up(project: Project, folder: Path) -> tuple[ModelFacts, MachineFacts]:
    task = load_task(project.task, project.options)
    data = prepare_data(project, folder, task)
    facts = inspect_model(project, folder, data.report.outputs, data.report.texts)
    machine = look_up_machine(project, data, facts, measure=True)
    if project.pretraining is not None and not task.language:
        column = column_read_first(data)
        machine = replace(machine, first=FirstFacts(column, *_look_up(project.of_pretraining(column), folder)))
    return facts, machine


def speed_key(project: Project, facts: ModelFacts, device: torch.device) -> str:
    """Return a key of everything that a model's speed depends on: its shape, the device, the libraries."""
    digest = xxhash.xxh3_128((facts.folder / "config.json").read_bytes())
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} {torch.get_num_threads()}"
    about = [name, version_of("torch"), version_of("transformers"), project.training.precision.value]
    if project.adapter.quantisation is not Quantisation.NONE:
        about.append(project.adapter.quantisation.value)  # reading them in every pass takes time of its own
    digest.update("|".join(about).encode())
    return digest.hexdigest()


def count_tokens(task: Task, tokenizer: PreTrainedTokenizerBase, data: PreparedData, max_length: int) -> RowFacts:
    """Return the lengths of some training rows, evenly spread; all of them where they are few.

    Where long rows are read in windows, windows stand for rows.
    """
    sample = data.train.taken(_spread(len(data.train)))
    longest = max_length if task.by_token else max(LONGEST_TOKENS, max_length)
    lengths = encode_rows(task, tokenizer, sample, longest).lengths
    share = len(lengths) / len(sample)
    train, validation = round(len(data.train) * share), round(len(data.validation) * share)
    return RowFacts(train, validation, tuple(sorted(lengths.tolist())), counted=True)


def known_rows(train: Encoded, validation: Encoded) -> RowFacts:
    """Return the lengths of some encoded training rows, likewise, as far as they are read."""
    lengths = np.sort(train.lengths[_spread(len(train))])
    return RowFacts(len(train), len(validation), tuple(lengths.tolist()), counted=True)


def _spread(total: int) -> IntArray:
    return np.unique(np.linspace(0, total - 1, min(SAMPLE_ROWS, total)).astype(np.int64))


def free_bytes(device: torch.device) -> int:
    """Return the memory that a run could take on a device now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _measure_if_it_fits(
    project: Project, data: PreparedData, facts: ModelFacts, device: torch.device
) -> DeviceFacts | None:
    """Measure a model's speed, and give back what that took; None where the memory is too small for it."""
    try:
        return _measure(project, data, facts, device)
    except (RuntimeError, OutOfMemory) as error:
        if not (isinstance(error, OutOfMemory) or is_out_of_memory(error)):
            raise
        return None
    finally:
        free_memory()


def _measure(project: Project, data: PreparedData, facts: ModelFacts, device: torch.device) -> DeviceFacts:
    started = time.perf_counter()
    task, tokenizer = _task_of(project), load_tokenizer(facts.folder)
    outputs, texts = task.output_count(data.labels), len(data.train.given)
    network = build_network(facts.folder, task, outputs, Pooling.MEAN, texts=texts).to(device)
    loaded = time.perf_counter() - started
    some = data.train.taken(np.arange(min(TRIAL_ROWS, len(data.train))))
    encoded = encode_rows(task, tokenizer, some, project.model.max_length)
    precision, _ = resolve_precision(project.training.precision, network, task, encoded, device)
    return measure_network(
        network,
        facts.tree,
        device,
        precision,
        longest=facts.max_positions,
        vocabulary=facts.vocabulary,
        load_seconds=loaded,
    )


def _task_of(project: Project) -> Task:
    return load_task(project.task, project.options)
