"""A training core made of plain values: small report, six-block model, scripted engine and predictor. No torch."""

from __future__ import annotations

import errno
import math
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from desktop_app.core_access import OpenRows
from trainer_core.data.report import ColumnInfo, ColumnRole, DataReport, Finding, Severity, SplitInfo
from trainer_core.engines.base import PLAINLY, GoOn
from trainer_core.forecast.contract import MachineFacts, RowFacts
from trainer_core.forecast.guess import guess_device
from trainer_core.inference.prediction import OpenTexts, Prediction
from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree
from trainer_core.models.facts import ModelFacts, StarterModel
from trainer_core.models.foreign_code import CodeFile, ModelCode
from trainer_core.project.schema import DataSection, Project
from trainer_core.runs.folder import RunFolder, create_run_folder
from trainer_core.runs.journal import Journal, read_journal
from trainer_core.runs.lock import hold_run
from trainer_core.runs.place import runs_place
from trainer_core.stages.changes import ChangeWish
from trainer_core.stages.plan import DataPlan, RunPlan, StagePlan, resolve_stages
from trainer_core.training.control import Control, Discarded, PutAside, Wish, heed
from trainer_core.training.events import (
    Best,
    BestRestored,
    CheckpointSaved,
    EvaluationFinished,
    Event,
    PoolingChosen,
    ProbeFinished,
    RunContinued,
    RunDiscarded,
    RunFailed,
    RunFinished,
    RunPaused,
    RunPutAside,
    RunResumed,
    RunStarted,
    StageFinished,
    StageOutline,
    StageStarted,
    StepFinished,
    WorkProgress,
    format_event,
)
from trainer_core.training.holding import until_written

T = TypeVar("T")

LABELS = ("Account", "Billing", "Delivery", "Product", "Returns", "Technical")
SAMPLE = (
    ("I was charged twice for my subscription this month", "Billing"),
    ("My parcel has not arrived and the tracking number does not work", "Delivery"),
    ("How do I change the e-mail address of my account?", "Account"),
    ("The blue one broke after two days, I want my money back", "Returns"),
    ("The app closes as soon as I open the settings", "Technical"),
    ("Does the lamp come with a bulb?", "Product"),
)
START_TIME = 1_780_000_000.0
"""When scripted runs begin, in seconds since the epoch."""


def small_project() -> Project:
    """Return a project on the fake data with the default stages."""
    return Project(data=DataSection(train="tickets.tsv"))


def small_report(*, with_findings: bool = True) -> DataReport:
    """Return a report on 640 tickets of six classes, with a warning or two."""
    shares = dict(zip(LABELS, (120, 132, 98, 84, 90, 52), strict=True))
    findings = (
        Finding(
            Severity.WARNING,
            "tickets.tsv",
            'The label "Billling" looks like "Billing" (3 rows).',
            "Correct the spelling in the file, or keep both classes.",
            rows=(17, 203, 411),
            example="I was billed for something I did not order",
        ),
        Finding(
            Severity.WARNING,
            "tickets.tsv",
            "8 rows have the same text as another row.",
            "Remove them, so that validation stays honest.",
            rows=(5, 9, 77),
            example="Where is my parcel?",
        ),
    )
    return DataReport(
        columns=(
            ColumnInfo("id", 0, ColumnRole.IGNORE, True, ("1", "2", "3")),
            ColumnInfo("text", 1, ColumnRole.TEXT, True, tuple(text for text, _ in SAMPLE[:3])),
            ColumnInfo("category", 2, ColumnRole.LABEL, True, tuple(label for _, label in SAMPLE[:3])),
        ),
        splits=(
            SplitInfo("train", 576, shares),
            SplitInfo("validation", 64, dict.fromkeys(LABELS, 10) | {"Billing": 14}),
        ),
        labels=LABELS,
        findings=findings if with_findings else (),
        majority_baseline=0.219,
        sample=SAMPLE,
        header=True,
    )


def small_tree(labels: int = len(LABELS), hidden: int = 384, blocks: int = 6) -> LayerTree:
    """Return the layers of a BERT-like model with a head."""
    specs = [
        ParameterSpec("embeddings.word_embeddings.weight", (30_522, hidden)),
        ParameterSpec("embeddings.position_embeddings.weight", (512, hidden)),
        ParameterSpec("embeddings.token_type_embeddings.weight", (2, hidden)),
        *_norm("embeddings.LayerNorm", hidden),
    ]
    for block in range(blocks):
        path = f"encoder.layer.{block}"
        for name in ("query", "key", "value"):
            specs += _linear(f"{path}.attention.self.{name}", hidden, hidden)
        specs += _linear(f"{path}.attention.output.dense", hidden, hidden)
        specs += _norm(f"{path}.attention.output.LayerNorm", hidden)
        specs += _linear(f"{path}.intermediate.dense", 4 * hidden, hidden)
        specs += _linear(f"{path}.output.dense", hidden, 4 * hidden)
        specs += _norm(f"{path}.output.LayerNorm", hidden)
    specs += _linear("head.out", labels, hidden)
    return build_layer_tree(specs)


def _linear(path: str, out: int, width: int) -> list[ParameterSpec]:
    return [ParameterSpec(f"{path}.weight", (out, width)), ParameterSpec(f"{path}.bias", (out,))]


def _norm(path: str, width: int) -> list[ParameterSpec]:
    return [ParameterSpec(f"{path}.weight", (width,)), ParameterSpec(f"{path}.bias", (width,))]


def small_code(folder: Path = Path("/models/own")) -> ModelCode:
    """Return the code of a model that brings two files of it."""
    files = (CodeFile("configuration_own.py", "A = 1\n"), CodeFile("modeling_own.py", "B = '\u202e'\n"))
    return ModelCode(folder, files, "0" * 64)


def small_facts(labels: int = len(LABELS)) -> ModelFacts:
    """Return the facts of the fake model."""
    return ModelFacts(
        source="starter:all-MiniLM-L6-v2",
        folder=Path("/models/all-MiniLM-L6-v2"),
        family="bert",
        hidden_size=384,
        max_positions=512,
        vocabulary=30_522,
        bytes=90_868_376,
        tree=small_tree(labels),
        licence="Apache-2.0",
    )


def small_machine(*, free_bytes: int = 16_000_000_000) -> MachineFacts:
    """Return what was measured of the fake model on rows of 6 to 44 tokens."""
    device = guess_device(small_tree(), 384).model_copy(update={"measured": True})
    return MachineFacts(device, RowFacts(576, 64, tuple(range(6, 45)), counted=True), free_bytes)


def small_starters() -> list[StarterModel]:
    """Return two starter models."""
    return [_starter("all-MiniLM-L6-v2", 22_713_216, "English, quick"), _starter("tiny-bert", 4_385_920, "trying out")]


def _starter(name: str, parameters: int, good_for: str) -> StarterModel:
    return StarterModel(
        name=name,
        package=f"thaw-{name}",
        version="1.0",
        module=name.replace("-", "_"),
        path="model",
        weights="model.safetensors",
        sha256="0" * 64,
        parameters=parameters,
        licence="Apache-2.0",
        languages=("en",),
        family="bert",
        good_for=good_for,
    )


def small_plan(project: Project | None = None, project_file: str = "/projects/tickets.thaw") -> RunPlan:
    """Return a run plan on the fake data and model."""
    project = project or small_project()
    tree = small_tree()
    return RunPlan(
        project=project,
        project_file=project_file,
        project_sha256="",
        model_folder="/models/all-MiniLM-L6-v2",
        model_sha256="0" * 64,
        data=DataPlan(
            train="/projects/tickets.tsv",
            train_sha256="0" * 64,
            validation=None,
            validation_sha256=None,
            train_rows=576,
            validation_rows=64,
            labels=LABELS,
            text_column="text",
        ),
        device="cpu",
        total_parameters=tree.parameter_count,
        stages=resolve_stages(project, tree, 576),
    )


def scripted_events(plan: RunPlan | None = None, folder: str = "", *, scale: float = 1.0) -> Iterator[Event]:
    """Yield the events of a run that goes well: falling loss, rising score, three stages. Nothing is random.

    Args:
        plan: whose stages run; the default one's otherwise.
        folder: what the last event names as run folder.
        scale: factor on the scores, so that two runs differ.
    """
    plan = plan or small_plan()
    yield from _opening(plan, scale)
    step, total, best = 0, plan.steps, Best(metric="macro_f1", value=0.81 * scale, step=0, stage="probe")
    for number, stage in enumerate(plan.stages):
        if number and stage.start_from == "best":
            yield BestRestored(step=best.step, stage=number, time=_time(step))
        yield _stage_started(number, stage, step, plan)
        for epoch in range(stage.epochs):
            for i in range(stage.steps_per_epoch):
                step += 1
                yield _step(step, number, epoch + (i + 1) / stage.steps_per_epoch, stage, total)
            metrics = _metrics(0.81 + 0.15 * (1 - math.exp(-2.5 * step / total)), scale)
            value, seconds = metrics["macro_f1"], 0.4
            is_best = value > best.value
            if is_best:
                best = Best(metric="macro_f1", value=value, step=step, stage=stage.name)
            yield EvaluationFinished(
                step=step,
                stage=number,
                epoch=epoch + 1,
                metrics=metrics,
                seconds=seconds,
                is_best=is_best,
                time=_time(step),
            )
            path = f"checkpoints/step-{step:08d}"
            yield CheckpointSaved(step=step, stage=number, path=path, bytes=2_400_000, best=is_best, time=_time(step))
        yield StageFinished(stage=number, name=stage.name, step=step, reason="epochs", time=_time(step))
    yield RunFinished(
        folder=folder, seconds=_time(step) - START_TIME, best=best, metrics=_metrics(best.value, 1.0), time=_time(step)
    )


def _outlines(plan: RunPlan) -> list[StageOutline]:
    return [
        StageOutline(
            name=stage.name,
            epochs=stage.epochs,
            steps=stage.steps,
            trained_parameters=stage.trained_parameters,
            total_parameters=plan.total_parameters,
        )
        for stage in plan.stages
    ]


def _opening(plan: RunPlan, scale: float) -> Iterator[Event]:
    yield RunStarted(
        task=plan.task,
        device="cpu",
        precision="float32",
        seed=plan.seed,
        train_rows=plan.data.train_rows,
        validation_rows=plan.data.validation_rows,
        labels=list(plan.data.labels),
        stages=_outlines(plan),
        metric=plan.training.metric,
        baselines={"accuracy": 0.219, "macro_f1": 0.06},
        time=START_TIME,
    )
    for done in (0, 288, 576):
        yield WorkProgress(work="Reading the texts once through the frozen body", done=done, total=576, time=START_TIME)
    yield PoolingChosen(pooling="mean", scores={"mean": 0.81, "cls": 0.74}, time=START_TIME)
    probe = _metrics(0.81, scale)
    yield ProbeFinished(metrics=probe, seconds=0.3, inverse_regularisation=1.0, time=START_TIME)


def _stage_started(number: int, stage: StagePlan, step: int, plan: RunPlan) -> StageStarted:
    return StageStarted(
        stage=number,
        name=stage.name,
        step=step,
        trained_parameters=stage.trained_parameters,
        total_parameters=plan.total_parameters,
        learning_rate=stage.learning_rate,
        start_from=stage.start_from,
        time=_time(step),
    )


def _step(step: int, number: int, epoch: float, stage: StagePlan, total: int) -> StepFinished:
    wave = 0.06 * math.sin(1.7 * step) + 0.04 * math.sin(0.61 * step)
    return StepFinished(
        step=step,
        stage=number,
        epoch=epoch,
        loss=0.12 + 1.5 * math.exp(-3.2 * step / total) * (1 + wave) + 0.02 * abs(wave),
        learning_rate=stage.learning_rate * (1 - 0.9 * epoch / stage.epochs),
        gradient_norm=0.5 + abs(wave) * 4,
        rows=32,
        tokens=960,
        seconds=0.25,
        time=_time(step),
    )


def _metrics(value: float, scale: float) -> dict[str, float]:
    score = value * scale
    return {"macro_f1": score, "accuracy": min(1.0, score + 0.012), "loss": 1.4 * (1 - score) + 0.08}


def _time(step: int) -> float:
    return START_TIME + 2 + 0.25 * step


def _is_before(event: Event, step: int) -> bool:
    """Whether a scripted event tells of what was saved at a step."""
    if isinstance(event, RunFinished | RunFailed | RunPutAside | RunPaused | RunContinued):
        return False
    if isinstance(event, StageStarted | BestRestored):
        return event.step < step
    return getattr(event, "step", 0) <= step


class FakeEngine:
    """Plays the scripted run into a real run folder.

    Attributes:
        error: raised before anything is written, as an input error is; going on anyway passes it by.
        fails_at: the step after which the run fails.
        full_at: the step after which the disk is full, until somebody tries again.
        hold_at: the step after which it waits until ``release`` or until the end is wished.
        holding: set while it waits.
        changes: what was wished of a running stage.
        gone_on: how runs were gone on with, in order.
        folder: the folder of the run under way or of the last one; None until it exists.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.fails_at: int | None = None
        self.full_at: int | None = None
        self.hold_at: int | None = None
        self.changes: list[ChangeWish] = []
        self.holding = threading.Event()
        self.folder: RunFolder | None = None
        self.gone_on: list[GoOn] = []
        self._released = threading.Event()

    def release(self) -> None:
        """Go on after ``hold_at``."""
        self._released.set()

    def run(self, project: Project, project_file: Path, runs: Path | None, control: Control) -> Iterator[Event]:
        """Write the run folder and yield every event, each in the journal before."""
        if self.error is not None:
            raise self.error
        plan = small_plan(project, str(project_file))
        folder = create_run_folder(runs or runs_place(project_file), "-".join(stage.name for stage in plan.stages))
        folder.save_plan(plan)
        self.folder = folder
        yield from self._kept(folder, self._events(plan, folder, control))

    def resume(self, run: Path, control: Control, how: GoOn = PLAINLY) -> Iterator[Event]:
        """Play the rest of the scripted run, from the step that ``last`` names."""
        self.gone_on.append(how)
        if self.error is not None and not how.anyway:
            raise self.error
        folder = RunFolder(run)
        self.folder = folder
        plan, step = folder.load_plan(), folder.last_step or 0
        if how.epochs:
            plan = plan.longer(how.epochs)
        folder.save_plan(plan.with_rates(how.rate_factor, 0))
        kept = [event for event in read_journal(folder.journal_file) if _is_before(event, step)]
        folder.journal_file.write_text("".join(format_event(event) + "\n" for event in kept), encoding="utf-8")
        yield from self._kept(folder, self._rest(plan, folder, control, step))

    def _rest(self, plan: RunPlan, folder: RunFolder, control: Control, step: int) -> Iterator[Event]:
        yield RunResumed(step=step, stages=_outlines(plan))
        for event in self._events(plan, folder, control):
            if not _is_before(event, step):
                yield event

    def _kept(self, folder: RunFolder, events: Iterator[Event]) -> Iterator[Event]:
        try:
            with hold_run(folder), Journal(folder.journal_file) as journal:
                for event in events:
                    journal.append(event)
                    if isinstance(event, CheckpointSaved):
                        name = Path(event.path).name
                        folder.last_file.write_text(name, encoding="utf-8")
                        if event.best:
                            folder.best_file.write_text(name, encoding="utf-8")
                    yield event
        except PutAside:
            ended = RunPutAside(folder=str(folder.path), step=folder.load_history().step)
            with Journal(folder.journal_file) as journal:
                journal.append(ended)
            yield ended
        except Discarded:
            shutil.rmtree(folder.path)
            yield RunDiscarded(folder=str(folder.path))

    def _events(self, plan: RunPlan, folder: RunFolder, control: Control) -> Iterator[Event]:
        best = Best(metric="macro_f1", value=0.81, step=0, stage="probe")
        for event in scripted_events(plan, str(folder.path)):
            yield event
            if isinstance(event, EvaluationFinished) and event.is_best:
                value = event.metrics["macro_f1"]
                best = Best(metric="macro_f1", value=value, step=event.step, stage=plan.stages[event.stage].name)
            if not isinstance(event, StepFinished):
                continue
            if event.step == self.fails_at:
                yield RunFailed(what="The memory is full.", why="64 MB were wished.", remedy="Halve the batch size.")
                return
            if event.step == self.hold_at:
                self._wait(control)
            if event.step == self.full_at:
                yield from until_written(control, event.step, self._write_once_full)
            self.changes.extend(control.take_changes())
            yield from heed(control, event.step)
            if control.wish is Wish.FINISH:
                name = plan.stages[event.stage].name
                yield StageFinished(stage=event.stage, name=name, step=event.step, reason="stopped")
                metrics = _metrics(best.value, 1.0)
                yield RunFinished(folder=str(folder.path), seconds=3.0, best=best, metrics=metrics, stopped=True)
                return

    def _write_once_full(self) -> None:
        if self.full_at is not None:
            self.full_at = None
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/runs/today/checkpoints")

    def _wait(self, control: Control) -> None:
        self.holding.set()
        while not self._released.wait(0.01):
            if control.wish is not Wish.GO_ON:
                break
        self.holding.clear()


class FakePredictor:
    """Gives the most to the class whose name starts with the letter that the text has most often."""

    labels = LABELS

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction a text; the same text always gets the same answer."""
        return [self._predict(text) for text in texts]

    def _predict(self, text: str) -> Prediction:
        weights = {label: 1.0 + 4.0 * text.lower().count(label[0].lower()) for label in self.labels}
        total = sum(weights.values())
        shares = {label: weights[label] / total for label in sorted(weights, key=lambda label: -weights[label])}
        return Prediction(text, next(iter(shares)), shares, truncated=len(text) > 600)


@dataclass
class FakeCore:
    """Implements ``desktop_app.core_access.Core``; set an attribute to an exception to make a call fail.

    Attributes:
        report: what ``examine_data`` returns, or raises.
        rows: what ``open_rows`` finds, or raises.
        facts: what ``inspect_model`` returns, or raises.
        machine: what ``measure_speed`` returns, or raises.
        predictor: what ``load_predictor`` returns, or raises.
        calls: the names of the calls made, in order.
        converted: where from and where to models were converted.
        conversion: what ``convert_model`` raises, where it shall.
        code: what ``read_code`` returns, or raises.
        allowed: the code that was allowed to run.
        allowing: what ``allow_code`` raises, where it shall.
        label_counts: the number of classes that each ``inspect_model`` was asked with, in order.
    """

    report: DataReport | Exception = field(default_factory=small_report)
    rows: Sequence[tuple[str, str]] | Exception = SAMPLE * 100
    facts: ModelFacts | Exception = field(default_factory=small_facts)
    machine: MachineFacts | Exception = field(default_factory=small_machine)
    predictor: FakePredictor | Exception = field(default_factory=FakePredictor)
    starters: list[StarterModel] = field(default_factory=small_starters)
    training: FakeEngine = field(default_factory=FakeEngine)
    calls: list[str] = field(default_factory=list)
    label_counts: list[int] = field(default_factory=list)
    converted: list[tuple[Path, Path]] = field(default_factory=list)
    conversion: Exception | None = None
    code: ModelCode | Exception = field(default_factory=small_code)
    allowed: list[ModelCode] = field(default_factory=list)
    allowing: Exception | None = None

    def warm_up(self) -> None:
        """Do nothing; the real core imports the heavy libraries here."""
        self.calls.append("warm_up")

    def examine_data(self, project: Project, folder: Path) -> DataReport:
        """Return the report."""
        self.calls.append("examine_data")
        return _or_raise(self.report)

    def open_rows(self, project: Project, folder: Path) -> OpenRows:
        """Return the rows; those of the file begin below its header."""
        self.calls.append("open_rows")
        return OpenRows(_or_raise(self.rows), lambda place: place + 2)

    def inspect_model(self, project: Project, folder: Path, label_count: int) -> ModelFacts:
        """Return the facts."""
        self.calls.append("inspect_model")
        self.label_counts.append(label_count)
        return _or_raise(self.facts)

    def convert_model(self, source: Path, target: Path) -> None:
        """Note where from and where to."""
        self.calls.append("convert_model")
        self.converted.append(_or_raise(self.conversion or (source, target)))

    def read_code(self, folder: Path) -> ModelCode:
        """Return the code."""
        self.calls.append("read_code")
        return _or_raise(self.code)

    def allow_code(self, code: ModelCode) -> None:
        """Note what was allowed."""
        self.calls.append("allow_code")
        self.allowed.append(_or_raise(self.allowing or code))

    def measure_speed(self, project: Project, folder: Path) -> MachineFacts:
        """Return the machine."""
        self.calls.append("measure_speed")
        return _or_raise(self.machine)

    def starter_models(self) -> list[StarterModel]:
        """Return the starter models."""
        self.calls.append("starter_models")
        return self.starters

    def load_predictor(self, run_or_model: Path) -> FakePredictor:
        """Return the predictor."""
        self.calls.append("load_predictor")
        return _or_raise(self.predictor)

    def open_texts(self, file: Path, column: str) -> OpenTexts:
        """Return the lines of a file."""
        self.calls.append("open_texts")
        texts = file.read_text(encoding="utf-8").splitlines()
        return OpenTexts(len(texts), texts)

    def engine(self) -> FakeEngine:
        """Return the scripted engine."""
        return self.training


def _or_raise(value: T | Exception) -> T:
    if isinstance(value, Exception):
        raise value
    return value
