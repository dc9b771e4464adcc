"""The words, the files and the logic of the Try it page, against a fake view."""

from __future__ import annotations

import csv
import shlex
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from desktop_app.core_access import LocalCore
from desktop_app.pages.base import PageState
from desktop_app.pages.try_it.presenter import NO_RUN, TryItPresenter
from desktop_app.pages.try_it.words import (
    Answer,
)
from desktop_app.workspace import Workspace
from tests.support.fake_core import SAMPLE, FakeCore, FakePredictor
from tests.support.fake_views import FileAnswers
from tests.support.runs import write_run
from trainer_core.data.roles import Fields, Role
from trainer_core.errors import InputError, ThawError
from trainer_core.inference.prediction import (
    EvaluationReport,
    Prediction,
)
from trainer_core.runs.folder import RunFolder

TRAINED = {Role.TEXT: "text"}
TEXT = "bbb"
"""Of the fake model's classes, Billing is the one that begins with this letter."""


class FakeView(QObject):
    """Keeps what the presenter told it."""

    fields_changed = Signal(object)
    run_picked = Signal(int)
    file_wished = Signal()
    evaluation_wished = Signal()
    cancel_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.seen = False
        self.empty = ""
        self.runs: list[str] = []
        self.chosen = -1
        self.fields: list[str] = []
        self.examples: list[Fields] = []
        self.busy = ""
        self.answers: list[Answer | None] = []
        self.error: Exception | None = None
        self.command = ""
        self.progress: list[tuple[int, int]] = []
        self.end = ""
        self.reports: list[tuple[str, EvaluationReport]] = []

    @property
    def answer(self) -> Answer | None:
        return self.answers[-1] if self.answers else None

    def is_seen(self) -> bool:
        return self.seen

    def show_empty(self, text: str) -> None:
        self.empty, self.runs = text, []

    def show_runs(self, titles: Sequence[str], chosen: int) -> None:
        self.empty, self.runs, self.chosen = "", list(titles), chosen

    def show_fields(self, titles: Sequence[str]) -> None:
        self.fields = list(titles)

    def show_examples(self, rows: Sequence[Fields]) -> None:
        self.examples = list(rows)

    def show_busy(self, text: str) -> None:
        self.busy = text

    def show_answer(self, answer: Answer | None) -> None:
        self.answers.append(answer)

    def show_error(self, error: Exception | None) -> None:
        self.error = error

    def show_command(self, command: str) -> None:
        self.command = command

    def show_file_progress(self, done: int, total: int) -> None:
        self.progress.append((done, total))

    def show_file_end(self, text: str) -> None:
        self.end = text

    def show_report(self, name: str, report: EvaluationReport) -> None:
        self.reports.append((name, report))


@pytest.fixture
def view(qtbot: QtBot) -> FakeView:
    return FakeView()


@pytest.fixture
def presenter(view: FakeView, ready: Workspace, questions: FileAnswers) -> TryItPresenter:
    return TryItPresenter(view, ready, questions)


def hold_predictor(core: FakeCore) -> tuple[threading.Event, threading.Event]:
    """Make every prediction wait for the first event; the second tells that one waits."""
    gate, reached = threading.Event(), threading.Event()
    predictor = core.predictor
    assert isinstance(predictor, FakePredictor)
    original = predictor.predict

    def predict(rows: Sequence[Fields]) -> list[Prediction]:
        reached.set()
        gate.wait(10)
        return original(rows)

    predictor.predict = predict  # type: ignore[method-assign]
    return gate, reached


# --- the real core's door to files


def test_a_plain_text_file_is_its_lines_whatever_is_in_them(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text('Short\n\none, two; three\n"quoted\n', encoding="utf-8")
    opened = LocalCore().open_predictable(file, TRAINED)
    assert opened.total == 3
    assert list(opened.rows) == [("Short",), ("one, two; three",), ('"quoted',)]


def test_a_table_gives_the_column_of_training_or_its_only_one(tmp_path: Path) -> None:
    core, file = LocalCore(), tmp_path / "texts.csv"
    file.write_text("id,text\n1,hello there\n2,good bye now\n", encoding="utf-8")
    assert list(core.open_predictable(file, TRAINED).rows) == [("hello there",), ("good bye now",)]
    with pytest.raises(InputError, match="from which the model learnt; its columns are id, text"):
        core.open_predictable(file, {Role.TEXT: "message"})
    (tmp_path / "one.jsonl").write_text('{"body": "hello"}\n', encoding="utf-8")
    assert list(core.open_predictable(tmp_path / "one.jsonl", TRAINED).rows) == [("hello",)]


@pytest.mark.parametrize("content", [None, "", "\n \n"])
def test_a_text_file_that_has_nothing_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "texts.txt"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        LocalCore().open_predictable(file, TRAINED)


# --- presenter


def test_without_a_run_the_page_says_what_to_do(
    presenter: TryItPresenter, view: FakeView, workspace: Workspace
) -> None:
    write_run(workspace.runs_folder, checkpoint=False)
    presenter.look()
    assert view.empty == NO_RUN
    assert presenter.state is PageState.EMPTY


def test_the_model_is_loaded_once_and_answers_what_was_typed(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore, workspace: Workspace
) -> None:
    assert "load_predictor" not in core.calls
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(lambda: view.answer is not None)
    assert view.answer is not None
    assert view.answer.title == "Billing"
    view.fields_changed.emit(("rrr",))
    qtbot.waitUntil(lambda: view.answer is not None and view.answer.title == "Returns")
    assert core.calls.count("load_predictor") == 1
    assert view.busy == ""
    assert presenter.state is PageState.OK


def test_a_model_of_pairs_gets_two_fields_and_answers_when_both_are_filled(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore
) -> None:
    predictor = core.predictor
    assert isinstance(predictor, FakePredictor)
    predictor.columns = {Role.TEXT: "one", Role.SECOND_TEXT: "two"}
    view.seen = True
    presenter.look()
    qtbot.waitUntil(lambda: view.fields == ["Text", "Second text"])
    view.fields_changed.emit((TEXT, ""))
    assert view.answer is None
    view.fields_changed.emit((TEXT, "rrr"))
    qtbot.waitUntil(lambda: view.answer is not None)
    assert shlex.split(view.command)[-2:] == [TEXT, "rrr"]
    assert view.examples == []  # the rows at hand have one text each


def test_typing_quickly_asks_once(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore
) -> None:
    asked: list[Fields] = []
    predictor = core.predictor
    assert isinstance(predictor, FakePredictor)
    original = predictor.predict

    def predict(rows: Sequence[Fields]) -> list[Prediction]:
        asked.extend(rows)
        return original(rows)

    predictor.predict = predict  # type: ignore[method-assign]
    for end in range(1, 8):
        view.fields_changed.emit(("bbbbbbb"[:end],))
    qtbot.waitUntil(lambda: view.answer is not None)
    assert asked == [("bbbbbbb",)]


def test_an_answer_to_an_earlier_text_is_dropped(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore, workspace: Workspace
) -> None:
    gate, reached = hold_predictor(core)
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(reached.is_set)
    view.fields_changed.emit(("",))
    gate.set()
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)
    assert view.answer is None
    reached.clear()
    gate.clear()
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(reached.is_set)
    view.fields_changed.emit(("rrr",))
    gate.set()
    qtbot.waitUntil(lambda: view.answer is not None)
    assert [answer.title for answer in view.answers if answer] == ["Returns"]


def test_a_better_checkpoint_is_loaded_when_there_is_one(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore
) -> None:
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(lambda: view.answer is not None)
    run.best_file.write_text("step-00000036", encoding="utf-8")
    view.fields_changed.emit(("rrr",))
    qtbot.waitUntil(lambda: view.answer is not None and view.answer.title == "Returns")
    assert core.calls.count("load_predictor") == 2


def test_another_run_answers_the_same_text_anew(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore, workspace: Workspace
) -> None:
    other = write_run(workspace.runs_folder, "zzz")
    presenter.look()
    assert view.runs[view.chosen].endswith("zzz")
    view.seen = True
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(lambda: view.answer is not None)
    view.run_picked.emit([path.path for path in workspace.runs()].index(run.path))
    assert workspace.run == run
    assert view.answer is None
    assert str(run.path) in view.command
    qtbot.waitUntil(lambda: view.answer is not None)
    assert core.calls.count("load_predictor") == 2
    assert other.path.name not in view.command


def test_a_model_that_cannot_be_loaded_says_so(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore
) -> None:
    core.predictor = ThawError("The base model is gone.", remedy="Install it again.")
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(lambda: view.error is not None)
    assert presenter.state is PageState.PROBLEM
    assert view.busy == ""
    core.predictor = FakePredictor()
    view.fields_changed.emit((TEXT,))
    qtbot.waitUntil(lambda: view.answer is not None)
    assert view.error is None
    assert presenter.state is PageState.OK


def test_examples_come_from_the_file_or_from_the_rows(
    presenter: TryItPresenter, view: FakeView, workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    assert view.examples == [(text,) for text, _ in SAMPLE]
    (tmp_path / "try.txt").write_text("Where is my parcel?\n", encoding="utf-8")
    workspace.examine_data()
    assert view.examples == [("Where is my parcel?",)]
    qtbot.waitUntil(lambda: not workspace.jobs.is_busy)


def test_a_file_in_a_file_out(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, questions: FileAnswers, tmp_path: Path
) -> None:
    presenter.look()
    view.file_wished.emit()
    assert presenter.state is PageState.BUSY
    qtbot.waitUntil(lambda: view.end != "")
    assert view.error is None
    assert view.end == f"160 predictions were written to {tmp_path / 'out.csv'}"
    assert questions.suggested == tmp_path / "texts_predictions.csv"
    assert view.progress[-1] == (160, 160)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["text", "label", "probability"]
    assert [row[0] for row in rows[1:5]] == ["bbb", "'=1+1", "'@me", "plain"]
    assert rows[1][1] == "Billing"
    assert presenter.state is PageState.OK


def test_a_file_that_is_there_is_replaced_only_when_allowed(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, questions: FileAnswers, tmp_path: Path
) -> None:
    presenter.look()
    target = tmp_path / "out.csv"
    target.write_text("precious", encoding="utf-8")
    view.file_wished.emit()
    assert questions.asked == [target]
    assert target.read_text(encoding="utf-8") == "precious"
    assert view.progress == []
    questions.replace = True
    view.file_wished.emit()
    qtbot.waitUntil(lambda: view.end.startswith("160"))
    assert target.read_text(encoding="utf-8").startswith("text,label")


def test_the_texts_themselves_are_never_replaced(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, questions: FileAnswers, tmp_path: Path
) -> None:
    presenter.look()
    questions.target, questions.replace = questions.source, True
    view.file_wished.emit()
    assert "would replace the texts" in str(view.error)
    assert view.progress == []


@pytest.mark.parametrize("which", ["source", "target"])
def test_changing_ones_mind_does_nothing(
    which: str, run: RunFolder, presenter: TryItPresenter, view: FakeView, questions: FileAnswers
) -> None:
    presenter.look()
    setattr(questions, which, None)
    view.file_wished.emit()
    assert view.progress == []
    assert presenter.state is PageState.OK


def test_cancelling_a_file_writes_nothing(
    qtbot: QtBot,
    run: RunFolder,
    presenter: TryItPresenter,
    view: FakeView,
    questions: FileAnswers,
    core: FakeCore,
    tmp_path: Path,
) -> None:
    presenter.look()
    gate, reached = hold_predictor(core)
    view.file_wished.emit()
    qtbot.waitUntil(reached.is_set)
    view.cancel_wished.emit()
    gate.set()
    qtbot.waitUntil(lambda: view.end == "Cancelled; nothing was written.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "texts.txt", "tickets.thaw", "tickets.tsv"]
    assert view.error is None
    assert presenter.state is PageState.OK


def test_a_file_that_cannot_be_read_says_so(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, questions: FileAnswers, tmp_path: Path
) -> None:
    presenter.look()
    questions.source = tmp_path / "gone.txt"
    view.file_wished.emit()
    qtbot.waitUntil(lambda: view.error is not None)
    assert view.end == "Nothing was written."
    assert not (tmp_path / "out.csv").exists()


def test_a_file_with_the_right_answers_is_measured(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, core: FakeCore, questions: FileAnswers
) -> None:
    presenter.look()
    view.evaluation_wished.emit()
    assert view.end == "Measuring on texts.txt..."
    qtbot.waitUntil(lambda: bool(view.reports))
    (name, report), *_ = view.reports
    assert name == "texts.txt"
    assert report.metrics["accuracy"] == 0.91
    assert view.end == ""
    questions.source = None
    view.evaluation_wished.emit()
    assert len(view.reports) == 1


def test_a_file_that_cannot_be_measured_says_so(
    qtbot: QtBot, run: RunFolder, presenter: TryItPresenter, view: FakeView, questions: FileAnswers, tmp_path: Path
) -> None:
    presenter.look()
    questions.source = tmp_path / "gone.csv"
    view.evaluation_wished.emit()
    qtbot.waitUntil(lambda: view.error is not None)
    assert "no such file" in str(view.error)
    assert view.end == ""
