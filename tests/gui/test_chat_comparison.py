"""Before and after fine-tuning side by side in the chat, with real widgets and clicks."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.view import ChatView
from desktop_app.workspace import Workspace
from tests.gui.test_chat_page import (
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
from trainer_core.errors import InputError
from trainer_core.runs.folder import RunFolder

BEFORE, AFTER = Voice.BEFORE, Voice.AFTER


@pytest.fixture
def model(core: FakeCore) -> FakePredictor:
    """Return the fine-tuned model."""
    core.predictor = FakePredictor(words=("new", " words"))
    return core.predictor


@pytest.fixture
def original(core: FakeCore) -> FakePredictor:
    """Return the model as it was."""
    core.original = FakePredictor(words=("old", " words"))
    return core.original


@pytest.fixture
def chat(
    qtbot: QtBot,
    run: RunFolder,
    ready: Workspace,
    questions: FileAnswers,
    model: FakePredictor,
    original: FakePredictor,
) -> ChatView:
    """Return the chat of a page that is shown and loaded."""
    return chat_of(show_page(qtbot, ready, questions))


def compare(qtbot: QtBot, chat: ChatView) -> None:
    """Switch it on or off, and wait until all is written."""
    chat.comparison.click()
    wait_for_answer(qtbot, chat)


def texts(chat: ChatView, voice: Voice) -> list[str]:
    return [turn.answers[voice].text.text for turn in chat.conversation.turns]


def test_both_models_answer_and_each_knows_its_own_words(
    qtbot: QtBot, chat: ChatView, core: FakeCore, model: FakePredictor, original: FakePredictor
) -> None:
    chat.comparison.click()
    qtbot.waitUntil(lambda: "load_original" in core.calls)
    talk(qtbot, chat, "One", "Two")
    assert texts(chat, AFTER) == ["new words", "new words"]
    assert texts(chat, BEFORE) == ["old words", "old words"]
    assert asked(model) == ["user: One", "assistant: new words", "user: Two"]
    assert asked(original) == ["user: One", "assistant: old words", "user: Two"]
    assert answer(chat, voice=BEFORE).isVisible()
    assert answer(chat).title.text() == "After fine-tuning"
    assert answer(chat, voice=BEFORE).x() < answer(chat).x()
    assert core.calls.count("load_original") == 1


def test_what_was_said_before_is_asked_when_the_other_comes(
    qtbot: QtBot, chat: ChatView, core: FakeCore, original: FakePredictor
) -> None:
    talk(qtbot, chat, "One", "Two")
    assert not answer(chat, voice=BEFORE).isVisible()
    assert "load_original" not in core.calls
    compare(qtbot, chat)
    qtbot.waitUntil(lambda: texts(chat, BEFORE) == ["old words", "old words"])
    assert asked(original) == ["user: One", "assistant: old words", "user: Two"]
    compare(qtbot, chat)
    assert not answer(chat, voice=BEFORE).isVisible()
    talk(qtbot, chat, "Three")
    assert len(original.asked) == 2
    compare(qtbot, chat)
    qtbot.waitUntil(lambda: len(original.asked) == 3)
    assert core.calls.count("load_original") == 1


def test_one_of_two_answers_is_given_anew(
    qtbot: QtBot, chat: ChatView, model: FakePredictor, original: FakePredictor
) -> None:
    compare(qtbot, chat)
    talk(qtbot, chat, "One")
    qtbot.waitUntil(lambda: texts(chat, BEFORE) == ["old words"])
    wait_for_answer(qtbot, chat)
    original.words = ("other",)
    click(qtbot, answer(chat, voice=BEFORE).again_button)
    wait_for_answer(qtbot, chat)
    assert texts(chat, BEFORE) == ["other"]
    assert texts(chat, AFTER) == ["new words"]
    assert len(model.asked) == 1


def test_without_the_model_as_it_was_the_switch_goes_off_and_says_why(
    qtbot: QtBot, chat: ChatView, core: FakeCore, original: FakePredictor
) -> None:
    core.original = InputError.one("run", "It had no answers then.", "Compare two runs.")
    talk(qtbot, chat, "One")
    chat.comparison.click()
    assert chat.comparison.isChecked()
    qtbot.waitUntil(lambda: not chat.comparison.isChecked())
    assert "It had no answers then." in chat.comparison_error.text
    assert not answer(chat, voice=BEFORE).isVisible()
    talk(qtbot, chat, "Two")
    assert texts(chat, AFTER) == ["new words", "new words"]
    core.original = original
    compare(qtbot, chat)
    assert not chat.comparison_error.isVisible()
    qtbot.waitUntil(lambda: texts(chat, BEFORE) == ["old words", "old words"])


def test_switching_it_off_ends_the_answer_of_the_model_as_it_was(qtbot: QtBot, chat: ChatView, core: FakeCore) -> None:
    core.original = slow = SlowPredictor()
    compare(qtbot, chat)
    send(qtbot, chat, "One")
    qtbot.waitUntil(lambda: bool(slow.asked))
    assert texts(chat, AFTER) == ["new words"]
    chat.comparison.click()
    assert chat.composer.button.text() == "&Send"
    slow.steps.release(9)
    talk(qtbot, chat, "Two")
    assert texts(chat, AFTER) == ["new words", "new words"]
    assert answer(chat, 0, BEFORE).facts.text() == "Not asked"


def test_stopping_ends_one_and_leaves_the_other_unasked(
    qtbot: QtBot,
    run: RunFolder,
    ready: Workspace,
    questions: FileAnswers,
    core: FakeCore,
    original: FakePredictor,
) -> None:
    core.predictor = slow = SlowPredictor()
    chat = chat_of(show_page(qtbot, ready, questions))
    compare(qtbot, chat)
    send(qtbot, chat, "One")
    assert answer(chat, voice=BEFORE).facts.text() == "Waiting for its turn..."
    qtbot.waitUntil(lambda: bool(slow.asked))
    click(qtbot, chat.composer.button)
    assert answer(chat, voice=BEFORE).facts.text() == "Not asked"
    slow.steps.release()
    wait_for_answer(qtbot, chat)
    assert "stopped by you" in answer(chat).facts.text()
    assert original.asked == []
    click(qtbot, answer(chat, voice=BEFORE).again_button)
    wait_for_answer(qtbot, chat)
    assert texts(chat, BEFORE) == ["old words"]


def test_another_run_has_another_model_before(
    qtbot: QtBot, chat: ChatView, core: FakeCore, ready: Workspace, original: FakePredictor
) -> None:
    compare(qtbot, chat)
    talk(qtbot, chat, "One")
    ready.choose_run(write_run(ready.runs_folder, "zzz"))
    assert not chat.comparison.isChecked()
    talk(qtbot, chat, "Two")
    assert len(original.asked) == 1
    compare(qtbot, chat)
    qtbot.waitUntil(lambda: core.calls.count("load_original") == 2)
    qtbot.waitUntil(lambda: texts(chat, BEFORE) == ["old words"])
    wait_for_answer(qtbot, chat)


def test_narrow_columns_stand_under_each_other(qtbot: QtBot, chat: ChatView) -> None:
    compare(qtbot, chat)
    talk(qtbot, chat, "One")

    def under_each_other() -> bool:
        chat.window().resize(520, 600)  # it gets as small as that only once what stands beside the chat is folded
        return answer(chat, voice=BEFORE).y() < answer(chat).y()

    qtbot.waitUntil(under_each_other)
    assert answer(chat, voice=BEFORE).x() == answer(chat).x()
