"""The lazily fetched table of rows: what is fetched, when, and how little is kept."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from desktop_app.adapters.rows_model import PAGE, PAGES_KEPT, Heading, RowsModel
from desktop_app.background.jobs import Jobs

MANY = 1_000_000
HEADINGS = (Heading("Text"), Heading("Label", wide=False))


class Source:
    """Rows that are made up when asked for; notes each request and the thread it came from."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, int]] = []
        self.threads: set[int] = set()
        self.error: Exception | None = None

    def fetch(self, start: int, count: int) -> Sequence[tuple[str, str]]:
        self.requests.append((start, count))
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        return [(f"text {row}", f"label {row % 3}") for row in range(start, start + count)]


@pytest.fixture
def jobs(qapp: object) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.wait()


def shown(model: RowsModel, row: int, column: int = 0) -> object:
    return model.data(model.index(row, column))


def test_a_row_is_fetched_with_its_page_when_it_is_looked_at(qtbot: QtBot, jobs: Jobs) -> None:
    source, model = Source(), RowsModel(jobs)
    model.show_rows(HEADINGS, MANY, source.fetch)
    assert source.requests == []
    row = 5 * PAGE + 7
    assert shown(model, row) == "…"
    with qtbot.waitSignal(model.dataChanged) as came:
        pass
    assert (came.args[0].row(), came.args[1].row()) == (5 * PAGE, 6 * PAGE - 1)
    assert (came.args[0].column(), came.args[1].column()) == (0, 1)
    assert (shown(model, row), shown(model, row, 1)) == (f"text {row}", f"label {row % 3}")
    assert source.requests == [(5 * PAGE, PAGE)]
    assert threading.get_ident() not in source.threads


def test_the_last_page_is_as_short_as_the_rows_are(qtbot: QtBot, jobs: Jobs) -> None:
    source, model = Source(), RowsModel(jobs)
    model.show_rows(HEADINGS, PAGE + 3, source.fetch)
    shown(model, PAGE + 2)
    with qtbot.waitSignal(model.dataChanged) as came:
        pass
    assert source.requests == [(PAGE, 3)]
    assert came.args[1].row() == PAGE + 2


def test_known_rows_are_there_at_once_and_never_fetched(qtbot: QtBot, jobs: Jobs) -> None:
    source, model = Source(), RowsModel(jobs)
    model.show_rows(HEADINGS, MANY, source.fetch, [("known", "a")] * PAGE)
    assert shown(model, 0) == "known"
    assert model.row_at(PAGE - 1) == ("known", "a")
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert source.requests == []


def test_few_pages_are_kept(qtbot: QtBot, jobs: Jobs) -> None:
    source, model = Source(), RowsModel(jobs)
    model.show_rows(HEADINGS, MANY, source.fetch)
    for page in [*range(PAGES_KEPT + 1), 0]:
        shown(model, page * PAGE)
        qtbot.waitUntil(lambda place=page * PAGE: shown(model, place) != "…")
    assert [start // PAGE for start, _ in source.requests] == [*range(PAGES_KEPT + 1), 0]


def test_pages_scrolled_past_are_dropped_and_the_latest_comes_first(qtbot: QtBot, jobs: Jobs) -> None:
    source, model = Source(), RowsModel(jobs)
    model.show_rows(HEADINGS, MANY, source.fetch)
    for page in range(100):
        shown(model, page * PAGE)
    qtbot.waitUntil(lambda: bool(source.requests) and not jobs.is_busy)
    assert source.requests[0] == (99 * PAGE, PAGE)
    assert len(source.requests) < 10


def test_an_answer_for_rows_that_were_replaced_is_dropped(qtbot: QtBot, jobs: Jobs) -> None:
    model, go_on = RowsModel(jobs), threading.Event()

    def slow(start: int, count: int) -> Sequence[tuple[str, str]]:
        go_on.wait(10)
        return [("old", "old")] * count

    model.show_rows(HEADINGS, MANY, slow)
    shown(model, 0)
    qtbot.waitUntil(lambda: jobs.is_busy)
    model.show_rows(HEADINGS, 10, Source().fetch)
    go_on.set()
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert shown(model, 0) == "…"
    qtbot.waitUntil(lambda: shown(model, 0) == "text 0")


def test_a_page_that_cannot_be_read_is_told_once(qtbot: QtBot, jobs: Jobs) -> None:
    source, model = Source(), RowsModel(jobs)
    source.error = OSError("the disk is gone")
    model.show_rows(HEADINGS, MANY, source.fetch)
    shown(model, 0)
    with qtbot.waitSignal(model.fetch_failed) as failed:
        pass
    assert failed.args == [source.error]
    assert shown(model, 0) == "…"
    qtbot.waitUntil(lambda: not jobs.is_busy)
    assert len(source.requests) == 1


def test_texts_are_shown_on_one_line_and_cut(qapp: object, jobs: Jobs) -> None:
    model = RowsModel(jobs)
    model.show_rows(HEADINGS, 1, known=[("two\n  lines " + "x" * 100_000, "a\tb")])
    assert str(shown(model, 0)).startswith("two lines xxx")
    assert len(str(shown(model, 0))) < 500
    assert shown(model, 0, 1) == "a b"
    assert model.row_at(0) == ("two\n  lines " + "x" * 100_000, "a\tb")


def test_row_numbers_are_those_of_the_file(qapp: object, jobs: Jobs) -> None:
    model = RowsModel(jobs)
    model.show_rows(HEADINGS, 3, known=[("a", "b")] * 3, number_of=lambda place: 1_000 * place + 2)
    vertical = Qt.Orientation.Vertical
    assert [model.headerData(row, vertical) for row in range(3)] == ["2", "1,002", "2,002"]


def test_a_row_has_as_many_cells_as_there_are_headings(qapp: object, jobs: Jobs) -> None:
    model = RowsModel(jobs)
    model.show_rows((Heading("Text"), Heading("Second text"), Heading("Number")), 1, known=[("a", "b", "3")])
    assert [model.headerData(column, Qt.Orientation.Horizontal) for column in range(4)] == [
        *("Text", "Second text", "Number"),
        None,
    ]
    assert [shown(model, 0, column) for column in range(3)] == ["a", "b", "3"]
    model.clear()
    assert (model.rowCount(), model.columnCount(), model.headings) == (0, 0, ())


def test_model_keeps_the_rules_of_qt(qtmodeltester: object, jobs: Jobs) -> None:
    model = RowsModel(jobs)
    model.show_rows(HEADINGS, 5, known=[("a", "b")] * 5)
    qtmodeltester.check(model)  # type: ignore[attr-defined]


def test_a_view_on_ten_million_rows_reaches_any_of_them(qtbot: QtBot, jobs: Jobs) -> None:
    source, model, view = Source(), RowsModel(jobs), QTableView()
    qtbot.addWidget(view)
    model.setParent(view)
    model.show_rows(HEADINGS, 10_000_000, source.fetch)
    view.setModel(model)
    view.show()
    chance = random.Random(3)
    for row in [9_999_999, *(chance.randrange(10_000_000) for _ in range(5))]:
        view.scrollTo(model.index(row, 0))
        qtbot.waitUntil(lambda row=row: shown(model, row) == f"text {row}")
    assert len(source.requests) < 40
