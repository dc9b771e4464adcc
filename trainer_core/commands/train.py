"""``thaw train``: a progress bar and a summary on a terminal, or the journal as JSON lines."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from trainer_core.commands.predict import print_predictions
from trainer_core.commands.progress import telling_of_conversions
from trainer_core.data.lines import read_lines
from trainer_core.engines.base import GoOn
from trainer_core.engines.local import LocalEngine
from trainer_core.errors import InputError
from trainer_core.inference.predictor import Predictor
from trainer_core.models.sources import resolve_model
from trainer_core.project.load import load_project
from trainer_core.runs.history import RunHistory, RunStatus
from trainer_core.training.control import Control
from trainer_core.training.events import (
    BestRestored,
    EvaluationFinished,
    Event,
    PinnedAnswered,
    PoolingChosen,
    PrecisionChosen,
    PretrainedMeasured,
    PretrainingFinished,
    ProbeFinished,
    RunFinished,
    RunHeld,
    RunResumed,
    RunStarted,
    RunWarning,
    StageChanged,
    StageFinished,
    StageStarted,
    StepFinished,
    WorkProgress,
    format_event,
)

EXIT_DONE, EXIT_STOPPED = 0, 3
TRIED_TEXTS = 10
SHOWN_LETTERS = 60


def train_project(path: Path, *, out: Path | None, overrides: list[str], as_json: bool, try_file: Path | None) -> int:
    """Train a project and show how it goes; return the exit status.

    Raises:
        InputError: the project, its data, its model or the output folder is at fault.
    """
    project = load_project(path, overrides)
    texts = read_lines(try_file) if try_file else []
    with telling_of_conversions() as told, contextlib.suppress(InputError):  # the engine tells all that is wrong
        resolve_model(project.model.source, path.resolve().parent, told)
    engine, control = LocalEngine(), Control()
    return _follow(engine, engine.run(project, path, out, control), control, texts, as_json=as_json)


def resume_run(run: Path, how: GoOn, *, as_json: bool) -> int:
    """Go on with a run and show how it goes; return the exit status.

    Raises:
        InputError: there is nothing to go on from, or something has changed since it began.
    """
    engine, control = LocalEngine(), Control()
    events = engine.resume(run, control, how)
    return _follow(engine, events, control, [], as_json=as_json)


def _follow(engine: LocalEngine, events: Iterator[Event], control: Control, texts: list[str], *, as_json: bool) -> int:
    """Show a run's events and its end; return the exit status."""
    try:
        with _interrupt_finishes(control):
            told = _answering(events, control, ask=not as_json and sys.stdin.isatty())
            history = _print_json(told) if as_json else _show_progress(told)
    except KeyboardInterrupt:
        if engine.folder is not None:
            print(f'Broken off. Go on with it: thaw resume "{engine.folder.path}"', file=sys.stderr)
        raise
    finished = history.finished
    if finished is None:
        if history.status is RunStatus.PUT_ASIDE and engine.folder is not None:
            print(f'Put aside. Go on with it: thaw resume "{engine.folder.path}"', file=sys.stderr)
        return EXIT_STOPPED
    if not as_json:
        _show_summary(finished, texts)
    return EXIT_STOPPED if history.status is RunStatus.STOPPED else EXIT_DONE


@contextlib.contextmanager
def _interrupt_finishes(control: Control) -> Iterator[None]:
    """Let the first Ctrl-C ask for the end of the run; a second one breaks it off."""

    def finish(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nStopping after this step; the best so far is kept. Ctrl-C again breaks off.", file=sys.stderr)
        control.finish_now()

    before = signal.signal(signal.SIGINT, finish)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _answering(events: Iterator[Event], control: Control, *, ask: bool) -> Iterator[Event]:
    """Yield a run's events. Where it is held, ask whether to try again; where nobody can answer, put it aside."""
    for event in events:
        yield event
        if isinstance(event, RunHeld):
            if ask:
                input()  # a prompt would be painted over by the bar, so the event's line tells what to press
                control.go_on()
            else:
                control.put_aside()


def _print_json(events: Iterator[Event]) -> RunHistory:
    history = RunHistory()
    for event in events:
        history.apply(event)
        print(format_event(event), flush=True)
    return history


def _show_progress(events: Iterator[Event]) -> RunHistory:
    history = RunHistory()
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Preparing", total=None, facts="")
        for event in events:
            history.apply(event)
            line = _describe(event, history)
            if line:
                progress.console.print(line, markup=False)
            if isinstance(event, WorkProgress):
                progress.update(bar, description=event.work, completed=event.done, total=event.total)
            elif isinstance(event, StageStarted):
                progress.reset(
                    bar, description=f'Stage "{escape(event.name)}"', total=history.total_steps, completed=event.step
                )
            elif isinstance(event, StepFinished):
                progress.update(bar, completed=event.step, total=history.total_steps, facts=f"loss {event.loss:.4f}")
    return history


def _describe(event: Event, history: RunHistory) -> str:
    """Return an event as a line, or nothing where it is not worth one."""
    if isinstance(event, RunStarted):
        rows = f"{event.train_rows:,} rows to learn from, {event.validation_rows:,} to judge by"
        return f"{rows}, {len(event.labels)} classes; {event.device}, {event.precision}"
    if isinstance(event, RunResumed):
        return f"Going on from step {event.step:,}"
    if isinstance(event, PrecisionChosen):
        speeds = ", ".join(f"{name} {seconds * 1000:.0f} ms a step" for name, seconds in event.seconds.items())
        return f"Precision: {event.precision} ({speeds or 'the others are far slower on this processor'})"
    if isinstance(event, PoolingChosen):
        scores = ", ".join(f"{name} {score:.3f}" for name, score in event.scores.items())
        return f"Pooling: {event.pooling} ({scores})"
    if isinstance(event, ProbeFinished):
        return f"Linear probe on the frozen model: {_metrics(event.metrics)}"
    if isinstance(event, PretrainedMeasured):
        return f"The model as it came: {_metrics(event.metrics)}"
    if isinstance(event, PretrainingFinished):
        before = event.before.get("perplexity", float("nan"))
        return f"Read texts of the field: perplexity {before:.1f} -> {event.metrics['perplexity']:.1f}"
    if isinstance(event, StageStarted):
        share = event.trained_parameters / event.total_parameters
        learning = f"{event.trained_parameters:,} parameters learn ({share:.1%})"
        return f'Stage {len(history.bands)} "{event.name}": {learning}, learning rate {event.learning_rate:g}'
    if isinstance(event, StageChanged):
        return f"  changed: {event.trained_parameters:,} parameters learn, learning rate {event.learning_rate:g}"
    if isinstance(event, EvaluationFinished):
        mark = "  best so far" if event.is_best else ""
        return f"  epoch {event.epoch:g}, step {event.step:,}: {_metrics(event.metrics)}{mark}"
    if isinstance(event, PinnedAnswered):
        return "\n".join(f"    {_short(one.fields)} -> {_one_line(one.answer)}" for one in event.answers)
    if isinstance(event, RunHeld):
        answers = "Press Enter to try again, or Ctrl-C twice to leave the run as it was last saved."
        return " ".join((event.what, event.why, event.remedy, answers))
    if isinstance(event, BestRestored):
        return f"Back to the best weights, those of step {event.step:,}"
    if isinstance(event, StageFinished) and event.reason != "epochs":
        return f"  stage ended: {event.reason.replace('_', ' ')}"
    return f"Note: {event.message}" if isinstance(event, RunWarning) else ""


def _short(fields: dict[str, str]) -> str:
    """Return the texts of a row as one short line."""
    return shorten(" / ".join(filter(None, fields.values())), SHOWN_LETTERS, placeholder=" ...")


def _one_line(text: str) -> str:
    return " ".join(text.split()) or "(nothing)"


def _metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def _show_summary(finished: RunFinished, texts: list[str]) -> None:
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if texts:
        started = time.monotonic()
        predictor = Predictor.load(Path(finished.folder))
        predictions = predictor.predict(texts[:TRIED_TEXTS])
        console.print(f"\nTried on {len(predictions)} sentences ({time.monotonic() - started:.1f} s):")
        print_predictions(predictions)
    best = finished.best
    lines = {
        "Best": f'{best.metric} {best.value:.4f} (stage "{best.stage}", step {best.step:,})',
        "Time": f"{finished.seconds:.0f} s",
        "Run folder": finished.folder,
        "Try it": f'thaw predict "{finished.folder}" "your text"',
        "Open it": f'thaw "{finished.folder}"',
    }
    console.print()
    for name, text in lines.items():
        console.print(f"{name:<12}{text}", markup=False)
