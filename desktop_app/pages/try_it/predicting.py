"""Asking a loaded model, for one row of texts or for all of a file. No Qt; runs in background threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from desktop_app.core_access import Core, TextPredictor
from trainer_core.data.roles import Fields, Role
from trainer_core.inference.prediction import EvaluationReport, Prediction
from trainer_core.inference.written import Message, WritingEnd, WritingSettings, Written
from trainer_core.results.predictions import write_predictions
from trainer_core.runs.folder import RunFolder

ROWS_AT_ONCE = 32
"""Rows of a file that are predicted before a typed one gets its turn; one, where an answer is a whole text."""
TURN_SECONDS = 0.1
"""How often one who waits for the model looks whether it is still worth it."""
ORIGINAL = "original"
"""The version of a run's model before its first step."""
LANGUAGE_MODEL = "language_model"
"""The task whose models go on with a text, and know of no messages."""


class Cancelled(Exception):
    """The user gave up waiting for a file."""


class LoadedRun:
    """The model of one run, which several threads may ask; one of them at a time.

    Attributes:
        run: whose model it is.
        version: which checkpoint of the run; another one is best later while the run is under way.
        writes: whether its answers are texts that it writes.
        goes_on: whether it goes on with a text, where others answer messages.
    """

    def __init__(self, run: RunFolder, version: str, predictor: TextPredictor) -> None:
        self.run = run
        self.version = version
        self.writes = predictor.writes
        self.goes_on = self.writes and run.load_plan().task == LANGUAGE_MODEL
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

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Callable[[str], bool]) -> Written:
        """Write the next message of a conversation; see ``TextPredictor``. Who waits for the model can stop, too."""
        while not self._lock.acquire(timeout=TURN_SECONDS):
            if not say(""):
                return Written("", 0, 0.0, WritingEnd.STOPPED)
        try:
            return self._predictor.converse(messages, settings, say)
        finally:
            self._lock.release()


def load_run(core: Core, run: RunFolder) -> LoadedRun:
    """Load the best of a run.

    Raises:
        InputError: there is nothing to load.
    """
    version = checkpoint_version(run)
    return LoadedRun(run, version, core.load_predictor(run.path))


def load_original(core: Core, run: RunFolder) -> LoadedRun:
    """Load the model of a run as it was before it learnt.

    Raises:
        InputError: it had no answers then, or is gone.
    """
    return LoadedRun(run, ORIGINAL, core.load_original(run.path))


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
    iterator, done, at_once = iter(rows), 0, 1 if loaded.writes else ROWS_AT_ONCE
    while some := list(itertools.islice(iterator, at_once)):
        if cancelled.is_set():
            raise Cancelled
        yield from loaded.predict(some)
        done += len(some)
        tell(done)
