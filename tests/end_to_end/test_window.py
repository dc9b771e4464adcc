"""The real window as a person uses it: from the example through training to a prediction, on the real model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QListWidget, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.app import Shell, build_shell
from desktop_app.core_access import LocalCore
from desktop_app.dialogs import Dialogs
from desktop_app.settings import Settings
from tests.support.tiny_models import build_tiny_model, edit_json
from trainer_core.resources import StarterProject, starter_projects
from trainer_core.runs.history import RunStatus

MINUTE = 60_000
Kind = TypeVar("Kind", bound=QWidget)


class LoudDialogs(Dialogs):
    """Dialogs that fail the test where one would open."""

    def show_error(self, error: BaseException) -> None:
        """Fail with the error."""
        raise error


def widget(shell: Shell, kind: type[Kind], name: str) -> Kind:
    """Return the visible widget of this kind that a person would call so."""
    found = [
        candidate
        for candidate in shell.window.findChildren(kind)
        if candidate.isVisible() and name in (candidate.accessibleName(), _plain(candidate))
    ]
    assert found, f"no visible {kind.__name__} is called {name!r}"
    return found[0]


def _plain(candidate: QWidget) -> str:
    text = getattr(candidate, "text", None)
    return text().replace("&", "") if callable(text) else ""


def go_to(shell: Shell, qtbot: QtBot, title: str) -> None:
    """Click a page in the navigation."""
    for rows in shell.window.findChildren(QListWidget):
        for item in rows.findItems(title, Qt.MatchFlag.MatchStartsWith):
            if rows.isVisible():
                qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(item).center())
                return
    raise AssertionError(f"the navigation has no {title!r}")


def click(qtbot: QtBot, target: QWidget) -> None:
    """Click a widget; a box near its left edge, where the box is."""
    place = QPoint(10, target.height() // 2) if isinstance(target, QCheckBox) else target.rect().center()
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton, pos=place)


@pytest.fixture
def shell(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Shell]:
    """Return the real window on the real core; it is closed at the end without questions."""
    settings = Settings(tmp_path / "window.json", folder=tmp_path)
    style, sheet, palette = qapp.style().objectName(), qapp.styleSheet(), qapp.palette()
    made = build_shell(qapp, core=LocalCore(), settings=settings, dialogs=LoudDialogs())
    made.window.resize(1280, 800)
    made.window.show()
    yield made
    _let_go(made)
    made.window.hide()
    made.window.deleteLater()
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)


def _let_go(shell: Shell) -> None:
    shell.workspace.modified = False
    shell.close()


@pytest.mark.slow
def test_from_the_example_through_training_to_a_prediction(shell: Shell, qtbot: QtBot) -> None:
    click(qtbot, widget(shell, QPushButton, "Try the example"))
    workspace = shell.workspace
    qtbot.waitUntil(lambda: workspace.report is not None and workspace.facts is not None, timeout=MINUTE)

    go_to(shell, qtbot, "Data")
    box = widget(shell, QCheckBox, "At most")
    click(qtbot, box)
    assert workspace.project is not None
    assert workspace.project.data.limit is not None
    workspace.update(data=workspace.project.data.model_dump() | {"limit": 160})
    qtbot.waitUntil(lambda: workspace.report is not None and workspace.report.splits[0].rows == 128, timeout=MINUTE)

    go_to(shell, qtbot, "Stages")
    for name in ("all", "top"):
        place = [stage.name for stage in workspace.stages()].index(name)
        workspace.replace_stages([stage for n, stage in enumerate(workspace.stages()) if n != place])
    go_to(shell, qtbot, "Layers")
    click(qtbot, widget(shell, QPushButton, "Top blocks"))
    assert workspace.project.stage[0].train == ("head", "top:2")

    go_to(shell, qtbot, "Train")
    click(qtbot, widget(shell, QPushButton, "Train"))
    assert shell.trainer.running
    qtbot.waitUntil(lambda: not shell.trainer.running, timeout=5 * MINUTE)
    history = shell.trainer.history
    assert history.failure is None, history.failure
    assert history.status is RunStatus.FINISHED
    assert history.best is not None
    assert history.best.value > 0.6
    assert len(history.curves["loss"].steps) == history.total_steps == history.step
    assert workspace.run is not None
    assert (workspace.run.model / "thaw.json").is_file()

    go_to(shell, qtbot, "Try it")
    QTest.keyClicks(widget(shell, QPlainTextEdit, "Your text"), "my parcel never came, where is it")
    answer = shell.window.findChildren(QLabel)
    label = next(candidate for candidate in answer if candidate.accessibleName() == "Answer")
    qtbot.waitUntil(lambda: label.text() != "", timeout=MINUTE)
    qtbot.waitUntil(lambda: not shell.jobs.is_busy, timeout=MINUTE)
    assert label.text() == "delivery"


@pytest.mark.slow
def test_stopping_keeps_the_best_and_the_window_goes_on(shell: Shell, qtbot: QtBot) -> None:
    click(qtbot, widget(shell, QPushButton, "Try the example"))
    workspace = shell.workspace
    qtbot.waitUntil(lambda: workspace.report is not None and workspace.facts is not None, timeout=MINUTE)
    assert workspace.project is not None
    workspace.update(data=workspace.project.data.model_dump() | {"limit": 160})
    qtbot.waitUntil(lambda: workspace.report is not None, timeout=MINUTE)
    shell.window.train()
    qtbot.waitUntil(lambda: shell.trainer.history.step >= 12, timeout=3 * MINUTE)
    click(qtbot, next(b for b in shell.window.findChildren(QPushButton) if _plain(b) == "Finish now" and b.isEnabled()))
    assert shell.trainer.stopping
    qtbot.waitUntil(lambda: not shell.trainer.running, timeout=2 * MINUTE)
    assert shell.trainer.history.status is RunStatus.STOPPED
    assert shell.trainer.history.step < shell.trainer.history.total_steps
    assert workspace.run is not None
    assert workspace.run.best_checkpoint().is_dir()
    assert (workspace.run.model / "head.safetensors").is_file()


def train_copy(shell: Shell, qtbot: QtBot, rows: Path, path: Path) -> None:
    """Save the open example elsewhere, with what it offers to try, and train it to its end."""
    workspace = shell.workspace
    shutil.copy(rows.with_name("try.txt"), path.parent)
    workspace.save(path)
    qtbot.waitUntil(lambda: not shell.jobs.is_busy, timeout=MINUTE)
    assert workspace.report is not None, workspace.report_error
    assert workspace.report.findings == ()
    assert workspace.facts is not None, workspace.facts_error
    shell.window.train()
    qtbot.waitUntil(lambda: not shell.trainer.running, timeout=2 * MINUTE)
    history = shell.trainer.history
    assert history.failure is None, history.failure
    assert history.status is RunStatus.FINISHED


WRITERS = ("garden_helper", "lighthouse_letters")
"""Examples whose model writes."""


@pytest.fixture(scope="module")
def small_writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny model with random weights that reads long texts and writes."""
    folder = build_tiny_model(tmp_path_factory.mktemp("writer"), "qwen2-lm")
    edit_json(folder / "config.json", max_position_embeddings=2_048)
    return folder


@pytest.mark.parametrize(
    "example",
    [one for one in starter_projects() if one.path.stem in WRITERS],
    ids=lambda example: example.path.stem,
)
def test_every_example_that_writes_is_learnt_and_answers(
    shell: Shell, qtbot: QtBot, small_writer: Path, tmp_path: Path, example: StarterProject
) -> None:
    workspace = shell.workspace
    workspace.open(example.path)
    assert workspace.project is not None
    assert workspace.project.model.source == "starter:SmolLM2-135M-Instruct"
    stage = {"name": "adapters", "train": ["adapter:blocks"], "learning_rate": 1e-2, "epochs": 1}
    rows = example.path.parent / workspace.project.data.train
    workspace.update(model={"source": str(small_writer), "max_length": 256}, stage=(stage,))
    train_copy(shell, qtbot, rows, tmp_path / "mine.thaw")
    assert set(shell.trainer.history.metrics) == {"perplexity", "loss", "token_accuracy"}

    go_to(shell, qtbot, "Try it")
    qtbot.waitUntil(lambda: not shell.jobs.is_busy, timeout=MINUTE)
    message = widget(shell, QPlainTextEdit, "Your message")
    QTest.keyClicks(message, "When may I come")
    QTest.keyClick(message, Qt.Key.Key_Return)

    def answered() -> bool:
        labels = shell.window.findChildren(QLabel)
        return any("a second" in label.text() for label in labels if label.isVisible())

    qtbot.waitUntil(answered, timeout=MINUTE)
    qtbot.waitUntil(lambda: not shell.jobs.is_busy, timeout=MINUTE)


@pytest.mark.parametrize(
    "example",
    [one for one in starter_projects()[1:] if one.path.stem not in WRITERS],
    ids=lambda example: example.path.stem,
)
def test_every_example_is_learnt_tried_and_measured(
    shell: Shell, qtbot: QtBot, bert: Path, tmp_path: Path, example: StarterProject
) -> None:
    click(qtbot, widget(shell, QPushButton, f"Example: {example.title}"))
    workspace = shell.workspace
    assert workspace.project is not None
    qtbot.waitUntil(lambda: not shell.jobs.is_busy, timeout=MINUTE)
    stage = {"name": "head", "train": ["head"], "learning_rate": 1e-2, "epochs": 1}
    rows = example.path.parent / workspace.project.data.train
    changes: dict[str, object] = {"model": {"source": str(bert), "max_length": 48}, "stage": (stage,)}
    if workspace.project.task == "answering":
        changes["options"] = {"stride": 8}
    workspace.update(**changes)
    train_copy(shell, qtbot, rows, tmp_path / "mine.thaw")

    go_to(shell, qtbot, "Try it")
    examples = widget(shell, QListWidget, "Example sentences")
    qtbot.waitUntil(lambda: not shell.jobs.is_busy and examples.count() == 8, timeout=MINUTE)
    qtbot.mouseClick(
        examples.viewport(), Qt.MouseButton.LeftButton, pos=examples.visualItemRect(examples.item(2)).center()
    )
    label = next(one for one in shell.window.findChildren(QLabel) if one.accessibleName() == "Answer")
    qtbot.waitUntil(lambda: label.text() != "", timeout=MINUTE)
    assert workspace.run is not None
    report = LocalCore().load_predictor(workspace.run.path).evaluate(rows)
    assert report.rows > 200
    qtbot.waitUntil(lambda: not shell.jobs.is_busy, timeout=MINUTE)
