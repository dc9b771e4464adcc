"""The stage before the stages, on the Stages page, with real widgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop_app.pages.stages import build_page
from desktop_app.pages.stages.pretraining_card import PretrainingCard
from desktop_app.pages.stages.pretraining_words import OFF
from desktop_app.pages.stages.view import StagesPage
from desktop_app.pages.train.words import facts
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.fake_views import Chooser
from tests.support.small_data import small_tasks
from trainer_core.data.roles import TEXT
from trainer_core.project.load import load_project
from trainer_core.runs.history import RunHistory
from trainer_core.tasks.facts import TaskFacts
from trainer_core.training.events import PretrainingFinished

CHAT = TaskFacts("chat", "Chat", "Answers", (TEXT,), ("perplexity", "loss"), language=True)


@pytest.fixture
def card(
    core: FakeCore, workspace: Workspace, chooser: Chooser, open_project: Callable[[], None], qtbot: QtBot
) -> PretrainingCard:
    core.tasks = [*small_tasks(), CHAT]
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), choose_file=chooser)
    qtbot.addWidget(page.view)
    page.view.resize(1100, 900)
    page.view.show()
    open_project()
    qtbot.waitUntil(lambda: workspace.facts is not None and not workspace.jobs.is_busy)
    assert isinstance(page.view, StagesPage)
    return page.view.pretraining


def write(card: PretrainingCard, name: str, text: str) -> None:
    """Write another text into a field and leave it with Enter."""
    control = card.fields[name].control
    control.selectAll()  # type: ignore[attr-defined]
    QTest.keyClick(control, Qt.Key.Key_Delete)  # type: ignore[call-overload]
    QTest.keyClicks(control, text)  # type: ignore[call-overload]
    QTest.keyClick(control, Qt.Key.Key_Return)  # type: ignore[call-overload]


def test_it_is_switched_on_and_off(card: PretrainingCard, workspace: Workspace, qtbot: QtBot) -> None:
    assert card.words.text() == OFF
    assert not card.fields["epochs"].isVisible()
    card.switch.click()
    assert workspace.project is not None
    assert workspace.project.pretraining is not None
    assert card.fields["epochs"].isVisible()
    assert "once through the texts of the training rows" in card.words.text()
    card.switch.click()
    assert workspace.project.pretraining is None
    assert workspace.modified


def test_its_values_become_the_projects_or_are_refused_in_words(
    card: PretrainingCard, workspace: Workspace, chooser: Chooser, tmp_path: Path
) -> None:
    card.switch.click()
    write(card, "train", "top:2, !norms")
    write(card, "learning_rate", "2e-4")
    card.fields["epochs"].control.setValue(3)  # type: ignore[attr-defined]
    chooser.answer = workspace.folder / "letters.txt"
    card.choose.click()
    assert workspace.project is not None
    wish = workspace.project.pretraining
    assert wish is not None
    assert (wish.train, wish.learning_rate, wish.epochs, wish.texts) == (("top:2", "!norms"), 2e-4, 3, "letters.txt")
    assert "3 times through the texts of this file" in card.words.text()
    for text, words in (("fast", "is no number"), ("99", "10")):
        write(card, "learning_rate", text)
        assert words in card.fields["learning_rate"].refusal
    write(card, "learning_rate", "0.0002")
    assert card.fields["learning_rate"].refusal == ""
    write(card, "texts", "")
    assert workspace.project.pretraining is not None
    assert workspace.project.pretraining.texts is None


def test_a_project_saved_elsewhere_still_finds_its_texts(
    card: PretrainingCard, workspace: Workspace, tmp_path: Path
) -> None:
    card.switch.click()
    write(card, "texts", "letters.txt")
    place = workspace.folder / "letters.txt"
    (tmp_path / "elsewhere").mkdir()
    workspace.save(tmp_path / "elsewhere" / "mine.thaw")
    saved = load_project(tmp_path / "elsewhere" / "mine.thaw").pretraining
    assert saved is not None
    assert saved.texts == str(place)


def test_where_the_task_itself_reads_texts_nothing_comes_before(
    card: PretrainingCard, workspace: Workspace, qtbot: QtBot
) -> None:
    assert card.isVisible()
    workspace.update(task="chat")
    qtbot.waitUntil(lambda: not card.isVisible())


def test_what_reading_came_to_is_told_of_the_run() -> None:
    history = RunHistory()
    assert not facts(history, live=False)
    history.apply(
        PretrainingFinished(folder="x", before={"perplexity": 35.24}, metrics={"perplexity": 21.5}, seconds=9.0)
    )
    (fact,) = facts(history, live=False)
    assert fact.value == "35.240 → 21.500, of texts of the field"
