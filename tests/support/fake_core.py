"""A training core of plain values: small reports, a six-block model, a scripted engine and a predictor. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from desktop_app.core_access import TextPredictor, TrainingRows
from tests.support.fake_engine import FakeEngine
from tests.support.small import small_code, small_facts, small_machine, small_starters
from tests.support.small_data import LABELS, SAMPLE, small_report, small_tasks
from trainer_core.data.reading import Reading
from trainer_core.data.report import DataReport, Finding
from trainer_core.data.roles import Fields, Role
from trainer_core.errors import InputError
from trainer_core.forecast.contract import MachineFacts
from trainer_core.inference.prediction import ClassPrediction, EvaluationReport, OpenRows, Prediction
from trainer_core.inference.written import Message, WritingEnd, WritingSettings, Written
from trainer_core.models.facts import ModelFacts, StarterModel
from trainer_core.models.foreign_code import ModelCode
from trainer_core.project.schema import Project
from trainer_core.results.verdicts import Judgement, keep_verdicts, load_verdicts
from trainer_core.runs.folder import RunFolder
from trainer_core.tasks.facts import TaskFacts

T = TypeVar("T")


@dataclass
class FakePredictor:
    """Gives the most to the class whose name starts with the letter that the texts have most often.

    Attributes:
        columns: of the texts that a row has.
        labels: the classes.
        words: what it writes, piece by piece, where it writes.
        asked: what it was asked to answer, and how.
    """

    columns: Mapping[Role, str] = field(default_factory=lambda: {Role.TEXT: "text"})
    labels: tuple[str, ...] = LABELS
    words: tuple[str, ...] = ()
    asked: list[tuple[list[Message], WritingSettings]] = field(default_factory=list)

    def predict(self, rows: Sequence[Fields]) -> list[Prediction]:
        """Return one prediction a row; the same row always gets the same answer."""
        return [self._predict(fields) for fields in rows]

    @property
    def writes(self) -> bool:
        """Whether something is to be written."""
        return bool(self.words)

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Callable[[str], bool]) -> Written:
        """Say the words, until nobody listens."""
        self.asked.append((list(messages), settings))
        said: list[str] = []
        for word in self.words:
            said.append(word)
            if not say(word):
                return Written("".join(said), len(said), 0.5, WritingEnd.STOPPED)
        return Written("".join(said), len(said), 0.5, WritingEnd.DONE)

    def evaluate(self, file: Path) -> EvaluationReport:
        """Return figures of the labels, the better the earlier they stand; a file that is not there is refused."""
        if not file.is_file():
            raise InputError.one(file, "There is no such file.", "Choose another file.")
        each = {
            label: {"precision": 0.9 - 0.1 * place, "recall": 0.8, "f1": 0.85 - 0.05 * place, "count": 12.0 + place}
            for place, label in enumerate(self.labels)
        }
        return EvaluationReport(160, {"loss": 0.31, "accuracy": 0.91, "macro_f1": 0.9, "auc": 0.98}, each)

    def _predict(self, fields: Fields) -> Prediction:
        text = " ".join(fields)
        weights = {label: 1.0 + 4.0 * text.lower().count(label[0].lower()) for label in self.labels}
        total = sum(weights.values())
        shares = {label: weights[label] / total for label in sorted(weights, key=lambda label: -weights[label])}
        named = dict(zip(map(str, self.columns), fields, strict=True))
        return ClassPrediction(named, len(text) > 600, next(iter(shares)), shares)


@dataclass
class FakeCore:
    """Implements ``desktop_app.core_access.Core``; set an attribute to an exception to make a call fail.

    Attributes:
        report: what ``examine_data`` returns, or raises.
        rows: what ``open_rows`` finds, or raises.
        tasks: what ``describe_tasks`` returns, or raises.
        facts: what ``inspect_model`` returns, or raises.
        conversion_parts: what ``inspect_model`` tells that it does.
        reading: what ``preview_reading`` returns, or raises.
        noticed: what ``notice_rows`` returns, or raises.
        original: what ``load_original`` returns, or raises.
        machine: what ``measure_speed`` returns, or raises.
        predictor: what ``load_predictor`` returns, or raises.
        calls: the names of the calls made, in order.
        converted: where from and where to models were converted.
        conversion: what ``convert_model`` raises, where it shall.
        code: what ``read_code`` returns, or raises.
        allowed: the code that was allowed to run.
        allowing: what ``allow_code`` raises, where it shall.
        outputs: how many scores a row has, as each ``inspect_model`` was asked with, in order.
    """

    report: DataReport | Exception = field(default_factory=small_report)
    rows: Sequence[Fields] | Exception = SAMPLE * 100
    tasks: list[TaskFacts] | Exception = field(default_factory=small_tasks)
    facts: ModelFacts | Exception = field(default_factory=small_facts)
    reading: Reading | Exception | None = None
    noticed: list[Finding] | Exception = field(default_factory=list)
    conversion_parts: tuple[str, ...] = ()
    original: TextPredictor | Exception = field(default_factory=lambda: FakePredictor())
    machine: MachineFacts | Exception = field(default_factory=small_machine)
    predictor: TextPredictor | Exception = field(default_factory=FakePredictor)
    starters: list[StarterModel] = field(default_factory=small_starters)
    training: FakeEngine = field(default_factory=FakeEngine)
    calls: list[str] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
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

    def open_rows(self, project: Project, folder: Path) -> TrainingRows:
        """Return the rows; those of the file begin below its header."""
        self.calls.append("open_rows")
        return TrainingRows(_or_raise(self.rows), lambda place: place + 2)

    def describe_tasks(self) -> list[TaskFacts]:
        """Return the tasks."""
        self.calls.append("describe_tasks")
        return _or_raise(self.tasks)

    def inspect_model(
        self, project: Project, folder: Path, outputs: int, texts: int, told: Callable[[str, int, int], None]
    ) -> ModelFacts:
        """Return the facts; tell of a conversion where one is wished."""
        for place, what in enumerate(self.conversion_parts):
            told(what, place, len(self.conversion_parts))
        self.calls.append("inspect_model")
        self.outputs.append(outputs)
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

    def load_predictor(self, run_or_model: Path) -> TextPredictor:
        """Return the predictor."""
        self.calls.append("load_predictor")
        return _or_raise(self.predictor)

    def preview_reading(self, project: Project, folder: Path, row: Fields) -> Reading | None:
        """Return the reading."""
        self.calls.append("preview_reading")
        return _or_raise(self.reading)

    def notice_rows(self, project: Project, folder: Path) -> list[Finding]:
        """Return the findings."""
        self.calls.append("notice_rows")
        return _or_raise(self.noticed)

    def load_original(self, run: Path) -> TextPredictor:
        """Return the model as it was before."""
        self.calls.append("load_original")
        return _or_raise(self.original)

    def load_verdicts(self, run: Path) -> list[Judgement]:
        """Return what is kept in the folder."""
        self.calls.append("load_verdicts")
        return load_verdicts(RunFolder(run))

    def keep_verdicts(self, run: Path, changes: Mapping[str, Judgement | None]) -> list[Judgement]:
        """Keep them in the folder."""
        self.calls.append("keep_verdicts")
        return keep_verdicts(RunFolder(run), changes)

    def open_predictable(self, file: Path, columns: Mapping[Role, str]) -> OpenRows:
        """Return the lines of a file, each cut at its tabs."""
        self.calls.append("open_predictable")
        rows = [tuple(line.split("\t")) for line in file.read_text(encoding="utf-8").splitlines()]
        return OpenRows(len(rows), rows)

    def engine(self) -> FakeEngine:
        """Return the scripted engine."""
        return self.training


def _or_raise(value: T | Exception) -> T:
    if isinstance(value, Exception):
        raise value
    return value
