"""The chat of the Try it page with real widgets, keys and clicks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.pages.base import Page, PageState
from desktop_app.pages.try_it import build_page
from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.messages import Answer
from desktop_app.pages.try_it.chat.view import ChatView
from desktop_app.pages.try_it.view import TryItView
from desktop_app.theme import Theme, ThemeChoice
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore, FakePredictor
from tests.support.fake_views import FileAnswers
from trainer_core.inference.written import Message, WritingEnd, WritingSettings, Written
from trainer_core.runs.folder import RunFolder

WORDS = ("Hello", " there", ".")
ANSWER = "Hello there."
Say = Callable[[str], bool]


@dataclass
class SlowPredictor(FakePredictor):
    """Says a word for every step that it is given.

    Attributes:
        steps: to be released.
    """

    words: tuple[str, ...] = WORDS
    steps: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Say) -> Written:
        """Wait before every word."""

        def slowly(word: str) -> bool:
            self.steps.acquire(timeout=20)
            return say(word)

        return super().converse(messages, settings, slowly)


@dataclass
class EndlessPredictor(FakePredictor):
    """Writes until nobody listens."""

    words: tuple[str, ...] = WORDS
    ended: bool = False

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Say) -> Written:
        """Say one thing for ever."""
        self.asked.append((list(messages), settings))
        while say("on "):
            time.sleep(0.005)
        self.ended = True
        return Written("on", 1, 0.5, WritingEnd.STOPPED)


@pytest.fixture
def model(core: FakeCore) -> FakePredictor:
    """Return a model that writes; it answers at once."""
    core.predictor = FakePredictor(words=WORDS)
    return core.predictor


@pytest.fixture
def slow(core: FakeCore) -> SlowPredictor:
    """Return a model that writes when it may."""
    core.predictor = SlowPredictor()
    return core.predictor


@pytest.fixture
def page(qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, model: FakePredictor) -> Page:
    """Return the page with a model that writes, shown and loaded."""
    return show_page(qtbot, ready, questions)


@pytest.fixture
def chat(page: Page) -> ChatView:
    """Return the chat of the page."""
    return chat_of(page)


@pytest.fixture
def slow_chat(qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, slow: SlowPredictor) -> ChatView:
    """Return the chat of a page with a model that writes when it may."""
    return chat_of(show_page(qtbot, ready, questions))


def show_page(qtbot: QtBot, workspace: Workspace, questions: FileAnswers) -> Page:
    page = build_page(workspace, Theme(ThemeChoice.LIGHT), questions=questions)
    qtbot.addWidget(page.view)
    page.view.resize(1000, 740)
    page.view.show()
    page.shown()
    qtbot.waitUntil(lambda: chat_of(page).isVisible())
    return page


def chat_of(page: Page) -> ChatView:
    assert isinstance(page.view, TryItView)
    return page.view.chat


def send(qtbot: QtBot, chat: ChatView, text: str) -> None:
    """Type and press Enter."""
    qtbot.keyClicks(chat.composer.field, text)
    qtbot.keyClick(chat.composer.field, Qt.Key.Key_Return)


def wait_for_answer(qtbot: QtBot, chat: ChatView) -> None:
    qtbot.waitUntil(lambda: chat.composer.button.text() == "&Send")


def talk(qtbot: QtBot, chat: ChatView, *texts: str) -> None:
    """Send messages, one after the other's answer."""
    for text in texts:
        send(qtbot, chat, text)
        wait_for_answer(qtbot, chat)


def answer(chat: ChatView, place: int = -1, voice: Voice = Voice.AFTER) -> Answer:
    return chat.conversation.turns[place].answers[voice]


def asked(model: FakePredictor, place: int = -1) -> list[str]:
    """Return what a model was given, a line a message."""
    return [f"{message['role']}: {message['content']}" for message in model.asked[place][0]]


def click(qtbot: QtBot, button: object) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]


# --- saying something


def test_enter_sends_and_the_answer_comes(qtbot: QtBot, chat: ChatView, model: FakePredictor) -> None:
    send(qtbot, chat, "Hi")
    assert chat.composer.field.toPlainText() == ""
    wait_for_answer(qtbot, chat)
    (turn,) = chat.conversation.turns
    assert turn.question.text.text == "Hi"
    assert answer(chat).text.text == ANSWER
    assert answer(chat).facts.text() == "3 tokens, 6.0 a second"
    assert not answer(chat).warning.isVisible()
    assert asked(model) == ["user: Hi"]
    talk(qtbot, chat, "And?")
    assert asked(model) == ["user: Hi", f"assistant: {ANSWER}", "user: And?"]


def test_a_click_sends_several_lines(qtbot: QtBot, chat: ChatView, model: FakePredictor) -> None:
    assert not chat.composer.button.isEnabled()
    qtbot.keyClicks(chat.composer.field, "One")
    qtbot.keyClick(chat.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(chat.composer.field, "two")
    click(qtbot, chat.composer.button)
    wait_for_answer(qtbot, chat)
    assert asked(model) == ["user: One\ntwo"]


def test_an_example_leaves_what_is_being_typed(qtbot: QtBot, chat: ChatView) -> None:
    qtbot.keyClicks(chat.composer.field, "half a")
    chat.examples.picked.emit(("An example",))
    wait_for_answer(qtbot, chat)
    assert chat.composer.field.toPlainText() == "half a"


def test_nothing_is_not_sent(qtbot: QtBot, chat: ChatView) -> None:
    send(qtbot, chat, "  ")
    assert not chat.composer.button.isEnabled()
    assert chat.conversation.turns == []


def test_the_command_asks_the_same(qtbot: QtBot, page: Page, chat: ChatView) -> None:
    talk(qtbot, chat, "Who are you?")
    assert isinstance(page.view, TryItView)
    assert page.view.command.command.endswith("'Who are you?'")


def test_settings_and_the_system_prompt_reach_the_model(qtbot: QtBot, chat: ChatView, model: FakePredictor) -> None:
    card = chat.card
    assert not card.top_p.isEnabled()
    for box, text in ((card.temperature, "0.7"), (card.top_p, "0.5"), (card.most_tokens, "40")):
        box.selectAll()
        qtbot.keyClicks(box, text)
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert card.top_p.isEnabled()
    qtbot.keyClicks(card.system, "Be short.")
    talk(qtbot, chat, "Hi")
    assert asked(model) == ["system: Be short.", "user: Hi"]
    assert model.asked[0][1] == WritingSettings(0.7, 0.5, 40)


# --- while it writes


def test_an_answer_grows_while_it_is_written(qtbot: QtBot, slow_chat: ChatView, slow: SlowPredictor) -> None:
    chat = slow_chat
    send(qtbot, chat, "Hi")
    assert answer(chat).facts.text() == "Writing..."
    for text in ("Hello", "Hello there"):
        slow.steps.release()
        qtbot.waitUntil(lambda text=text: answer(chat).text.text == text)
        assert chat.composer.button.text() == "&Stop"
        qtbot.wait(50)
    send(qtbot, chat, "more")
    assert len(chat.conversation.turns) == 1
    assert chat.composer.field.toPlainText() == "more"
    slow.steps.release()
    wait_for_answer(qtbot, chat)
    assert answer(chat).text.text == ANSWER


@pytest.mark.parametrize("by_key", [False, True])
def test_an_answer_can_be_stopped(qtbot: QtBot, slow_chat: ChatView, slow: SlowPredictor, by_key: bool) -> None:
    chat = slow_chat
    send(qtbot, chat, "Hi")
    slow.steps.release()
    qtbot.waitUntil(lambda: answer(chat).text.text == "Hello")
    if by_key:
        qtbot.keyClick(chat.composer.field, Qt.Key.Key_Escape)
    else:
        click(qtbot, chat.composer.button)
    assert chat.composer.button.text() == "Stopping..."
    assert not chat.composer.button.isEnabled()
    slow.steps.release()
    wait_for_answer(qtbot, chat)
    assert answer(chat).text.text == "Hello there"
    assert answer(chat).facts.text() == "2 tokens, 4.0 a second · stopped by you"


def test_the_page_is_at_work_while_the_model_writes(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, slow: SlowPredictor
) -> None:
    page = show_page(qtbot, ready, questions)
    send(qtbot, chat_of(page), "Hi")
    assert page.presenter.state is PageState.BUSY
    slow.steps.release(3)
    qtbot.waitUntil(lambda: page.presenter.state is PageState.OK)


def test_a_page_that_goes_while_its_model_writes_leaves_nothing(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, core: FakeCore
) -> None:
    core.predictor = model = EndlessPredictor()
    send(qtbot, chat_of(show_page(qtbot, ready, questions)), "Hi")
    qtbot.waitUntil(lambda: bool(model.asked))


def test_the_end_of_the_program_ends_the_answer(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, core: FakeCore, qapp: QApplication
) -> None:
    core.predictor = model = EndlessPredictor()
    send(qtbot, chat_of(show_page(qtbot, ready, questions)), "Hi")
    qtbot.waitUntil(lambda: bool(model.asked))
    assert not model.ended
    qapp.aboutToQuit.emit()
    assert model.ended


def test_one_who_reads_further_up_is_left_there(qtbot: QtBot, slow_chat: ChatView, slow: SlowPredictor) -> None:
    chat, bar = slow_chat, slow_chat.conversation.verticalScrollBar()
    slow.words = ("line\n" * 60, "line\n" * 60, "end")
    send(qtbot, chat, "Hi")
    slow.steps.release()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    bar.setValue(0)
    most = bar.maximum()
    qtbot.wait(50)
    slow.steps.release()
    qtbot.waitUntil(lambda: bar.maximum() > most)
    assert bar.value() == 0
    slow.steps.release()
    wait_for_answer(qtbot, chat)
    assert bar.value() == 0
    send(qtbot, chat, "And?")
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    slow.steps.release(3)
    wait_for_answer(qtbot, chat)


def test_what_is_selected_stays_while_the_answer_grows(qtbot: QtBot, slow_chat: ChatView, slow: SlowPredictor) -> None:
    chat = slow_chat
    send(qtbot, chat, "Hi")
    slow.steps.release()
    qtbot.waitUntil(lambda: answer(chat).text.text == "Hello")
    cursor = answer(chat).text.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(4, QTextCursor.MoveMode.KeepAnchor)
    answer(chat).text.setTextCursor(cursor)
    slow.steps.release(2)
    wait_for_answer(qtbot, chat)
    assert answer(chat).text.text == ANSWER
    assert answer(chat).text.textCursor().selectedText() == "Hell"


# --- what one can do with an answer


def test_an_answer_can_be_copied(qtbot: QtBot, chat: ChatView) -> None:
    talk(qtbot, chat, "Hi")
    click(qtbot, answer(chat).copy_button)
    assert QGuiApplication.clipboard().text() == ANSWER
    assert answer(chat).copy_button.accessibleName() == "Copied"
    qtbot.waitUntil(lambda: answer(chat).copy_button.accessibleName() == "Copy the answer")


def test_the_last_answer_can_be_given_anew(qtbot: QtBot, chat: ChatView, model: FakePredictor) -> None:
    talk(qtbot, chat, "One", "Two")
    assert not answer(chat, 0).again_button.isVisible()
    model.words = ("Other",)
    click(qtbot, answer(chat).again_button)
    wait_for_answer(qtbot, chat)
    assert [answer(chat, place).text.text for place in (0, 1)] == [ANSWER, "Other"]
    assert asked(model, -1) == asked(model, -2)
    talk(qtbot, chat, "Three")
    assert asked(model)[3] == "assistant: Other"


def test_a_new_conversation_knows_nothing_of_the_old(qtbot: QtBot, chat: ChatView, model: FakePredictor) -> None:
    talk(qtbot, chat, "One", "Two")
    click(qtbot, chat.new_button)
    assert chat.conversation.turns == []
    assert chat.examples.isVisible()
    talk(qtbot, chat, "Three")
    assert asked(model) == ["user: Three"]


def test_a_new_conversation_ends_the_answer(qtbot: QtBot, slow_chat: ChatView, slow: SlowPredictor) -> None:
    chat = slow_chat
    send(qtbot, chat, "One")
    qtbot.waitUntil(lambda: bool(slow.asked))
    click(qtbot, chat.new_button)
    assert chat.composer.button.text() == "&Send"
    send(qtbot, chat, "Two")
    slow.steps.release(9)
    wait_for_answer(qtbot, chat)
    (turn,) = chat.conversation.turns
    assert turn.question.text.text == "Two"
    assert asked(slow) == ["user: Two"]


# --- examples


def test_a_click_on_an_example_says_it(qtbot: QtBot, chat: ChatView, ready: Workspace, model: FakePredictor) -> None:
    (ready.folder / "try.txt").write_text("Who are you?\nWhat is thaw?\n", encoding="utf-8")
    ready.examine_data()
    qtbot.waitUntil(lambda: chat.examples.list.count() == 2)
    example = chat.examples.list.item(1)
    place = chat.examples.list.visualItemRect(example).center()
    qtbot.mouseClick(chat.examples.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    wait_for_answer(qtbot, chat)
    assert asked(model) == ["user: What is thaw?"]
