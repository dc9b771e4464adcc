"""How the training file is read, and which rows are held out for validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.fitting_box import FittingBox
from desktop_app.widgets.kit import GAP, Card, plain_button

if TYPE_CHECKING:
    from desktop_app.pages.data.contract import DataSettings

MOST_ROWS = 2_000_000_000
FIRST_LIMIT = 1_000


class ReadingPanel(Card):
    """A card with the header, the limit, and what happens to incomplete rows."""

    header_chosen = Signal(object)
    limit_chosen = Signal(object)
    skip_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Reading the file", parent)
        self.header = FittingBox()
        self.header.setToolTip("Whether the first row names the columns. Otherwise it is learned from like any other.")
        self.header.addItem("", None)
        self.header.addItem("Has names", True)
        self.header.addItem("No names", False)
        self.limited = QCheckBox("&At most")
        self.limited.setToolTip("Learn from the first rows only: a quick try before the whole file")
        self.limit = QSpinBox()
        self.limit.setRange(1, MOST_ROWS)
        self.limit.setValue(FIRST_LIMIT)
        self.limit.setGroupSeparatorShown(True)
        self.limit.setKeyboardTracking(False)
        self.limit.setSuffix(" rows")
        self.limit.setMinimumWidth(self.fontMetrics().averageCharWidth() * 16)
        self.limit.setAccessibleName("The most rows to use")
        self.limit.setToolTip("Rows after this many are not read")
        self.skip = QCheckBox("Leave out i&ncomplete rows")
        self.skip.setToolTip("Rows that lack something the task needs are skipped; otherwise they forbid training")
        self._lay_out()
        self.header.activated.connect(self._on_header_activated)
        self.limited.clicked.connect(self._on_limited_clicked)
        self.limit.valueChanged.connect(self._on_limit_changed)
        self.skip.clicked.connect(self.skip_chosen)

    def show_settings(self, settings: DataSettings) -> None:
        """Show what the project says."""
        found = {True: " (names)", False: " (no names)", None: ""}[settings.header_found]
        self.header.setItemText(0, "Find out" + (found if settings.header is None else ""))
        self.header.setCurrentIndex((None, True, False).index(settings.header))
        self.limited.setChecked(settings.limit is not None)
        self.limit.setEnabled(settings.limit is not None)
        if settings.limit is not None:
            with QSignalBlocker(self.limit):
                self.limit.setValue(settings.limit)
        self.skip.setChecked(settings.skip_incomplete)

    def _lay_out(self) -> None:
        label = QLabel("First r&ow")
        label.setBuddy(self.header)
        self.header.setAccessibleName("First row")
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.header, 0, 1)
        grid.addWidget(self.limited, 1, 0)
        grid.addWidget(self.limit, 1, 1)
        grid.addWidget(self.skip, 2, 0, 1, 2)
        self.body.addLayout(grid)

    def _on_header_activated(self, place: int) -> None:
        self.header_chosen.emit((None, True, False)[place])

    def _on_limit_changed(self, limit: int) -> None:
        self.limit_chosen.emit(limit)

    def _on_limited_clicked(self, limited: bool) -> None:
        self.limit_chosen.emit(self.limit.value() if limited else None)


class ValidationPanel(Card):
    """A card with the two ways to get validation rows."""

    file_wanted = Signal()
    share_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Validation", parent)
        self.by_share = QRadioButton("Hol&d out")
        self.by_share.setToolTip(
            "A share of the rows is never learned from; the model is measured on them. "
            "Every class, or band of numbers, gives its part."
        )
        self.share = QDoubleSpinBox()
        self.share.setRange(0.1, 99.9)
        self.share.setDecimals(1)
        self.share.setSuffix(" %")
        self.share.setKeyboardTracking(False)
        self.share.setAccessibleName("Share of the rows to hold out")
        self.share.setToolTip("More rows measure more surely, but leave fewer to learn from. 10 to 20 % is usual.")
        self.by_file = QRadioButton("A file of &its own")
        self.by_file.setToolTip("The model is measured on the rows of another file with the same columns")
        self.file = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.choose = plain_button("Choose…")
        self.choose.setAccessibleName("Choose a validation file")
        self.choose.setToolTip("Choose the file with the rows to measure on")
        self._lay_out()
        self.by_share.clicked.connect(self._on_by_share_clicked)
        self.share.valueChanged.connect(self._on_share_changed)
        self.by_file.clicked.connect(self.file_wanted)
        self.choose.clicked.connect(self.file_wanted)

    def show_settings(self, settings: DataSettings) -> None:
        """Show what the project says."""
        own = settings.validation is not None
        (self.by_file if own else self.by_share).setChecked(True)
        self.share.setEnabled(not own)
        if not own:
            with QSignalBlocker(self.share):
                self.share.setValue(100 * settings.share)
        self.file.set_whole_text(settings.validation or "")
        self.file.setVisible(own)
        self.choose.setVisible(own)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(GAP)
        first.addWidget(self.by_share)
        first.addWidget(self.share, 1)
        second = QHBoxLayout()
        second.setSpacing(GAP)
        second.addWidget(self.file, 1)
        second.addWidget(self.choose)
        self.body.addLayout(first)
        self.body.addWidget(self.by_file)
        self.body.addLayout(second)

    def _on_by_share_clicked(self) -> None:
        if not self.share.isEnabled():
            self._on_share_changed(self.share.value())

    def _on_share_changed(self, value: float) -> None:
        self.share_chosen.emit(round(value / 100, 4))
