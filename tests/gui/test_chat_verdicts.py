"""Which of two answers is better, said by hand in the chat: with real widgets, clicks, keys and files."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.core_access import LocalCore
from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.verdict_row import VerdictRow
from desktop_app.pages.try_it.chat.verdict_words import Standing, percent, standing_of
from desktop_app.pages.try_it.chat.view import ChatView
from desktop_app.pages.try_it.questions import FileBoxes
from desktop_app.workspace import Workspace
from tests.gui.test_chat_page import SlowPredictor, answer, chat_of, click, send, show_page, talk, wait_for_answer
from tests.support.fake_core import FakeCore, FakePredictor
from tests.support.fake_views import FileAnswers
from tests.support.runs import write_run
from tests.support.verdicts import judgement_of
from tests.support.widgets import assert_named, controls_of
from trainer_core.results.verdicts import Judgement, Tally, Verdict, keep_verdicts, load_verdicts
from trainer_core.runs.folder import RunFolder

BEFORE, ALIKE, AFTER = Verdict.BEFORE, Verdict.ALIKE, Verdict.AFTER


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
    """Return the chat of a page that is shown and loaded, with two models that answer."""
    ready.choose_run(run)
    chat = chat_of(show_page(qtbot, ready, questions))
    compare(qtbot, chat)
    return chat


def compare(qtbot: QtBot, chat: ChatView) -> None:
    """Switch the other model on or off, and wait until it is there."""
    chat.comparison.click()
    qtbot.waitUntil(lambda: not chat._loading.isVisible())
    wait_for_answer(qtbot, chat)


def row(chat: ChatView, place: int = -1) -> VerdictRow:
    return chat.conversation.turns[place].verdict


def judge(qtbot: QtBot, chat: ChatView, verdict: Verdict, place: int = -1) -> None:
    click(qtbot, row(chat, place).buttons[verdict])


def chosen(chat: ChatView, place: int = -1) -> list[Verdict]:
    return [verdict for verdict, button in row(chat, place).buttons.items() if button.isChecked()]


def counts(chat: ChatView) -> list[str]:
    """Return how often after, alike and before were chosen."""
    return [cells[1] for cells in chat.verdicts.rows] if chat.verdicts.rate.isVisible() else []


def kept(run: RunFolder) -> list[str]:
    """Return what lies in the folder, a line a verdict."""
    return [f"{judgement.after.messages[-1]['content']}: {judgement.verdict}" for judgement in load_verdicts(run)]


def until_kept(qtbot: QtBot, run: RunFolder, *lines: str) -> None:
    qtbot.waitUntil(lambda: kept(run) == list(lines))


# --- judging


def test_a_pair_is_judged_and_counted_and_kept(qtbot: QtBot, chat: ChatView, run: RunFolder) -> None:
    assert chat.verdicts.isVisible()
    assert not chat.verdicts.back_button.isVisible()
    talk(qtbot, chat, "One", "Two")
    assert row(chat, 0).isVisible()
    judge(qtbot, chat, AFTER)
    assert chosen(chat) == [AFTER]
    assert chosen(chat, 0) == []
    assert (chat.verdicts.rate.text(), counts(chat)) == ("100\N{NO-BREAK SPACE}%", ["1", "0", "0"])
    judge(qtbot, chat, ALIKE, 0)
    assert (chat.verdicts.rate.text(), counts(chat)) == ("75\N{NO-BREAK SPACE}%", ["1", "1", "0"])
    assert "2 pairs do not tell which is better" in chat.verdicts.sure.text()
    until_kept(qtbot, run, "Two: after", "One: alike")
    judgement = load_verdicts(run)[0]
    assert [message["content"] for message in judgement.before.messages] == ["One", "old words", "Two"]
    assert [message["content"] for message in judgement.after.messages] == ["One", "new words", "Two"]
    assert (judgement.before.text, judgement.after.text) == ("old words", "new words")
    assert judgement.after.temperature == 0.0


def test_another_verdict_takes_the_place_and_a_second_click_takes_it_back(
    qtbot: QtBot, chat: ChatView, run: RunFolder
) -> None:
    talk(qtbot, chat, "One")
    judge(qtbot, chat, AFTER)
    judge(qtbot, chat, BEFORE)
    assert chosen(chat) == [BEFORE]
    assert counts(chat) == ["0", "0", "1"]
    until_kept(qtbot, run, "One: before")
    judge(qtbot, chat, BEFORE)
    assert chosen(chat) == []
    assert counts(chat) == []
    until_kept(qtbot, run)
    assert chat.verdicts.isVisible()


def test_keys_judge_too(qtbot: QtBot, chat: ChatView) -> None:
    talk(qtbot, chat, "One")
    buttons = row(chat).buttons
    buttons[BEFORE].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(buttons[BEFORE], Qt.Key.Key_Tab)
    assert buttons[ALIKE].hasFocus()
    qtbot.keyClick(buttons[ALIKE], Qt.Key.Key_Space)
    assert chosen(chat) == [ALIKE]
    qtbot.keyClick(buttons[ALIKE], Qt.Key.Key_Space)
    assert chosen(chat) == []


def test_only_two_answers_side_by_side_are_judged(qtbot: QtBot, chat: ChatView) -> None:
    talk(qtbot, chat, "One")
    assert row(chat).isVisible()
    compare(qtbot, chat)
    assert not row(chat).isVisible()
    assert not chat.verdicts.isVisible()
    talk(qtbot, chat, "Two")
    assert not row(chat).isVisible()
    compare(qtbot, chat)
    qtbot.waitUntil(row(chat).isVisible)
    assert row(chat, 0).isVisible()


def test_while_one_still_writes_there_is_nothing_to_judge(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, core: FakeCore, model: FakePredictor
) -> None:
    core.original = slow = SlowPredictor()
    chat = chat_of(show_page(qtbot, ready, questions))
    compare(qtbot, chat)
    send(qtbot, chat, "One")
    qtbot.waitUntil(lambda: bool(slow.asked))
    assert answer(chat).text.text == "new words"
    assert not row(chat).isVisible()
    slow.steps.release(9)
    qtbot.waitUntil(row(chat).isVisible)


def test_another_answer_is_another_pair_and_the_old_verdict_stays_kept(
    qtbot: QtBot, chat: ChatView, run: RunFolder, model: FakePredictor
) -> None:
    talk(qtbot, chat, "One")
    judge(qtbot, chat, BEFORE)
    model.words = ("better",)
    click(qtbot, answer(chat).again_button)
    assert not row(chat).isVisible()
    qtbot.waitUntil(row(chat).isVisible)
    assert chosen(chat) == []
    assert counts(chat) == ["0", "0", "1"]
    judge(qtbot, chat, AFTER)
    until_kept(qtbot, run, "One: before", "One: after")
    model.words = ("new", " words")
    click(qtbot, answer(chat).again_button)
    qtbot.waitUntil(row(chat).isVisible)
    assert chosen(chat) == [BEFORE], "the same two answers are the pair that was judged"


def test_a_pair_that_comes_again_counts_once(qtbot: QtBot, chat: ChatView, run: RunFolder) -> None:
    talk(qtbot, chat, "One")
    judge(qtbot, chat, AFTER)
    click(qtbot, chat.new_button)
    talk(qtbot, chat, "One")
    qtbot.waitUntil(row(chat).isVisible)
    assert chosen(chat) == [AFTER]
    judge(qtbot, chat, ALIKE)
    until_kept(qtbot, run, "One: alike")
    assert counts(chat) == ["0", "1", "0"]


def test_everything_has_a_name_and_a_tooltip(qtbot: QtBot, chat: ChatView) -> None:
    talk(qtbot, chat, "One")
    judge(qtbot, chat, AFTER)
    controls = [*controls_of(row(chat)), *controls_of(chat.verdicts)]
    assert len(controls) == 4
    assert_named(controls)
    assert row(chat).buttons[AFTER].accessibleName() == "The answer after fine-tuning is better"


# --- keeping


def test_another_run_has_other_verdicts_and_these_come_back(
    qtbot: QtBot, chat: ChatView, run: RunFolder, ready: Workspace
) -> None:
    talk(qtbot, chat, "One")
    judge(qtbot, chat, AFTER)
    other = write_run(ready.runs_folder, "zzz")
    keep_verdicts(other, {str(n): judgement_of(BEFORE, question=str(n)) for n in range(3)})
    ready.choose_run(other)
    qtbot.waitUntil(lambda: counts(chat) == ["0", "0", "3"])
    ready.choose_run(run)
    assert not chat.comparison.isChecked()
    qtbot.waitUntil(lambda: counts(chat) == ["1", "0", "0"])
    until_kept(qtbot, run, "One: after")
    assert len(kept(other)) == 3


def test_a_run_that_is_opened_later_shows_its_table_past_a_torn_line(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, model: FakePredictor
) -> None:
    keep_verdicts(run, {str(n): judgement_of(AFTER, question=str(n)) for n in range(4)})
    with run.verdicts_file.open("ab") as file:
        file.write(b'{"verdict": "bef')
    chat = chat_of(show_page(qtbot, ready, questions))
    qtbot.waitUntil(chat.verdicts.isVisible)
    qtbot.waitUntil(lambda: counts(chat) == ["4", "0", "0"])
    assert "Your model is better than before" in chat.verdicts.sure.text()


def test_a_folder_that_refuses_loses_nothing_on_screen(qtbot: QtBot, chat: ChatView, run: RunFolder) -> None:
    talk(qtbot, chat, "One", "Two")
    report = run.path / "report"
    report.write_text("in the way")
    judge(qtbot, chat, AFTER)
    qtbot.waitUntil(chat.verdicts.error.isVisible)
    assert "The verdicts cannot be kept with the run." in chat.verdicts.error.text
    judge(qtbot, chat, BEFORE, 0)
    assert (chosen(chat), chosen(chat, 0)) == ([AFTER], [BEFORE])
    assert counts(chat) == ["1", "0", "1"]
    report.unlink()
    click(qtbot, chat.verdicts.again_button)
    qtbot.waitUntil(lambda: not chat.verdicts.error.isVisible())
    assert not chat.verdicts.again_button.isVisible()
    assert kept(run) == ["Two: after", "One: before"]


def test_what_was_refused_is_written_when_one_comes_back(
    qtbot: QtBot, chat: ChatView, run: RunFolder, ready: Workspace
) -> None:
    talk(qtbot, chat, "One")
    (run.path / "report").write_text("in the way")
    judge(qtbot, chat, AFTER)
    qtbot.waitUntil(chat.verdicts.error.isVisible)
    ready.choose_run(write_run(ready.runs_folder, "zzz"))
    assert not chat.verdicts.isVisible()
    (run.path / "report").unlink()
    ready.choose_run(run)
    qtbot.waitUntil(lambda: counts(chat) == ["1", "0", "0"])
    until_kept(qtbot, run, "One: after")
    qtbot.waitUntil(lambda: not chat.verdicts.error.isVisible())


def test_a_file_that_cannot_be_read_is_told(
    qtbot: QtBot, run: RunFolder, ready: Workspace, questions: FileAnswers, model: FakePredictor
) -> None:
    run.verdicts_file.mkdir(parents=True)
    chat = chat_of(show_page(qtbot, ready, questions))
    qtbot.waitUntil(chat.verdicts.error.isVisible)
    assert "cannot be read" in chat.verdicts.error.text
    run.verdicts_file.rmdir()
    keep_verdicts(run, {"": judgement_of(ALIKE)})
    click(qtbot, chat.verdicts.again_button)
    qtbot.waitUntil(lambda: counts(chat) == ["0", "1", "0"])
    assert not chat.verdicts.error.isVisible()


class SlowKeeping:
    """Writes verdicts when it may."""

    def __init__(self, core: FakeCore) -> None:
        self._keep = core.keep_verdicts
        self.begun, self.gate = threading.Event(), threading.Event()
        self.threads: list[str] = []

    def __call__(self, run: Path, changes: Mapping[str, Judgement | None]) -> list[Judgement]:
        self.threads.append(threading.current_thread().name)
        self.begun.set()
        assert self.gate.wait(20)
        return self._keep(run, changes)


@pytest.fixture
def keeping(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> SlowKeeping:
    """Return who keeps verdicts slowly."""
    slow = SlowKeeping(core)
    monkeypatch.setattr(core, "keep_verdicts", slow)
    return slow


def test_a_slow_disk_neither_holds_the_window_nor_mixes_runs_up(
    qtbot: QtBot, chat: ChatView, run: RunFolder, ready: Workspace, keeping: SlowKeeping
) -> None:
    talk(qtbot, chat, "One")
    judge(qtbot, chat, AFTER)
    qtbot.waitUntil(keeping.begun.is_set)
    judge(qtbot, chat, ALIKE)
    other = write_run(ready.runs_folder, "zzz")
    ready.choose_run(other)
    assert counts(chat) == []
    qtbot.waitUntil(chat.isVisible)
    compare(qtbot, chat)
    talk(qtbot, chat, "Two")
    judge(qtbot, chat, BEFORE)
    assert counts(chat) == ["0", "0", "1"]
    assert kept(run) == kept(other) == []
    keeping.gate.set()
    until_kept(qtbot, run, "One: alike")
    until_kept(qtbot, other, "Two: before")
    qtbot.wait(50)
    assert counts(chat) == ["0", "0", "1"]
    assert threading.main_thread().name not in keeping.threads


def test_the_end_of_the_program_waits_for_what_is_being_kept(
    qtbot: QtBot, chat: ChatView, run: RunFolder, keeping: SlowKeeping, qapp: QApplication
) -> None:
    talk(qtbot, chat, "One", "Two")
    judge(qtbot, chat, AFTER)
    qtbot.waitUntil(keeping.begun.is_set)
    judge(qtbot, chat, ALIKE, 0)
    threading.Timer(0.2, keeping.gate.set).start()
    qapp.aboutToQuit.emit()
    assert sorted(kept(run)) == ["One: alike", "Two: after"]


def test_the_real_core_keeps_and_reads_them(run: RunFolder) -> None:
    core, judgement = LocalCore(), judgement_of(AFTER)
    assert core.keep_verdicts(run.path, {judgement.key: judgement}) == [judgement]
    assert core.load_verdicts(run.path) == [judgement]


# --- taking all back


def test_all_are_taken_back_once_the_user_said_so(
    qtbot: QtBot, chat: ChatView, run: RunFolder, questions: FileAnswers
) -> None:
    talk(qtbot, chat, "One", "Two")
    judge(qtbot, chat, AFTER)
    judge(qtbot, chat, AFTER, 0)
    click(qtbot, chat.verdicts.back_button)
    assert questions.counts == [2]
    assert counts(chat) == ["2", "0", "0"]
    questions.forget = True
    click(qtbot, chat.verdicts.back_button)
    assert counts(chat) == chosen(chat) == chosen(chat, 0) == []
    until_kept(qtbot, run)


@pytest.mark.parametrize(("answered", "may"), [("&Take back", True), ("&Keep", False)])
def test_the_box_asks_before(qtbot: QtBot, chat: ChatView, answered: str, may: bool) -> None:
    def reply() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert box.text() == "Take back all 3 verdicts?"
        next(button for button in box.findChildren(QPushButton) if button.text() == answered).click()

    QTimer.singleShot(0, reply)
    assert FileBoxes(chat).may_forget_verdicts(3) is may


# --- words


def test_a_count_in_words() -> None:
    assert standing_of(Tally()) == Standing()
    standing = standing_of(Tally(before=12, alike=0, after=2))
    assert standing.rate == "14\N{NO-BREAK SPACE}%"
    assert [row.count for row in standing.rows] == ["2", "0", "12"]
    assert "worse than before" in standing.sure
    assert standing_of(Tally(after=1)).sure.startswith("1 pair does not tell")


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "0 %"), (0.001, "1 %"), (0.5, "50 %"), (0.999, "99 %"), (1, "100 %")]
)
def test_nearly_all_is_not_all(share: float, words: str) -> None:
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == words


def test_every_voice_has_a_verdict() -> None:
    assert {str(voice) for voice in Voice} == {str(verdict) for verdict in Verdict} - {"alike"}
