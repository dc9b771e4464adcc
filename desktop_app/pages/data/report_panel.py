"""What was noticed in the rows before anything is trained: the findings, and how many rows each class has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QListView,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop_app.adapters.class_shares import ClassSharesModel
from desktop_app.pages.data.contract import Counts
from desktop_app.pages.data.share_delegate import ShareDelegate
from desktop_app.theme import Theme
from desktop_app.widgets.kit import GAP, Card, Notice, muted, plain_button, set_kind, strong
from desktop_app.widgets.snug_scroll_area import SnugScrollArea
from trainer_core.data.report import Finding, Severity

SEVERITIES = {
    Severity.ERROR: ("mdi6.alert-circle-outline", "error", "Error"),
    Severity.WARNING: ("mdi6.alert-outline", "warning", "Warning"),
}
SPLIT_NAMES = {"train": "Training", "validation": "Validation"}
EXAMPLE_CHARACTERS = 200
ICON = 18
FEWEST_LINES = 8


class FindingsPanel(Card):
    """A card with the findings, or the state of reading."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Before training", parent)
        self._theme = theme
        self._busy = QWidget()
        self.notice = Notice()
        self._fine = _icon_row(theme, "mdi6.check-circle-outline", "ok", "Nothing to mend in these rows.")
        self._list = QWidget()
        self._findings: list[FindingRow] = []
        self._lay_out()
        self.show_busy()

    @property
    def findings(self) -> list[FindingRow]:
        """The rows shown, errors first."""
        return self._findings

    def show_busy(self) -> None:
        """Show that the rows are being read."""
        self._show()
        self._busy.show()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show these, or that there are none."""
        self._show(findings)
        self._fine.setVisible(not findings)

    def show_error(self, error: Exception) -> None:
        """Show an error nobody foresaw."""
        self._show()
        self.notice.show_error(error)

    def _show(self, findings: Sequence[Finding] = ()) -> None:
        self._busy.hide()
        self._fine.hide()
        self.notice.clear()
        for row in self._findings:
            self._rows.removeWidget(row)
            row.deleteLater()
        self._findings = [FindingRow(finding, self._theme, self._list) for finding in findings]
        for row in self._findings:
            self._rows.addWidget(row)
        self._list.setVisible(bool(findings))

    def _lay_out(self) -> None:
        busy = QVBoxLayout(self._busy)
        busy.setContentsMargins(0, 0, 0, 0)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("Reading the rows")
        busy.addWidget(muted("Reading the rows and checking them…"))
        busy.addWidget(bar)
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, GAP, 0)
        self._rows.setSpacing(2 * GAP)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        for widget in (self._busy, self.notice, self._fine, self._list):
            inner.addWidget(widget)
        inner.addStretch(1)
        self.area = SnugScrollArea(content)
        self.area.setAccessibleName("What was noticed in the rows")
        self.body.addWidget(self.area, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)


class Sign(QWidget):
    """A small icon beside words that say the same. Paints it anew each time, so that it follows the look."""

    def __init__(self, icon: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setFixedSize(ICON, ICON)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon."""
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()


class FindingRow(QWidget):
    """One finding: how much it matters, what it is, what to do, and where to look."""

    def __init__(self, finding: Finding, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        icon, color, word = SEVERITIES[finding.severity]
        place = PurePath(finding.where).name
        self.words = [word + (f" · {place}" if place else ""), finding.what, finding.remedy]
        if finding.rows and not all(str(row) in finding.what for row in finding.rows):
            numbers = ", ".join(f"{row:,}" for row in finding.rows)
            self.words.append(f"See row{'s' if len(finding.rows) > 1 else ''} {numbers}.")
        if finding.example:
            self.words.append(f"“{_shortened(finding.example)}”")
        column = QVBoxLayout()
        column.setSpacing(2)
        for place_in_list, text in enumerate(self.words):
            label = _selectable(
                strong(text) if place_in_list == 0 else muted(text) if place_in_list > 1 else QLabel(text)
            )
            column.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(Sign(theme.icon(icon, color)), 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(column, 1)
        self.setToolTip(finding.where if place else "")
        self.setAccessibleName(" ".join(self.words))


class ClassesPanel(Card):
    """A card with the classes of one split as bars, or the bands of its numbers; it hides where there is neither."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Classes", parent)
        self.baseline = muted()
        self.baseline.setToolTip("A model is worth something only where it beats this")
        self.model = ClassSharesModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(ShareDelegate(theme, self.list))
        set_kind(self.list, "bare")
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setAccessibleName("How many rows there are of each")
        self.list.setToolTip("The longest bar stands for the most rows")
        self.list.setMinimumHeight(self.fontMetrics().height() * FEWEST_LINES)
        theme.changed.connect(self.list.viewport().update)
        self._choice = QHBoxLayout()
        self._choice.setSpacing(GAP)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._on_split_clicked)
        self._counts = Counts()
        self._shown = "train"
        self.body.addLayout(self._choice)
        self.body.addWidget(self.baseline)
        self.body.addWidget(self.list, 1)

    def show_busy(self) -> None:
        """Forget the counts, but keep the place, so that nothing jumps while the rows are read."""
        self.model.show_classes({}, 0)
        self.baseline.setText("")
        for button in self._group.buttons():
            button.setEnabled(False)

    def show_counts(self, counts: Counts) -> None:
        """Show how many rows of each split there are of what is learnt, and what can be had without learning."""
        self._counts = counts
        self.set_title(counts.title)
        self.baseline.setText(counts.baseline)
        self.baseline.setVisible(bool(counts.baseline))
        self._make_buttons()
        self._show_split()
        counted = any(split.counts for split in counts.splits)
        self.list.setVisible(counted)
        self.setVisible(counted or bool(counts.baseline))

    def split_button(self, place: int) -> QPushButton:
        """Return the button that shows a split."""
        button = self._group.button(place)
        assert isinstance(button, QPushButton)
        return button

    def _make_buttons(self) -> None:
        for old in self._group.buttons():
            self._group.removeButton(old)
            self._choice.removeWidget(old)
            old.deleteLater()
        for place, split in enumerate(self._counts.splits):
            name = SPLIT_NAMES.get(split.name, split.name)
            button = plain_button(f"{name} {split.rows:,}")
            button.setCheckable(True)
            button.setChecked(split.name == self._shown)
            button.setAccessibleName(f"Count the {name.lower()} rows")
            button.setToolTip(f"{split.rows:,} rows {'to learn from' if split.name == 'train' else 'to measure on'}")
            self._group.addButton(button, place)
            self._choice.addWidget(button, 1)

    def _show_split(self) -> None:
        shown = next((split for split in self._counts.splits if split.name == self._shown), None)
        self.model.show_classes(shown.counts if shown else {}, shown.rows if shown else 0)

    def _on_split_clicked(self, place: int) -> None:
        self._shown = self._counts.splits[place].name
        self._show_split()


def _icon_row(theme: Theme, icon: str, color: str, text: str) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    words = QLabel(text)
    words.setWordWrap(True)
    layout.addWidget(Sign(theme.icon(icon, color)), 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(words, 1)
    return row


def _selectable(label: QLabel) -> QLabel:
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _shortened(text: str) -> str:
    line = " ".join(text[: 2 * EXAMPLE_CHARACTERS].split())
    return line if len(line) <= EXAMPLE_CHARACTERS else line[: EXAMPLE_CHARACTERS - 1] + "…"
