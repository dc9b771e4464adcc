"""The widgets of the welcome page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop_app.theme import Theme
from desktop_app.widgets.elided_label import ElidedLabel
from desktop_app.widgets.kit import GAP, Card, glyph, heading, muted, set_kind, strong

WIDTH = 880
EXAMPLES_A_ROW = 3


class WelcomeView(QScrollArea):
    """Three doors in a row, more examples and the recent projects below."""

    example_wished = Signal(int)
    new_wished = Signal()
    open_wished = Signal()
    recent_wished = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setAccessibleName("Welcome")
        column = QWidget()
        column.setMaximumWidth(WIDTH)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(3 * GAP, 3 * GAP, 3 * GAP, 3 * GAP)
        layout.setSpacing(GAP)
        layout.addStretch(2)
        layout.addWidget(heading("Thaw", 2.4))
        words = (
            "Teach a language model to sort, rate, tag and answer, from texts of your own. All of it on this computer."
        )
        layout.addWidget(muted(words))
        layout.addSpacing(3 * GAP)
        layout.addLayout(self._doors())
        layout.addSpacing(2 * GAP)
        self._examples_title = strong("More examples, one for every kind of task")
        self._examples = QGridLayout()
        self._examples.setSpacing(GAP)
        layout.addWidget(self._examples_title)
        layout.addLayout(self._examples)
        layout.addSpacing(3 * GAP)
        self._recent_title = strong("Recent projects")
        layout.addWidget(self._recent_title)
        self._recent_panel = Card()
        self._recent_panel.layout().setContentsMargins(6, 6, 6, 6)  # type: ignore[union-attr]
        self._recent = self._recent_panel.body
        self._recent.setSpacing(2)
        self.examples: list[_Example] = []
        layout.addWidget(self._recent_panel)
        layout.addStretch(3)
        outer = QWidget()
        row = QHBoxLayout(outer)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(column, 1000)
        row.addStretch(1)
        self.setWidget(outer)
        self.set_recent([])

    def _doors(self) -> QHBoxLayout:
        example = Door(
            "mdi6.snowflake-melt",
            "&Try the example",
            "Support tickets in six classes. From here to a trained model takes a minute or two.",
            "Opens the project that Thaw ships with; nothing of yours is touched",
        )
        new = Door(
            "mdi6.file-plus-outline",
            "&New project",
            "Drop a file with texts and answers anywhere in this window, or choose one: CSV, JSON, Parquet, CoNLL.",
            "Asks for a data file and begins a project on it; the file itself is only read (Ctrl+N)",
        )
        existing = Door(
            "mdi6.folder-open-outline",
            "&Open a project",
            "Go on with a project that you saved: a file that ends in .thaw.",
            "Asks for a project file (Ctrl+O)",
        )
        example.clicked.connect(self._on_first_example_clicked)
        new.clicked.connect(self.new_wished)
        existing.clicked.connect(self.open_wished)
        self.doors = (example, new, existing)
        row = QHBoxLayout()
        row.setSpacing(2 * GAP)
        for door in self.doors:
            row.addWidget(door, 1)
        return row

    def set_examples(self, examples: Sequence[tuple[str, str]]) -> None:
        """Offer the examples behind the first one: title and what it shows."""
        self.examples = [_Example(place, title, text) for place, (title, text) in enumerate(examples, start=1)]
        for place, button in enumerate(self.examples):
            button.picked.connect(self.example_wished)
            self._examples.addWidget(button, *divmod(place, EXAMPLES_A_ROW))
        self._examples_title.setVisible(bool(examples))

    def set_recent(self, projects: Sequence[tuple[str, str]]) -> None:
        """Show recent projects: name and folder."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, (name, folder) in enumerate(projects):
            row = _RecentRow(place, name, folder)
            row.picked.connect(self.recent_wished)
            self._recent.addWidget(row)
        self._recent_title.setVisible(bool(projects))
        self._recent_panel.setVisible(bool(projects))

    def _on_first_example_clicked(self) -> None:
        self.example_wished.emit(0)

    @property
    def recent_rows(self) -> list[QPushButton]:
        """The buttons of the recent projects."""
        return self.findChildren(_RecentRow)


class Door(QPushButton):
    """A large button with an icon, a title and a sentence."""

    def __init__(self, icon: str, title: str, text: str, tooltip: str) -> None:
        super().__init__()
        set_kind(self, "door")
        self.setAccessibleName(title.replace("&", ""))
        self.setAccessibleDescription(text)
        self.setToolTip(tooltip)
        self.setShortcut(f"Alt+{title[title.index('&') + 1].upper()}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        label = heading(title.replace("&", ""), 1.15)
        label.setWordWrap(True)
        self._words = muted(text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 20)
        layout.setSpacing(GAP)
        layout.addWidget(glyph(icon, 26, "glyph-accent"))
        layout.addSpacing(4)
        layout.addWidget(label)
        layout.addWidget(self._words)
        layout.addStretch(1)
        for child in self.findChildren(QLabel):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        """Return the size of what is inside, at the width it has."""
        return self._hint(max(self.width(), 240))

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which no word is cut."""
        return QSize(200, self._hint(max(self.width(), 200)).height())

    def resizeEvent(self, event: QEvent) -> None:
        """Words wrap anew, so the height that is needed changes."""
        self.updateGeometry()

    def _hint(self, width: int) -> QSize:
        layout = self.layout()
        height = layout.heightForWidth(width) if layout is not None else 0
        return QSize(width, max(height, 180))


class _Example(QPushButton):
    """A button with the name of an example and what it shows."""

    picked = Signal(int)

    def __init__(self, place: int, title: str, text: str) -> None:
        super().__init__()
        self._place = place
        set_kind(self, "door")
        self.setAccessibleName(f"Example: {title}")
        self.setAccessibleDescription(text)
        self.setToolTip(f"{text}. Opens a project that Thaw ships with; nothing of yours is touched")
        self.clicked.connect(self._on_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, GAP, 14, GAP)
        layout.setSpacing(0)
        layout.addWidget(strong(title))
        layout.addWidget(muted(text))
        layout.addStretch(1)
        for child in self.findChildren(QLabel):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)

    def sizeHint(self) -> QSize:
        """Return the size of the words inside, at the width it has."""
        layout = self.layout()
        width = max(self.width(), 180)
        return QSize(width, layout.heightForWidth(width) if layout is not None else 0)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which no word is cut."""
        return QSize(160, self.sizeHint().height())

    def resizeEvent(self, event: QEvent) -> None:
        """Words wrap anew, so the height that is needed changes."""
        self.updateGeometry()

    def _on_clicked(self) -> None:
        self.picked.emit(self._place)


class _RecentRow(QPushButton):
    """One recent project: its name, and its folder, shortened in the middle where it is long."""

    picked = Signal(int)

    def __init__(self, place: int, name: str, folder: str) -> None:
        super().__init__()
        self._place = place
        set_kind(self, "row")
        self.setToolTip(f"Opens the project in {folder}")
        self.setAccessibleName(f"Open {name} in {folder}")
        self.clicked.connect(self._on_clicked)
        title = strong(name)
        place_label = ElidedLabel(folder, mode=Qt.TextElideMode.ElideMiddle)
        set_kind(place_label, "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, GAP, 12, GAP)
        layout.setSpacing(12)
        layout.addWidget(glyph("mdi6.file-document-outline", 13, "glyph-muted"))
        layout.addWidget(title)
        layout.addWidget(place_label, 1)
        for child in (title, place_label):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        """Return the size of the words inside; a button by itself knows only its own text."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the height of the words; their width may shrink."""
        return QSize(200, self.sizeHint().height())

    def _on_clicked(self) -> None:
        self.picked.emit(self._place)
