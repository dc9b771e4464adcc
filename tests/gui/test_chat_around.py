"""The chat and the page around it: errors, other runs, whole files, projects that will chat, and how it looks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.pages.base import Page, PageState
from desktop_app.pages.try_it import build_page
from desktop_app.pages.try_it.chat.view import ChatView
from desktop_app.pages.try_it.report_dialog import ReportDialog
from desktop_app.pages.try_it.view import TryItView
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.gui.test_chat_page import (
    ANSWER,
    WORDS,
    SlowPredictor,
    answer,
    asked,
    chat_of,
    click,
    send,
    show_page,
    talk,
    wait_for_answer,
)
from tests.support.fake_core import FakeCore, FakePredictor
from tests.support.fake_views import FileAnswers
from tests.support.runs import write_run
from tests.support.small import small_facts
from tests.support.widgets import assert_named, controls_of
from trainer_core.errors import ThawError
from trainer_core.models.facts import Telling
from trainer_core.runs.folder import RunFolder


@pytest.fixture
def model(core: FakeCore) -> FakePredictor:
    """Return a model that writes; it answers at once."""
    core.predictor = FakePredictor(words=WORDS)
    return core.predictor


@pytest.fixture
def page(qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, model: FakePredictor) -> Page:
    """Return the page with a model that writes, shown and loaded."""
    return show_page(qtbot, ready, questions)


@pytest.fixture
def chat(page: Page) -> ChatView:
    """Return the chat of the page."""
    return chat_of(page)


# --- errors


def test_an_error_is_shown_and_the_answer_can_be_tried_anew(
    qtbot: QtBot, page: Page, chat: ChatView, model: FakePredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(qtbot, chat, "One")
    works = model.converse
    fails = ThawError("This cannot be answered.", remedy="Say it anew.")
    monkeypatch.setattr(model, "converse", lambda *_: (_ for _ in ()).throw(fails))
    talk(qtbot, chat, "Two")
    assert isinstance(page.view, TryItView)
    assert page.view.error.text == "This cannot be answered.\nSay it anew."
    assert page.presenter.state is PageState.PROBLEM
    assert answer(chat).facts.text() == "No answer"
    monkeypatch.setattr(model, "converse", works)
    talk(qtbot, chat, "Three")
    assert not page.view.error.isVisible()
    assert asked(model) == ["user: One", f"assistant: {ANSWER}", "user: Three"]
    monkeypatch.setattr(model, "converse", lambda *_: (_ for _ in ()).throw(fails))
    click(qtbot, answer(chat).again_button)
    wait_for_answer(qtbot, chat)
    assert answer(chat).text.text == ""
    monkeypatch.setattr(model, "converse", works)
    click(qtbot, answer(chat).again_button)
    wait_for_answer(qtbot, chat)
    assert answer(chat).text.text == ANSWER


def test_a_model_that_cannot_be_loaded_any_more_gives_no_answer(
    qtbot: QtBot, page: Page, chat: ChatView, run: RunFolder, core: FakeCore, model: FakePredictor
) -> None:
    core.predictor = ThawError("The base model is gone.", remedy="Install it again.")
    run.best_file.write_text("step-00000036", encoding="utf-8")
    talk(qtbot, chat, "Hi")
    assert answer(chat).facts.text() == "No answer"
    assert isinstance(page.view, TryItView)
    assert "The base model is gone." in page.view.error.text
    core.predictor = model
    click(qtbot, answer(chat).again_button)
    wait_for_answer(qtbot, chat)
    assert answer(chat).text.text == ANSWER


# --- the page around it


def test_another_run_ends_the_answer_and_the_conversation(
    qtbot: QtBot,
    run: RunFolder,
    ready: Workspace,
    questions: FileAnswers,
    core: FakeCore,
) -> None:
    core.predictor = slow = SlowPredictor()
    write_run(ready.runs_folder, "zzz")
    ready.choose_run(run)
    page = show_page(qtbot, ready, questions)
    chat = chat_of(page)
    send(qtbot, chat, "Hi")
    slow.steps.release()
    qtbot.waitUntil(lambda: answer(chat).text.text == "Hello")
    core.predictor = model = FakePredictor(words=WORDS)
    assert isinstance(page.view, TryItView)
    page.view.chooser.setCurrentIndex(1 - page.view.chooser.currentIndex())
    assert chat.conversation.turns == []
    assert chat.composer.button.text() == "&Send"
    slow.steps.release(9)
    qtbot.waitUntil(lambda: core.calls.count("load_predictor") == 2)
    talk(qtbot, chat, "Hello?")
    assert asked(model) == ["user: Hello?"]
    assert len(slow.asked) == 1


def test_a_model_that_does_not_write_brings_the_text_fields_back(
    qtbot: QtBot, page: Page, chat: ChatView, run: RunFolder, ready: Workspace, core: FakeCore
) -> None:
    view = page.view
    assert isinstance(view, TryItView)
    talk(qtbot, chat, "Hi")
    assert view.file.file_button.isVisible()
    assert not view.texts.isVisible()
    core.predictor = FakePredictor()
    ready.choose_run(write_run(ready.runs_folder, "zzz"))
    qtbot.waitUntil(view.texts.isVisible)
    assert not chat.isVisible()
    assert view.file.file_button.isVisible()
    qtbot.keyClicks(view.texts.fields[0], "bbb")
    qtbot.waitUntil(lambda: view.answer.title == "Billing")
    assert "bbb" in view.command.command
    core.predictor = FakePredictor(words=WORDS)
    ready.choose_run(run)
    qtbot.waitUntil(chat.isVisible)
    assert view.file.file_button.isVisible()
    assert chat.conversation.turns == []


def test_a_whole_file_is_answered_and_measured_beside_the_chat(
    qtbot: QtBot, page: Page, chat: ChatView, tmp_path: Path
) -> None:
    view = page.view
    assert isinstance(view, TryItView)
    click(qtbot, view.file.file_button)
    qtbot.waitUntil(lambda: view.file.end.startswith("160 predictions"))
    assert (tmp_path / "out.csv").is_file()
    click(qtbot, view.file.evaluation_button)
    qtbot.waitUntil(lambda: bool(view.window().findChildren(ReportDialog)))
    (dialog,) = view.window().findChildren(ReportDialog)
    dialog.accept()
    qtbot.waitUntil(lambda: not view.window().findChildren(ReportDialog))


def test_a_model_of_plain_texts_goes_on_with_one(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, model: FakePredictor
) -> None:
    plan = run.load_plan()
    run.save_plan(plan.model_copy(update={"project": plan.project.model_copy(update={"task": "language_model"})}))
    chat = chat_of(show_page(qtbot, ready, questions))
    assert not chat.card.system.isVisible()
    assert "how a text begins" in chat.composer.field.placeholderText()
    chat.card.system.setPlainText("left from an earlier model")
    talk(qtbot, chat, "Once upon a ")
    assert asked(model) == ["user: Once upon a "]


def test_a_project_of_chat_shows_the_chat_before_its_model_is_loaded(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, model: FakePredictor
) -> None:
    ready.update(task="chat")
    page = build_page(ready, Theme(ThemeChoice.LIGHT), questions=questions)
    qtbot.addWidget(page.view)
    page.view.show()
    assert chat_of(page).isVisible()
    talk(qtbot, chat_of(page), "Hi")
    assert answer(chat_of(page)).text.text == ANSWER


def test_a_project_of_plain_texts_shows_the_chat_where_its_model_tells_the_next_token(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, core: FakeCore, model: FakePredictor
) -> None:
    core.facts = dataclasses.replace(small_facts(), telling=Telling.NEXT)
    ready.update(task="language_model")
    qtbot.waitUntil(lambda: not ready.jobs.is_busy)
    page = build_page(ready, Theme(ThemeChoice.LIGHT), questions=questions)
    qtbot.addWidget(page.view)
    page.view.show()
    assert chat_of(page).isVisible()
    assert not chat_of(page).card.system.isVisible()
    assert "load_predictor" not in core.calls


def test_every_control_has_a_name_and_a_tooltip(qtbot: QtBot, chat: ChatView) -> None:
    talk(qtbot, chat, "Hi")
    assert_named([*controls_of(chat), chat.composer.field, chat.card.system])


def test_a_narrow_page_shows_the_chat_or_what_stands_beside_it(qtbot: QtBot, page: Page, chat: ChatView) -> None:
    talk(qtbot, chat, "Hi")
    assert chat.card.isVisible()
    page.view.resize(640, 500)
    qtbot.waitUntil(lambda: not chat.card.isVisible())
    assert chat.composer.isVisible()
    click(qtbot, chat.side_button)
    assert chat.card.isVisible()
    assert not chat.composer.isVisible()
    page.view.resize(1000, 740)
    qtbot.waitUntil(chat.composer.isVisible)
    assert chat.card.isVisible()


def test_the_bubble_is_painted_in_the_colours_of_the_look(qtbot: QtBot, chat: ChatView) -> None:
    talk(qtbot, chat, "Hi", "A long question. " * 30)
    short, long = (turn.question for turn in chat.conversation.turns)
    assert not short.grab().toImage().isNull()
    assert long.text.width() > 4 * short.text.width()
    assert long.text.height() > 2 * short.text.height()
    assert long.text.width() < long.width()
