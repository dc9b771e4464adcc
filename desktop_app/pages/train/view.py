"""The widgets of the Train page. Decides nothing; its plots are made when their libraries are loaded and it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.pages.train.change_dialog import StageChangeDialog
from desktop_app.pages.train.feed import RunFeed
from desktop_app.pages.train.offer import Offer
from desktop_app.pages.train.offer_card import OfferCard
from desktop_app.pages.train.pinned_card import PinnedCard, pin_button
from desktop_app.pages.train.side import FactList, ProgressLine, SummaryCard
from desktop_app.pages.train.words import Fact, Progress, Summary
from desktop_app.plots.refresh import Refresher
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, Card, EmptyState, Notice, PageFrame, muted, plain_button

if TYPE_CHECKING:
    from desktop_app.pages.train.board import PlotBoard
    from trainer_core.layers.tree import LayerTree
    from trainer_core.stages.plan import StagePlan

SIDE_WIDTH = 280
WIDE = 880
"""From this width on the column stands beside the plots."""
NO_LIMIT = 16_777_215
"""Qt's own number for a widget that may be as wide as it likes."""


class TrainView(PageFrame):
    """Plots at the left; at the right how the run stands and how it came out."""

    folder_wished = Signal()
    try_wished = Signal()
    live_wished = Signal()
    offer_taken = Signal(object, int)
    change_wished = Signal()
    change_made = Signal(object)
    text_due = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Train", parent=parent)
        self._theme = theme
        self._feed: RunFeed | None = None
        self._board: PlotBoard | None = None
        self._plots_loaded = False
        self._shown_error: Exception | None = None
        self._refresher = Refresher(self)
        self._refresher.text_due.connect(self.text_due)
        self._empty = EmptyState("mdi6.chart-line", "No run yet", "")
        self._make_pinned()
        self._make_side()
        self._lay_out()

    @property
    def board(self) -> PlotBoard | None:
        """The plots; None before the page was seen with a run."""
        return self._board

    # --- setters -----------------------------------------------------------------------------------------------

    def show_empty(self, text: str, *, pinnable: bool) -> None:
        """Show that there is no run, and whether texts can be pinned for the first one."""
        self._empty.set_words("No run yet", text)
        self.pin_button.setVisible(pinnable)
        self._pages.setCurrentWidget(self._empty)
        self._refresher.stop()

    def show_run(self, feed: RunFeed, *, live: bool) -> None:
        """Draw what the feed holds; it grows while ``live``."""
        self._feed = feed
        self._pages.setCurrentWidget(self._run_page)
        if self._board is not None:
            self._board.follow()
        if live:
            self._refresher.start()
        else:
            self._refresher.stop()
        self._make_board_if_due()

    def make_plots(self) -> None:
        """Make the plots when the page is seen: their libraries are there now."""
        self._plots_loaded = True
        self._make_board_if_due()

    def show_headline(self, text: str) -> None:
        """Show how the run stands."""
        self.set_subtitle(text)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """List what is known of the run."""
        self.fact_list.show_facts(facts)
        self._facts_card.setVisible(bool(facts))

    def show_progress(self, work: Progress | None, run: Progress | None) -> None:
        """Show the bars."""
        self.work_line.show_progress(work)
        self.run_line.show_progress(run)
        self._progress_card.setVisible(work is not None or run is not None)

    def show_failure(self, error: Exception | None) -> None:
        """Show why the run failed, or that it did not."""
        if error is None:
            self.failure.clear()
        elif error is not self._shown_error:  # showing it again would fold the details that were just unfolded
            self.failure.show_error(error)
        self._shown_error = error

    def show_warnings(self, warnings: Sequence[str]) -> None:
        """Show what the run warned of."""
        text = "\n".join(warnings)
        if not text:
            self.warnings.clear()
        elif text != self.warnings.text:
            self.warnings.show_info(text)

    def show_summary(self, summary: Summary | None) -> None:
        """Show how the run came out, or nothing."""
        self.summary.setVisible(summary is not None)
        if summary is not None:
            self.summary.show_summary(summary)

    def show_offer(self, offer: Offer | None, *, enabled: bool) -> None:
        """Show what can be done with a run that stands, or nothing."""
        self.offer.show_offer(offer, enabled=enabled)

    def show_changeable(self, changeable: bool) -> None:
        """Offer to change the stage that is running, or not."""
        self.change_button.setVisible(changeable)

    def ask_change(self, tree: LayerTree, stage: StagePlan) -> None:
        """Show a running stage as it is, and let the user change it."""
        dialog = StageChangeDialog(tree, stage, self._theme, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wished.connect(self.change_made)
        dialog.open()

    def show_other_run(self, text: str) -> None:
        """Say that another run is under way, or nothing when empty."""
        self.live_button.setVisible(bool(text))
        if text:
            self.other_run.show_info(text)
        else:
            self.other_run.clear()

    def open_folder(self, folder: Path) -> None:
        """Show a folder in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    # --- events ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Make the plots at last."""
        super().showEvent(event)
        self._make_board_if_due()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the column beside the plots, or under them."""
        super().resizeEvent(event)
        self._place_side()

    def _make_board_if_due(self) -> None:
        if self._board is not None or self._feed is None or not self._plots_loaded or not self.isVisible():
            return
        from desktop_app.pages.train.board import PlotBoard

        self._board = PlotBoard(self._feed, self._theme, self._refresher)
        self._waiting.hide()
        self._plots.insertWidget(0, self._board, 1)

    # --- making ------------------------------------------------------------------------------------------------

    def _make_pinned(self) -> None:
        self.pinned = PinnedCard()
        self.pin_button = pin_button()
        self.pin_button.clicked.connect(self.pinned.pins_wished)
        self._empty.add_action(self.pin_button)

    def _make_side(self) -> None:
        self.failure = Notice()
        self.warnings = Notice()
        self.other_run = Notice()
        self.live_button = plain_button("Show it", "mdi6.chart-line")
        self.live_button.setToolTip("Show the run that is under way")
        self.live_button.clicked.connect(self.live_wished)
        self.work_line = ProgressLine()
        self.run_line = ProgressLine()
        self.fact_list = FactList()
        self.summary = SummaryCard()
        self.summary.folder_wished.connect(self.folder_wished)
        self.summary.try_wished.connect(self.try_wished)
        self.offer = OfferCard()
        self.offer.wished.connect(self.offer_taken)
        self._progress_card = Card("Progress")
        self._progress_card.body.addWidget(self.work_line)
        self._progress_card.body.addWidget(self.run_line)
        self._facts_card = Card("This run")
        self._facts_card.body.addWidget(self.fact_list)
        self.change_button = plain_button("Change this stage…", "mdi6.tune")
        self.change_button.setToolTip("Other layers, or another learning rate, from the next step on")
        self.change_button.clicked.connect(self.change_wished)
        self._facts_card.body.addWidget(self.change_button)

    def _lay_out(self) -> None:
        other = QHBoxLayout()
        other.setSpacing(GAP)
        other.addWidget(self.other_run, 1)
        other.addWidget(self.live_button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(other)
        self.body.addWidget(self.failure)
        self._side = self._side_column()
        self._plots = QVBoxLayout()
        self._waiting = muted("Loading the plots")
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._plots.setSpacing(2 * GAP)
        self._plots.addWidget(self._waiting, 1)
        self._plots.addWidget(self.pinned)
        content = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, content)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(2 * GAP)
        self._columns.addLayout(self._plots, 1)
        self._columns.addWidget(self._side)
        self._run_page = _scrolling(content)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._run_page)
        self.body.addWidget(self._pages, 1)

    def _side_column(self) -> QWidget:
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * GAP)
        for widget in (self.summary, self.offer, self._progress_card, self._facts_card, self.warnings):
            layout.addWidget(widget)
        layout.addStretch(1)
        return column

    def _place_side(self) -> None:
        """Put the column beside the plots, or under them where the window is narrow."""
        wide = self.width() >= WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        self._columns.setDirection(direction)
        self._side.setMinimumWidth(SIDE_WIDTH)
        self._side.setMaximumWidth(SIDE_WIDTH if wide else NO_LIMIT)


def _scrolling(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
