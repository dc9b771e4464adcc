"""What the chat says of answers, what it offers to begin with, who remembers what, and how it listens. No widgets."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path

import pytest

from desktop_app.pages.try_it.chat import listening
from desktop_app.pages.try_it.chat.conversation import Conversation, Voice
from desktop_app.pages.try_it.chat.listening import Ear
from desktop_app.pages.try_it.chat.words import Reply, first_messages, reply_of
from desktop_app.pages.try_it.predicting import LoadedRun
from tests.support.fake_core import FakePredictor
from tests.support.runs import write_run
from tests.support.small_data import small_report
from trainer_core.data.report import ColumnInfo, DataReport
from trainer_core.data.roles import Content, Need, Role
from trainer_core.inference.written import WritingEnd, WritingSettings, Written

BEFORE, AFTER = Voice.BEFORE, Voice.AFTER


def written(text: str, *, tokens: int = 38, end: WritingEnd = WritingEnd.DONE, forgotten: int = 0) -> Written:
    return Written(text, tokens, tokens / 12.4, end, forgotten)


def report_of(rows: list[tuple[str, ...]], *roles: Role) -> DataReport:
    """Return a report on rows with these columns."""
    return dataclasses.replace(
        small_report(),
        needs=tuple(Need(role, Content.TEXT, role) for role in roles),
        columns=tuple(ColumnInfo(role, place, role, False) for place, role in enumerate(roles)),
        sample=rows,
    )


# --- words


def test_under_an_answer_stands_how_long_and_how_quick_it_was() -> None:
    assert reply_of(written("Yes.")) == Reply("Yes.", "38 tokens, 12.4 a second")
    stopped = reply_of(written("Yes", tokens=1, end=WritingEnd.STOPPED))
    assert stopped.facts == "1 token, 12.4 a second · stopped by you"
    cut = reply_of(written("Yes", tokens=256, end=WritingEnd.LENGTH))
    assert cut.facts == "256 tokens, 12.4 a second · cut at 256 tokens"
    assert reply_of(written("", tokens=1)).facts == "Nothing was written · 1 token, 12.4 a second"


@pytest.mark.parametrize(("tokens", "words"), [(1, "first 1 token was"), (1200, "first 1,200 tokens were")])
def test_an_answer_to_half_a_conversation_says_so(tokens: int, words: str) -> None:
    assert words in reply_of(written("Yes.", forgotten=tokens)).warning


# --- the first message


def test_the_lines_beside_the_project_come_first(tmp_path: Path) -> None:
    rows = [("How are you?", "Well.")]
    report = report_of(rows, Role.QUESTION, Role.ANSWERS)
    assert first_messages(tmp_path, report) == ["How are you?"]
    assert first_messages(tmp_path, None) == []
    (tmp_path / "try.txt").write_text("One\tand\n\nTwo\n", encoding="utf-8")
    assert first_messages(tmp_path, report) == ["One\tand", "Two"]


def test_instructions_come_with_what_they_are_about(tmp_path: Path) -> None:
    rows = [("Sum up.", "A long text", "Text."), ("Sing.", " ", "La."), ("Sing.", "", "La la.")]
    report = report_of(rows, Role.QUESTION, Role.CONTEXT, Role.ANSWERS)
    assert first_messages(tmp_path, report) == ["Sum up.\n\nA long text", "Sing."]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ([{"role": "system", "content": "s"}, {"role": "user", "content": " Hi "}], ["Hi"]),
        ({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}, ["Hi"]),
        ({"turns": []}, []),
        ([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], []),
        (["Hi"], []),
        ("Hi", []),
    ],
)
def test_of_conversations_the_first_words_are_offered(tmp_path: Path, cell: object, said: list[str]) -> None:
    assert first_messages(tmp_path, report_of([(json.dumps(cell),), ("{",)], Role.MESSAGES)) == said


def test_plain_texts_offer_nothing_to_say(tmp_path: Path) -> None:
    assert first_messages(tmp_path, report_of([("A text.",)], Role.TEXT)) == []


# --- who remembers what


def test_a_voice_remembers_what_it_said_itself() -> None:
    talk = Conversation()
    assert talk.messages(talk.add("One"), AFTER, " ") == [{"role": "user", "content": "One"}]
    talk.keep(0, AFTER, written("new"))
    talk.keep(talk.add("Two"), AFTER, written(" "))
    talk.keep(1, BEFORE, written("old"))
    talk.add("Three")
    said = [message["content"] for message in talk.messages(2, AFTER, "Be kind.\n")]
    assert said == ["Be kind.", "One", "new", "Three"]
    assert [message["content"] for message in talk.messages(2, BEFORE, "")] == ["Two", "old", "Three"]
    talk.drop(0, AFTER)
    talk.drop(0, AFTER)
    assert len(talk.messages(2, AFTER, "")) == 1
    talk.clear()
    assert talk.turns == []


# --- listening


def test_a_quick_model_is_told_of_in_larger_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    listener = Ear().listen()(told.append)
    for seconds, piece in ((0.0, "a"), (1e9, "b"), (1e9, "c"), (0.0, "d"), (0.0, ""), (1e9, "held")):
        monkeypatch.setattr(listening, "TELL_SECONDS", seconds)
        assert listener(piece)
    assert told == ["a", "bcd"]


def test_having_heard_enough_ends_one_answer_and_not_the_next() -> None:
    ear = Ear()
    first = ear.listen()(print)
    ear.stop()
    assert ear.stopped
    assert not first("")
    second = ear.listen()(print)
    assert not ear.stopped
    assert second("")
    assert not first("")


def test_who_waits_for_a_busy_model_can_stop(tmp_path: Path) -> None:
    gate, reached = threading.Event(), threading.Event()
    loaded = LoadedRun(write_run(tmp_path), "", FakePredictor(words=("a",)))

    def hold(piece: str) -> bool:
        reached.set()
        return gate.wait(10)

    holder = threading.Thread(target=lambda: loaded.converse([], WritingSettings(), hold))
    holder.start()
    assert reached.wait(10)
    answers = iter((True, False))
    assert loaded.converse([], WritingSettings(), lambda _: next(answers)).end is WritingEnd.STOPPED
    gate.set()
    holder.join()
    assert loaded.converse([], WritingSettings(), lambda _: True).text == "a"
