"""The left side of the window: the pages with their marks, and below them the runs of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from desktop_app.pages.base import PageState
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, muted, set_kind, strong
from desktop_app.widgets.row_delegate import RowDelegate, RowRole


@dataclass(frozen=True)
class RowMark:
    """The mark at the right of a row: a sign, a short text, the name of a colour, and what it means in words."""

    icon: str
    text: str
    color: str
    meaning: str


@dataclass(frozen=True)
class RunRow:
    """One run as the list shows it; ``key`` comes back when it is chosen."""

    key: str
    title: str
    subtitle: str
    mark: RowMark
    tooltip: str


def mark_of(state: PageState, problems: Sequence[str]) -> RowMark:
    """Return how a page's state is shown."""
    if problems:
        many = f"{len(problems)} things to mend" if len(problems) > 1 else "1 thing to mend"
        return RowMark("mdi6.alert-circle-outline", str(len(problems)), "error", many)
    marks = {
        PageState.EMPTY: RowMark("", "", "muted", "nothing here yet"),
        PageState.BUSY: RowMark("mdi6.progress-clock", "", "accent", "at work"),
        PageState.OK: RowMark("mdi6.check", "", "ok", "all well"),
        PageState.PROBLEM: RowMark("mdi6.alert-circle-outline", "", "error", "something to mend"),
    }
    return marks[state]


class Sidebar(QFrame):
    """Navigation and runs. Tells what was clicked; decides nothing."""

    page_wished = Signal(str)
    run_wished = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "sidebar")
        self.pages = _rows(theme, "Pages", "The steps from data to a trained model")
        self.runs = _rows(theme, "Runs", "Earlier runs of this project; choosing one shows it on the pages")
        self._no_runs = muted("None yet. Train to make the first.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP + 4, GAP, GAP)
        layout.setSpacing(4)
        layout.addWidget(self.pages)
        layout.addSpacing(2 * GAP)
        title = strong("Runs")
        title.setContentsMargins(10, 0, 0, 4)
        self._no_runs.setContentsMargins(10, 0, 0, 0)
        layout.addWidget(title)
        layout.addWidget(self._no_runs)
        layout.addWidget(self.runs, 1)
        layout.addStretch(0)
        self.setFixedWidth(max(212, self.fontMetrics().averageCharWidth() * 30))
        self.pages.currentItemChanged.connect(self._on_page_changed)
        self.runs.itemClicked.connect(self._on_run_picked)
        self.runs.itemActivated.connect(self._on_run_picked)
        theme.changed.connect(self._on_theme_changed)
        self.set_runs([], "")

    def add_page(self, key: str, title: str, icon: str, shortcut: str) -> None:
        """Add an entry to the navigation."""
        item = QListWidgetItem(title)
        item.setData(Qt.ItemDataRole.UserRole, key)
        item.setData(RowRole.ICON, icon)
        item.setData(Qt.ItemDataRole.StatusTipRole, shortcut)
        self.pages.addItem(item)
        self.pages.setFixedHeight(sum(self.pages.sizeHintForRow(i) for i in range(self.pages.count())) + 2)
        self.set_page_mark(key, mark_of(PageState.EMPTY, ()), ())

    def set_page_mark(self, key: str, mark: RowMark, problems: Sequence[str]) -> None:
        """Show a page's state; its problems become the tooltip."""
        item = self._page_item(key)
        shortcut = item.data(Qt.ItemDataRole.StatusTipRole)
        _mark(item, mark)
        words = "\n".join(f"• {problem}" for problem in problems) or mark.meaning.capitalize()
        item.setToolTip(f"{item.text()} ({shortcut})\n{words}")
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}: {mark.meaning}")

    def show_page(self, key: str) -> None:
        """Select a page without telling that it was wished for."""
        self.pages.blockSignals(True)
        self.pages.setCurrentItem(self._page_item(key))
        self.pages.blockSignals(False)
        self.pages.viewport().update()

    def set_runs(self, rows: Sequence[RunRow], chosen: str) -> None:
        """Show these runs; ``chosen`` is the key of the one that pages show."""
        self.runs.clear()
        for row in rows:
            item = QListWidgetItem(row.title)
            item.setData(Qt.ItemDataRole.UserRole, row.key)
            item.setData(RowRole.SUBTITLE, row.subtitle)
            _mark(item, row.mark)
            item.setToolTip(row.tooltip)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.title}, {row.subtitle}, {row.mark.meaning}")
            self.runs.addItem(item)
            if row.key == chosen:
                self.runs.setCurrentItem(item)
        self._no_runs.setVisible(not rows)
        self.runs.setVisible(bool(rows))

    def _page_item(self, key: str) -> QListWidgetItem:
        items = (self.pages.item(row) for row in range(self.pages.count()))
        return next(item for item in items if item.data(Qt.ItemDataRole.UserRole) == key)

    def _on_page_changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.page_wished.emit(item.data(Qt.ItemDataRole.UserRole))

    def _on_run_picked(self, item: QListWidgetItem) -> None:
        self.run_wished.emit(item.data(Qt.ItemDataRole.UserRole))

    def _on_theme_changed(self) -> None:
        self.pages.viewport().update()
        self.runs.viewport().update()


def _mark(item: QListWidgetItem, mark: RowMark) -> None:
    item.setData(RowRole.MARK_ICON, mark.icon)
    item.setData(RowRole.MARK_TEXT, mark.text)
    item.setData(RowRole.MARK_COLOR, mark.color)


def _rows(theme: Theme, name: str, tooltip: str) -> QListWidget:
    rows = QListWidget()
    set_kind(rows, "navigation")
    rows.setItemDelegate(RowDelegate(theme, rows))
    rows.setMouseTracking(True)
    rows.setAccessibleName(name)
    rows.setToolTip(tooltip)
    rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    rows.setIconSize(QSize(16, 16))
    rows.setMinimumHeight(0)
    return rows
