"""The rows of a data set as a Qt table: pages are fetched in the background when they come into view; few are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from desktop_app.background.jobs import Jobs

Row = tuple[str, ...]
Fetch = Callable[[int, int], Sequence[Row]]
NumberOf = Callable[[int], int]
Index = QModelIndex | QPersistentModelIndex

FETCH = "Fetching rows"
PAGE = 256
PAGES_KEPT = 16
PAGES_WAITING = 4
SHOWN_CHARACTERS = 400


@dataclass(frozen=True)
class Heading:
    """What stands over a column, and whether its cells are long texts, which want all the room there is."""

    title: str
    wide: bool = True


class RowsModel(QAbstractTableModel):
    """The cells in use of every row, whatever their number.

    One page is fetched at a time. Pages asked for later come first, because they are the ones in view; those that
    were scrolled past are dropped before they are fetched.
    """

    fetch_failed = Signal(object)
    """A page could not be read: the exception. It is not asked for again until ``show_rows``."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._fetch: Fetch | None = None
        self._total = 0
        self._headings: tuple[Heading, ...] = ()
        self._known: Sequence[Row] = ()
        self._number_of: NumberOf | None = None
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()
        self._wanted: list[int] = []
        self._failed: set[int] = set()
        self._in_flight: int | None = None
        self._generation = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._on_soon)

    @property
    def headings(self) -> tuple[Heading, ...]:
        """What stands over the columns."""
        return self._headings

    def show_rows(
        self,
        headings: Sequence[Heading],
        total: int,
        fetch: Fetch | None = None,
        known: Sequence[Row] = (),
        number_of: NumberOf | None = None,
    ) -> None:
        """Show other rows.

        Args:
            headings: one a cell of each row.
            total: how many there are.
            fetch: returns ``count`` rows from ``start``; called in the background as ``fetch(start, count)``.
            known: the first rows, which need not be fetched.
            number_of: returns the number of a row in its file; without it, rows have none.
        """
        self.beginResetModel()
        self._generation += 1
        self._headings = tuple(headings)
        self._fetch, self._total, self._known, self._number_of = fetch, total, known, number_of
        self._pages.clear()
        self._wanted.clear()
        self._failed.clear()
        self._in_flight = None
        self.endResetModel()

    def clear(self) -> None:
        """Show no rows."""
        self.show_rows((), 0)

    def row_at(self, place: int) -> Row | None:
        """Return a whole row, or None while it is not here; asks for it then."""
        if place < len(self._known):
            return self._known[place]
        number, offset = divmod(place, PAGE)
        page = self._pages.get(number)
        if page is None:
            self._ask(number)
            return None
        self._pages.move_to_end(number)
        return page[offset] if offset < len(page) else None

    # --- QAbstractTableModel -----------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows."""
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._headings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """Return the beginning of a cell, on one line."""
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        row = self.row_at(index.row())
        return "\u2026" if row is None else one_line(row[index.column()])

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Return the name of a column, or the number that a row has in its file."""
        if role != Qt.ItemDataRole.DisplayRole or section < 0:
            return None
        if orientation is Qt.Orientation.Horizontal:
            return self._headings[section].title if section < len(self._headings) else None
        if self._number_of is None or section >= self._total:
            return ""
        return f"{self._number_of(section):,}"

    # --- fetching ----------------------------------------------------------------------------------------------

    def _ask(self, page: int) -> None:
        if self._fetch is None or page in self._failed or page == self._in_flight:
            return
        if page in self._wanted:
            self._wanted.remove(page)
        self._wanted.append(page)
        del self._wanted[:-PAGES_WAITING]
        # The view is painting at this moment; starting a job tells the window, which must not happen then.
        self._soon.start()

    def _on_soon(self) -> None:
        if self._fetch is None or self._in_flight is not None or not self._wanted:
            return
        page = self._wanted.pop()
        self._in_flight = page
        start = page * PAGE
        self._jobs.start(
            FETCH,
            partial(self._fetch, start, min(PAGE, self._total - start)),
            partial(self._on_fetched, self._generation, page),
            partial(self._on_not_fetched, self._generation, page),
        )

    def _on_fetched(self, generation: int, page: int, rows: Sequence[Row]) -> None:
        if generation != self._generation:
            return
        self._in_flight = None
        self._pages[page] = rows
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        self._tell_changed(page)
        self._on_soon()

    def _on_not_fetched(self, generation: int, page: int, error: Exception) -> None:
        if generation != self._generation:
            return
        self._in_flight = None
        self._failed.add(page)
        self.fetch_failed.emit(error)
        self._on_soon()

    def _tell_changed(self, page: int) -> None:
        first, last = page * PAGE, min((page + 1) * PAGE, self._total) - 1
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._headings) - 1))


def one_line(text: str) -> str:
    """Return the beginning of a text without line breaks, short enough to be laid out quickly."""
    return " ".join(text[:SHOWN_CHARACTERS].split())
