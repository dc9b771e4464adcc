"""The widget kit: headings, cards, buttons, empty states and notices that look alike on every page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app.widgets.basics import (
    GAP,
    glyph,
    heading,
    icon_button,
    inset_spin_box,
    muted,
    plain_button,
    primary_button,
    scaled_font,
    set_kind,
    strong,
    wrapping_label,
)
from desktop_app.widgets.notice import Details, Notice, error_layers

__all__ = [
    "GAP",
    "Card",
    "Details",
    "EmptyState",
    "Notice",
    "PageFrame",
    "error_layers",
    "glyph",
    "heading",
    "icon_button",
    "inset_spin_box",
    "muted",
    "plain_button",
    "primary_button",
    "scaled_font",
    "set_kind",
    "strong",
    "wrapping_label",
]


class PageFrame(QWidget):
    """A page: a heading with a subtitle, widgets at its right, and a body."""

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subtitle = muted(subtitle)
        self._subtitle.setVisible(bool(subtitle))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(heading(title))
        words.addWidget(self._subtitle)
        self._header = QHBoxLayout()
        self._header.setSpacing(GAP)
        self._header.addLayout(words, 1)
        self.body = QVBoxLayout()
        self.body.setSpacing(2 * GAP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GAP, 2 * GAP, 3 * GAP, 2 * GAP)
        layout.setSpacing(2 * GAP)
        layout.addLayout(self._header)
        layout.addLayout(self.body, 1)

    def set_subtitle(self, text: str) -> None:
        """Show another line under the heading; none when empty."""
        self._subtitle.setText(text)
        self._subtitle.setVisible(bool(text))

    def add_header_widget(self, widget: QWidget) -> None:
        """Put a widget at the right of the heading."""
        self._header.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)


class Card(QFrame):
    """A panel with a rounded border, a title and a body."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = strong(title)
        self._title_row = QWidget()
        row = QHBoxLayout(self._title_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self._title, 1)
        self._title_row.setVisible(bool(title))
        self.body = QVBoxLayout()
        self.body.setSpacing(GAP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, GAP + 4, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self._title_row)
        layout.addLayout(self.body, 1)
        set_kind(self, "card")

    def set_title(self, text: str) -> None:
        """Show another title."""
        self._title.setText(text)
        self._title_row.setVisible(True)

    def add_title_widget(self, widget: QWidget) -> None:
        """Put a widget at the right of the title."""
        self._title_row.layout().addWidget(widget)  # type: ignore[union-attr]
        self._title_row.setVisible(True)


class EmptyState(QWidget):
    """What a page shows while it has nothing: an icon, what will be here, and how to get it."""

    def __init__(self, icon: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        centre = Qt.AlignmentFlag.AlignHCenter
        self._title = heading(title, 1.2)
        self._title.setWordWrap(True)
        self._title.setAlignment(centre)
        self._text = muted(text)
        self._text.setAlignment(centre)
        self._text.setMinimumWidth(420)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(GAP)
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addStretch(1)
        layout.addWidget(glyph(icon, 34, "glyph-muted"), 0, centre)
        layout.addWidget(self._title, 0)
        # In a row of its own: aligned in the column, a wrapped label would get the height of a single line.
        words = QHBoxLayout()
        words.addStretch(1)
        words.addWidget(self._text, 3)
        words.addStretch(1)
        layout.addLayout(words)
        layout.addSpacing(GAP)
        layout.addLayout(self._actions)
        layout.setAlignment(self._actions, centre)
        layout.addStretch(2)

    def add_action(self, button: QPushButton) -> None:
        """Add a button under the text."""
        self._actions.addWidget(button)

    def set_words(self, title: str, text: str) -> None:
        """Show another title and text."""
        self._title.setText(title)
        self._text.setText(text)
