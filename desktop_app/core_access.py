"""The one door from the window to the training core. Heavy modules are imported inside the calls.

Presenters get a ``Core`` passed in, so that tests can hand them a fake. All calls but ``engine`` take long and belong
into a background job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trainer_core.data.reading import Reading
    from trainer_core.data.report import DataReport, Finding
    from trainer_core.data.roles import Fields, Role
    from trainer_core.engines.base import Engine
    from trainer_core.forecast.contract import MachineFacts
    from trainer_core.inference.prediction import EvaluationReport, OpenRows, Prediction
    from trainer_core.inference.written import Message, WritingSettings, Written
    from trainer_core.models.facts import ModelFacts, StarterModel
    from trainer_core.models.foreign_code import ModelCode
    from trainer_core.project.schema import Project
    from trainer_core.results.verdicts import Judgement
    from trainer_core.tasks.facts import TaskFacts

    Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainingRows:
    """Training rows that lie on disk.

    Attributes:
        rows: the cells in use of each; a slice reads from disk, so it belongs into a background job.
        number_of: returns the number of a row in its file, counted from 1; quick.
    """

    rows: Sequence[Fields]
    number_of: Callable[[int], int]


class TextPredictor(Protocol):
    """A loaded model that answers."""

    @property
    def columns(self) -> Mapping[Role, str]:
        """The columns of the texts that a row has, by role, in their order."""
        ...

    def predict(self, rows: Sequence[Fields]) -> list[Prediction]:
        """Return one prediction a row."""
        ...

    @property
    def writes(self) -> bool:
        """Whether the model's answers are texts that it writes."""
        ...

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Callable[[str], bool]) -> Written:
        """Write the next message of a conversation, or go on with a text.

        Args:
            messages: ending with the user's.
            settings: how it writes.
            say: takes what is written while it is, in the calling thread, and returns whether to go on.
        """
        ...

    def evaluate(self, file: Path) -> EvaluationReport:
        """Measure the model on a file with the right answers."""
        ...


class Core(Protocol):
    """What the window needs of the training core."""

    def preview_reading(self, project: Project, folder: Path, row: Fields) -> Reading | None:
        """Return how the project's model will read a row and which of it counts; None where that says nothing."""
        ...

    def notice_rows(self, project: Project, folder: Path) -> list[Finding]:
        """Return what is worth knowing of a project's rows once the model's tokenizer has read them."""
        ...

    def warm_up(self) -> None:
        """Import the heavy libraries."""
        ...

    def examine_data(self, project: Project, folder: Path) -> DataReport:
        """Read the rows of a project and report on them; paths are relative to ``folder``."""
        ...

    def open_rows(self, project: Project, folder: Path) -> TrainingRows:
        """Return all training rows, before any is held out."""
        ...

    def describe_tasks(self) -> list[TaskFacts]:
        """Return what can be learnt: the tasks of this installation."""
        ...

    def inspect_model(self, project: Project, folder: Path, outputs: int, texts: int, told: Told) -> ModelFacts:
        """Find the project's model and return its facts.

        Its weights are not read, unless it has to be converted first; then ``told`` hears of that.
        """
        ...

    def convert_model(self, source: Path, target: Path) -> None:
        """Write a model whose weights are a pickle again, in safetensors, into a new folder."""
        ...

    def read_code(self, folder: Path) -> ModelCode:
        """Return the Python code that a model folder brings; nothing of it is run."""
        ...

    def allow_code(self, code: ModelCode) -> None:
        """Allow code to run from now on, as it was read."""
        ...

    def measure_speed(self, project: Project, folder: Path) -> MachineFacts:
        """Return what a forecast needs of rows and machine; a model that is new to it is measured for some seconds."""
        ...

    def starter_models(self) -> list[StarterModel]:
        """Return the starter models that Thaw knows."""
        ...

    def load_predictor(self, run_or_model: Path) -> TextPredictor:
        """Load the best checkpoint of a run, or a model folder."""
        ...

    def load_original(self, run: Path) -> TextPredictor:
        """Load the model of a run as it was before it learnt; only one that writes can answer then."""
        ...

    def load_verdicts(self, run: Path) -> list[Judgement]:
        """Return what was judged of the answers of a run, oldest first."""
        ...

    def keep_verdicts(self, run: Path, changes: Mapping[str, Judgement | None]) -> list[Judgement]:
        """Keep verdicts with a run, or take them back, by the key of a pair; return all that are kept then."""
        ...

    def open_predictable(self, file: Path, columns: Mapping[Role, str]) -> OpenRows:
        """Return the rows of a file: its lines, or its columns of these names, or the only one it has."""
        ...

    def engine(self) -> Engine:
        """Return the engine that trains in the calling thread."""
        ...


class LocalCore:
    """The real core, in this process."""

    def __init__(self) -> None:
        # Two threads that import transformers for the first time at once may each meet half of it: its package puts
        # another object in its own place while it loads.
        self._imports = threading.Lock()

    def warm_up(self) -> None:
        """Import the heavy libraries."""
        with self._imports:
            import trainer_core.engines.local
            import trainer_core.inference.predictor  # noqa: F401

    def examine_data(self, project: Project, folder: Path) -> DataReport:
        """Read the rows of a project and report on them; paths are relative to ``folder``."""
        with self._imports:
            from trainer_core.data.prepare import examine_data
            from trainer_core.tasks.registry import load_task

            task = load_task(project.task, project.options)
        return examine_data(project, folder, task)

    def open_rows(self, project: Project, folder: Path) -> TrainingRows:
        """Return all training rows, before any is held out."""
        with self._imports:
            from trainer_core.data.prepare import open_rows
            from trainer_core.tasks.registry import load_task

            task = load_task(project.task, project.options)
        rows = open_rows(project, folder, task)
        return TrainingRows(rows, rows.row_number)

    def describe_tasks(self) -> list[TaskFacts]:
        """Return what can be learnt: the tasks of this installation."""
        with self._imports:
            from trainer_core.tasks.registry import describe_tasks

            return describe_tasks()

    def inspect_model(self, project: Project, folder: Path, outputs: int, texts: int, told: Told) -> ModelFacts:
        """Find the project's model and return its facts."""
        with self._imports:
            from trainer_core.models.inspect import inspect_model

        return inspect_model(project, folder, outputs, texts, told)

    def convert_model(self, source: Path, target: Path) -> None:
        """Write a model whose weights are a pickle again, in safetensors, into a new folder."""
        with self._imports:
            from trainer_core.models.convert import convert_pickles

        convert_pickles(source, target)

    def read_code(self, folder: Path) -> ModelCode:
        """Return the Python code that a model folder brings; nothing of it is run."""
        from trainer_core.models.foreign_code import read_code

        return read_code(folder)

    def allow_code(self, code: ModelCode) -> None:
        """Allow code to run from now on, as it was read."""
        from trainer_core.models.foreign_code import allow_code

        allow_code(code)

    def measure_speed(self, project: Project, folder: Path) -> MachineFacts:
        """Return what a forecast needs of rows and machine; a model that is new to it is measured for some seconds."""
        with self._imports:
            from trainer_core.engines.machine import look_up_project

        return look_up_project(project, folder)

    def starter_models(self) -> list[StarterModel]:
        """Return the starter models that Thaw knows."""
        with self._imports:
            from trainer_core.models.starters import load_starters

        return load_starters()

    def load_predictor(self, run_or_model: Path) -> TextPredictor:
        """Load the best checkpoint of a run, or a model folder."""
        with self._imports:
            from trainer_core.inference.predictor import Predictor

        return Predictor.load(run_or_model)

    def preview_reading(self, project: Project, folder: Path, row: Fields) -> Reading | None:
        """Return how the project's model will read a row and which of it counts; None where that says nothing."""
        with self._imports:
            from trainer_core.engines.prepare import preview_reading

        return preview_reading(project, folder, row)

    def notice_rows(self, project: Project, folder: Path) -> list[Finding]:
        """Return what is worth knowing of a project's rows once the model's tokenizer has read them."""
        with self._imports:
            from trainer_core.engines.prepare import notice_rows

        return notice_rows(project, folder)

    def load_original(self, run: Path) -> TextPredictor:
        """Load the model of a run as it was before it learnt."""
        with self._imports:
            from trainer_core.inference.predictor import Predictor

        return Predictor.load_original(run)

    def load_verdicts(self, run: Path) -> list[Judgement]:
        """Return what was judged of the answers of a run, oldest first."""
        from trainer_core.results.verdicts import load_verdicts
        from trainer_core.runs.folder import RunFolder

        return load_verdicts(RunFolder(run))

    def keep_verdicts(self, run: Path, changes: Mapping[str, Judgement | None]) -> list[Judgement]:
        """Keep verdicts with a run, or take them back, by the key of a pair; return all that are kept then."""
        from trainer_core.results.verdicts import keep_verdicts
        from trainer_core.runs.folder import RunFolder

        return keep_verdicts(RunFolder(run), changes)

    def open_predictable(self, file: Path, columns: Mapping[Role, str]) -> OpenRows:
        """Return the rows of a file: its lines, or its columns of these names, or the only one it has."""
        with self._imports:
            from trainer_core.data.texts import open_predictable

        return open_predictable(file, columns)

    def engine(self) -> Engine:
        """Return the engine that trains in the calling thread."""
        with self._imports:
            from trainer_core.engines.local import LocalEngine

        return LocalEngine()
