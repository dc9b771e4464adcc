"""Asking a loaded model, for one row of texts or for all of a file. No Qt; runs in background threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from desktop_app.core_access import Core, TextPredictor
from trainer_core.data.roles import Fields, Role
from trainer_core.inference.prediction import EvaluationReport, Prediction
from trainer_core.results.predictions import write_predictions
from trainer_core.runs.folder import RunFolder

ROWS_AT_ONCE = 32
"""Rows of a file that are predicted before a typed one gets its turn."""


class Cancelled(Exception):
    """The user gave up waiting for a file."""


class LoadedRun:
    """The model of one run, which several threads may ask; one of them at a time.

    Attributes:
        run: whose model it is.
        version: which checkpoint of the run; another one is best later while the run is under way.
    """

    def __init__(self, run: RunFolder, version: str, predictor: TextPredictor) -> None:
        self.run = run
        self.version = version
        self._predictor = predictor
        self._lock = threading.Lock()

    @property
    def columns(self) -> Mapping[Role, str]:
        """The columns of the texts that the model reads, by role, in their order."""
        return self._predictor.columns

    def predict(self, rows: Sequence[Fields]) -> list[Prediction]:
        """Return one prediction a row."""
        with self._lock:
            return self._predictor.predict(rows)

    def evaluate(self, file: Path) -> EvaluationReport:
        """Measure the model on a file with the right answers."""
        with self._lock:
            return self._predictor.evaluate(file)


def load_run(core: Core, run: RunFolder) -> LoadedRun:
    """Load the best of a run.

    Raises:
        InputError: there is nothing to load.
    """
    version = checkpoint_version(run)
    return LoadedRun(run, version, core.load_predictor(run.path))


def can_be_tried(run: RunFolder) -> bool:
    """Whether a run has weights to load."""
    return run.best_file.is_file() or run.model.is_dir()


def checkpoint_version(run: RunFolder) -> str:
    """Return what tells the weights that would be loaded now from those of an earlier moment."""
    best = run.best_file.read_text(encoding="utf-8").strip() if run.best_file.is_file() else ""
    return f"{best} {run.model.is_dir()}"


def predict_file(
    core: Core,
    loaded: LoadedRun,
    source: Path,
    target: Path,
    *,
    tell: Callable[[int, int], None],
    cancelled: threading.Event,
) -> int:
    """Predict every row of a file into another one, which appears whole.

    Args:
        core: opens the file.
        loaded: the model.
        source: the file with texts.
        target: where the predictions go; one that is there is replaced.
        tell: called with how many rows are done, and of how many.
        cancelled: set when the user gave up.

    Returns:
        How many rows there were.

    Raises:
        InputError: a file cannot be read or written.
        Cancelled: the user gave up; nothing was written.
    """
    opened = core.open_predictable(source, loaded.columns)
    answers = _answers(loaded, opened.rows, lambda done: tell(done, opened.total), cancelled)
    return write_predictions(answers, target, overwrite=True)


def _answers(
    loaded: LoadedRun, rows: Iterable[Fields], tell: Callable[[int], None], cancelled: threading.Event
) -> Iterator[Prediction]:
    iterator, done = iter(rows), 0
    while some := list(itertools.islice(iterator, ROWS_AT_ONCE)):
        if cancelled.is_set():
            raise Cancelled
        yield from loaded.predict(some)
        done += len(some)
        tell(done)
