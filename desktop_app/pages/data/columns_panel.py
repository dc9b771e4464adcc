"""The columns of the training file, each with its role."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.fitting_box import FittingBox
from desktop_app.widgets.kit import GAP, Card, muted, plain_button, set_kind
from trainer_core.data.report import ColumnInfo
from trainer_core.data.roles import Need

NOT_USED = "Not used"


class ColumnsPanel(Card):
    """A card with one row a column."""

    role_chosen = Signal(int, str)
    guess_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Columns", parent)
        self.guess = plain_button("&Guess again", "mdi6.auto-fix")
        self.guess.setToolTip("Forget the roles you chose and guess them from the file again")
        self.guess.clicked.connect(self.guess_wanted)
        self._unknown = muted("The columns are shown once the file could be read.")
        self._column_rows = QVBoxLayout()
        self._column_rows.setSpacing(GAP)
        self.body.addWidget(self._unknown)
        self.body.addLayout(self._column_rows)
        self.body.addWidget(self.guess, 0, Qt.AlignmentFlag.AlignLeft)
        self._rows: list[ColumnRow] = []
        self._refocus = -1

    def show_columns(self, columns: Sequence[ColumnInfo], needs: Sequence[Need]) -> None:
        """Show these columns, and which of them the task needs; none are unknown columns."""
        same = [row.name for row in self._rows] == [column.name for column in columns]
        if not same:
            self._rebuild(len(columns))
        for row, column in zip(self._rows, columns, strict=True):
            row.show_column(column, needs)
        self._unknown.setVisible(not columns)
        self._allow(True)

    def show_busy(self) -> None:
        """Let nothing be chosen until the columns are known."""
        focus = QApplication.focusWidget()
        self._refocus = next((place for place, row in enumerate(self._rows) if row.role is focus), -1)
        self._allow(False)

    def set_chosen(self, chosen: bool) -> None:
        """Tell whether a role was chosen rather than guessed: then one can go back to guessing."""
        self.guess.setVisible(chosen)

    def row(self, position: int) -> ColumnRow:
        """Return the row of a column."""
        return self._rows[position]

    def _allow(self, allowed: bool) -> None:
        for row in self._rows:
            row.setEnabled(allowed)
        if allowed and 0 <= self._refocus < len(self._rows):
            self._rows[self._refocus].role.setFocus()
            self._refocus = -1

    def _rebuild(self, count: int) -> None:
        for row in self._rows:
            self._column_rows.removeWidget(row)
            row.deleteLater()
        self._rows = [ColumnRow(self) for _ in range(count)]
        for row in self._rows:
            row.role_chosen.connect(self.role_chosen)
            self._column_rows.addWidget(row)


class ColumnRow(QWidget):
    """One column: its name, its role, whether that was guessed, and what stands in it."""

    role_chosen = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = ""
        self._position = 0
        self._name = ElidedLabel()
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._examples = ElidedLabel()
        set_kind(self._examples, "muted")
        self.guessed = muted("guessed")
        self.guessed.setWordWrap(False)
        self.guessed.setToolTip("Thaw guessed this from the name and content of the column; choose to decide yourself")
        self.role = FittingBox()
        self._needs: tuple[Need, ...] = ()
        self.role.activated.connect(self._on_role_activated)
        self._lay_out()

    def show_column(self, column: ColumnInfo, needs: Sequence[Need]) -> None:
        """Show a column, and which roles it can have."""
        self._offer(needs)
        self.name, self._position = column.name, column.position
        self._name.set_whole_text(column.name)
        self._examples.set_whole_text(" · ".join(cell for cell in column.examples if cell.strip()))
        self.role.setAccessibleName(f"Role of the column {column.name}")
        with QSignalBlocker(self.role):
            self.role.setCurrentIndex(self.role.findData(column.role.value if column.role else ""))
        self.guessed.setVisible(column.guessed and column.role is not None)

    def _offer(self, needs: Sequence[Need]) -> None:
        if tuple(needs) == self._needs:
            return
        self._needs = tuple(needs)
        with QSignalBlocker(self.role):
            self.role.clear()
            for need in needs:
                self.role.addItem(need.title, need.role.value)
            self.role.addItem(NOT_USED, "")
        self.role.setToolTip(role_tip(needs))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(self._name, 1)
        top.addWidget(self.role)
        below = QHBoxLayout()
        below.setSpacing(GAP)
        below.addWidget(self._examples, 1)
        below.addWidget(self.guessed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, GAP // 2)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(below)

    def _on_role_activated(self, place: int) -> None:
        self.role_chosen.emit(self._position, self.role.itemData(place))


def role_tip(needs: Sequence[Need]) -> str:
    """Return what the roles of columns mean for a task."""
    reads = " and ".join(f"the {need.title.lower()}" for need in needs if need.given)
    learns = " and ".join(f"the {need.title.lower()}" for need in needs if not need.given)
    learnt = f" and learns to answer {learns}" if learns else ""
    return f"What this column is for. The model reads {reads}{learnt}; all other columns are not used."
