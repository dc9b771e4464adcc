"""The helper for background work: answers in the window's thread, failures shown, overtaken answers dropped."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.background.jobs import Jobs


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    """Return jobs that are at rest at the end."""
    jobs = Jobs()
    yield jobs
    jobs.wait()
    jobs.deleteLater()


def test_work_is_done_elsewhere_and_answered_here(jobs: Jobs, qtbot: QtBot) -> None:
    places: list[threading.Thread] = []
    answers: list[tuple[int, threading.Thread]] = []
    jobs.start(
        "Count",
        lambda: (places.append(threading.current_thread()), 7)[1],
        lambda value: answers.append((value, threading.current_thread())),
    )
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [(7, threading.main_thread())]
    assert places[0] is not threading.main_thread()


def test_a_failure_goes_to_its_handler(jobs: Jobs, qtbot: QtBot) -> None:
    failures: list[Exception] = []
    with qtbot.assertNotEmitted(jobs.failed):
        jobs.start("Divide", lambda: 1 / 0, print, failures.append)
        qtbot.waitUntil(lambda: bool(failures))
    assert isinstance(failures[0], ZeroDivisionError)


def test_a_failure_without_a_handler_is_told_to_all(jobs: Jobs, qtbot: QtBot) -> None:
    with qtbot.waitSignal(jobs.failed) as told:
        jobs.start("Divide", lambda: 1 / 0, print)
    assert isinstance(told.args[0], ZeroDivisionError)


def test_an_overtaken_answer_is_dropped(jobs: Jobs, qtbot: QtBot) -> None:
    gate, answers = threading.Event(), []
    jobs.start("Ask", lambda: (gate.wait(10), "old")[1], answers.append)
    jobs.start("Ask", lambda: "new", answers.append)
    gate.set()
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert answers == ["new"]


def test_a_forgotten_answer_is_dropped(jobs: Jobs, qtbot: QtBot) -> None:
    gate, answers = threading.Event(), []
    jobs.start("Ask", lambda: (gate.wait(10), "old")[1], answers.append)
    jobs.forget("Ask")
    gate.set()
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert answers == []


def test_after_the_end_nothing_is_answered_and_nothing_begun(jobs: Jobs, qtbot: QtBot) -> None:
    begun, answers = [], []
    for name in ("Ask", "Read"):
        jobs.start(name, lambda name=name: begun.append(name), answers.append, answers.append)
    jobs.close()
    jobs.start("Late", lambda: begun.append("Late"), answers.append, answers.append)
    qtbot.wait(50)
    assert "Late" not in begun
    assert answers == []


def test_a_waiting_job_that_was_overtaken_is_not_even_begun(jobs: Jobs, qtbot: QtBot) -> None:
    gate, begun = threading.Event(), []
    jobs.start("Block", lambda: gate.wait(10), print)
    for number in range(5):
        jobs.start("Ask", lambda number=number: begun.append(number), lambda _: None)
    gate.set()
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert begun == [4]


def test_what_is_done_is_named_until_all_is_done(jobs: Jobs, qtbot: QtBot) -> None:
    names: list[str] = []
    jobs.busy_changed.connect(names.append)
    jobs.start("Read", lambda: 1, lambda _: None)
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert names == ["Read", ""]


def test_what_must_not_be_lost_is_done_before_the_end(jobs: Jobs, qtbot: QtBot) -> None:
    done: list[str] = []
    gate = threading.Event()
    jobs.start("Write one", lambda: (gate.wait(10), done.append("one")), done.append)
    jobs.start("Write two", lambda: done.append("two"), done.append)
    threading.Timer(0.05, gate.set).start()
    jobs.finish()
    assert done == ["one", "two"]
    jobs.start("Write three", lambda: done.append("three"), done.append)
    qtbot.wait(50)
    assert done == ["one", "two"]
