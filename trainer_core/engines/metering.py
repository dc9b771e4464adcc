"""What a run really takes: its memory is watched while it runs, and what that teaches is kept for later forecasts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import psutil
import torch

from trainer_core.cache.notes import Notes, notes_place
from trainer_core.engines.machine import known_rows, speed_key
from trainer_core.engines.prepare import PreparedRun
from trainer_core.errors import InputError
from trainer_core.forecast.arithmetic import forecast
from trainer_core.forecast.contract import Forecast, work_of
from trainer_core.forecast.guess import guess_device
from trainer_core.forecast.known import KnownMachine
from trainer_core.training.events import (
    EvaluationFinished,
    Event,
    RunFinished,
    RunHeld,
    RunPaused,
    RunStarted,
    StageFinished,
    StepFinished,
    WorkProgress,
)
from trainer_core.training.frozen.reading import WORK

WATCH_SECONDS = 0.02
"""How often resident memory is looked at; a look takes some ten microseconds."""
LEAST_STEPS = 5
"""Stages with fewer steps tell more of their first step than of the others."""


class PeakMemory:
    """Watches the memory of a device above what was in use when watching began.

    On the CPU that is this process' resident memory; pages of mapped files do not count, because the system takes
    them back at will. CUDA keeps count by itself.

    Args:
        device: which.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._over = threading.Event()
        self._read = _reader(device)
        self._begin = self._peak = 0
        self._thread = threading.Thread(target=self._watch, name="thaw-memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._begin = self._read()
        self.restart()
        if self._device.type != "cuda":
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def restart(self) -> None:
        """Forget the peak; what comes now counts."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        self._peak = self._read()

    @property
    def peak_bytes(self) -> int:
        """The most since the last restart, above the beginning."""
        now = torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else self._read()
        self._peak = max(self._peak, now)
        return max(0, self._peak - self._begin)

    def _watch(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            self._peak = max(self._peak, self._read())


@dataclass
class _Measured:
    """What a run took, so far."""

    precision: str = ""
    read_anew: bool = False
    waited: bool = False
    peak_bytes: int = 0
    steps: dict[int, list[float]] = field(default_factory=dict)
    evaluations: dict[int, list[float]] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, RunStarted):
            self.precision = event.precision
        elif isinstance(event, RunPaused | RunHeld):
            self.waited = True
        elif isinstance(event, WorkProgress):
            self.read_anew = self.read_anew or event.work == WORK
        elif isinstance(event, StepFinished):
            self.steps.setdefault(event.stage, []).append(event.seconds)
        elif isinstance(event, EvaluationFinished):
            self.evaluations.setdefault(event.stage, []).append(event.seconds)

    @property
    def whole(self) -> bool:
        """Whether the run was seen from its beginning; one that went on tells of a part only."""
        return bool(self.precision)

    @property
    def counted_seconds(self) -> float:
        """The seconds of all steps and evaluations."""
        return sum(map(sum, self.steps.values())) + sum(map(sum, self.evaluations.values()))


def metered(events: Iterator[Event], prepared: PreparedRun) -> Generator[Event, None, None]:
    """Yield a run's events, with the memory of every stage and of the whole run filled in.

    A run that ends well teaches the forecasts of later ones.
    """
    measured = _Measured()
    with PeakMemory(torch.device(prepared.plan.device)) as memory:
        for event in events:
            measured.note(event)
            if isinstance(event, StageFinished | RunFinished):
                peak = memory.peak_bytes
                measured.peak_bytes = max(measured.peak_bytes, peak)
                if isinstance(event, RunFinished):
                    event = event.model_copy(update={"peak_bytes": measured.peak_bytes})
                    # The run itself is whole; a lesson that cannot be drawn, because the model's files went away
                    # meanwhile, is not worth an error.
                    with contextlib.suppress(OSError, InputError):
                        _learn(measured, event, prepared)
                else:
                    event = event.model_copy(update={"peak_bytes": peak})
                    memory.restart()
            yield event


def _learn(measured: _Measured, finished: RunFinished, prepared: PreparedRun) -> None:
    """Keep what a run took beside what an uncorrected forecast says of it."""
    project, facts, device = prepared.plan.project, prepared.facts, torch.device(prepared.plan.device)
    known, key = KnownMachine(Notes(notes_place())), speed_key(project, facts, device)
    speed = known.speed(key) or guess_device(facts.tree, facts.hidden_size, str(device))
    if not measured.whole or (speed.measured and speed.precision != measured.precision):
        return
    train, validation = prepared.encoded
    rows = known_rows(train, validation)
    expected = forecast(work_of(project, facts, prepared.plan.stages, rows), speed)
    others = None
    if measured.read_anew and not finished.stopped and not measured.waited:
        rest = expected.opening_seconds + sum(stage.other_seconds for stage in expected.stages)
        others = max(0.0, finished.seconds - measured.counted_seconds) / rest
    lesson = known.correction(key, telling=facts.telling, measured=speed.measured).with_run(
        steps=_steps_ratio(measured, expected),
        others=others,
        memory=None if finished.stopped else measured.peak_bytes / expected.peak_bytes,
    )
    known.remember_correction(key, lesson, telling=facts.telling, measured=speed.measured)


def _steps_ratio(measured: _Measured, expected: Forecast) -> float | None:
    """Return the seconds of the steps and evaluations that were made, over those forecast for as many."""
    took = forecasts = 0.0
    for place, stage in enumerate(expected.stages):
        steps, evaluations = measured.steps.get(place, []), measured.evaluations.get(place, [])
        if len(steps) >= LEAST_STEPS:
            took += sum(steps) + sum(evaluations)
            forecasts += len(steps) * stage.step_seconds + len(evaluations) * stage.evaluation_seconds
    return took / forecasts if forecasts else None


def _reader(device: torch.device) -> Callable[[], int]:
    if device.type == "cuda":
        return lambda: int(torch.cuda.memory_allocated(device))
    if device.type == "mps":
        return lambda: int(torch.mps.driver_allocated_memory())
    process = psutil.Process()

    def resident() -> int:
        memory = process.memory_info()
        return int(memory.rss - getattr(memory, "shared", 0))

    return resident
