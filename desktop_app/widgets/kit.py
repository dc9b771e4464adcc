"""The widget kit: headings, cards, buttons, empty states and notices that look alike on every page."""

from __future__ import annotations

import traceback

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.theme import palette_icon
from trainer_core.errors import InputError, ThawError

GAP = 8
"""The grid: gaps are multiples of it, in device-independent pixels."""


def set_kind(widget: QWidget, kind: str) -> None:
    """Mark a widget for the style sheet."""
    widget.setProperty("kind", kind)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def scaled_font(widget: QWidget, scale: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the widget's font, larger or smaller by a factor."""
    font = QFont(widget.font())
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setWeight(weight)
    return font


def heading(text: str = "", scale: float = 1.5) -> QLabel:
    """Return a label in a large, heavy type."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setFont(scaled_font(label, scale, QFont.Weight.DemiBold))
    return label


def strong(text: str = "") -> QLabel:
    """Return a label in a heavier type."""
    return heading(text, 1.0)


def muted(text: str = "") -> QLabel:
    """Return a label for what is secondary; it wraps."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_kind(label, "muted")
    return label


def glyph(icon: str, points: float, kind: str = "glyph") -> QLabel:
    """Return a label that shows an icon of a qtawesome font; decoration, which screen readers pass over."""
    import qtawesome

    prefix, _, _ = icon.partition(".")
    label = QLabel(qtawesome.charmap(icon))
    font = QFont(qtawesome.font(prefix, 16))
    font.setPointSizeF(points)
    label.setFont(font)
    label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    label.setAccessibleName(" ")
    set_kind(label, kind)
    return label


def primary_button(text: str, icon: str = "") -> QPushButton:
    """Return the button for what one most likely wants; at most one a place."""
    button = QPushButton(text)
    if icon:
        button.setIcon(palette_icon(icon, QPalette.ColorRole.HighlightedText))
    set_kind(button, "primary")
    button.setAccessibleName(text.replace("&", ""))
    return button


def plain_button(text: str, icon: str = "") -> QPushButton:
    """Return an ordinary button."""
    button = QPushButton(text)
    if icon:
        button.setIcon(palette_icon(icon))
    button.setAccessibleName(text.replace("&", ""))
    return button


def icon_button(icon: str, name: str, tooltip: str) -> QToolButton:
    """Return a button that is only an icon; ``name`` is what screen readers say."""
    button = QToolButton()
    button.setIcon(palette_icon(icon))
    button.setAccessibleName(name)
    button.setToolTip(tooltip)
    return button


def inset_spin_box(box: QAbstractSpinBox) -> None:
    """Give a spin box's text the distance from the border that other fields have; style sheets cannot."""
    box.lineEdit().setTextMargins(6, 0, 0, 0)


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
        layout.addWidget(self._text, 0, centre)
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


class Notice(QFrame):
    """A strip inside a page for something to know: information, a warning, or an error with its remedy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._glyphs = {
            "info": glyph("mdi6.information-outline", 15),
            "warning": glyph("mdi6.alert-outline", 15),
            "error": glyph("mdi6.alert-circle-outline", 15),
        }
        self._what = wrapping_label()
        self._remedy = wrapping_label()
        self._fold = Details()
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._what)
        words.addWidget(self._remedy)
        words.addWidget(self._fold)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, GAP, 12, GAP)
        layout.setSpacing(10)
        for sign in self._glyphs.values():
            layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_error(self, error: Exception) -> None:
        """Show what happened, what to do about it, and the details folded."""
        what, remedy, details = error_layers(error)
        self._show("error", what, remedy, details)

    def show_warning(self, text: str) -> None:
        """Show a warning."""
        self._show("warning", text)

    def show_info(self, text: str) -> None:
        """Show something to know."""
        self._show("info", text)

    def clear(self) -> None:
        """Show nothing."""
        self.hide()
        self._what.clear()
        self._remedy.clear()

    @property
    def text(self) -> str:
        """What is shown; empty when nothing is."""
        return "\n".join(part for part in (self._what.text(), self._remedy.text()) if part)

    def _show(self, kind: str, what: str, remedy: str = "", details: str = "") -> None:
        for name, sign in self._glyphs.items():
            sign.setVisible(name == kind)
        self._what.setText(what)
        self._what.setFont(scaled_font(self, 1.0, QFont.Weight.DemiBold if remedy else QFont.Weight.Normal))
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        self._fold.set_text(details)
        self.setAccessibleName({"info": "Information", "warning": "Warning", "error": "Error"}[kind])
        self.setAccessibleDescription(self.text)
        set_kind(self, f"notice-{kind}")
        for sign in self._glyphs.values():
            set_kind(sign, "glyph")
        self.show()


class Details(QWidget):
    """A fold: a small button that shows or hides a text one can copy. Hidden while the text is empty."""

    folded_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QToolButton()
        self._button.setText("Details")
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setArrowType(Qt.ArrowType.RightArrow)
        self._button.setToolTip("Show or hide the technical details")
        self._button.setAccessibleName("Details")
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setAccessibleName("Technical details")
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setMinimumHeight(140)
        set_kind(self._text, "details")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._text, 1)
        self._button.toggled.connect(self._on_button_toggled)
        self._text.hide()
        self.hide()

    @property
    def text(self) -> str:
        """The folded text."""
        return self._text.toPlainText()

    def set_text(self, text: str) -> None:
        """Fold another text in."""
        self._text.setPlainText(text)
        self._button.setChecked(False)
        self.setVisible(bool(text))

    def _on_button_toggled(self, unfolded: bool) -> None:
        self._button.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._text.setVisible(unfolded)
        self.folded_changed.emit(not unfolded)


def error_layers(error: BaseException) -> tuple[str, str, str]:
    """Return what happened, what to do about it, and the technical details of an error."""
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, InputError):
        if len(error.problems) == 1:
            return error.what, error.remedy, ""
        lines = [str(problem) for problem in error.problems]
        more = f"\nand {len(lines) - 5} more, see the details" if len(lines) > 5 else ""
        return f"{len(lines)} things have to be mended.", "\n".join(lines[:5]) + more, "\n".join(lines[5:])
    if isinstance(error, ThawError):
        what = f"{error.what} {error.why}".strip()
        return what, error.remedy, trace if error.__cause__ else ""
    kind = type(error).__name__
    remedy = "This is a mistake in Thaw. Your project and runs on disk are untouched; copy the details and report them."
    return f"Something went wrong: {error or kind}", remedy, trace


def wrapping_label(text: str = "", *, heavy: bool = False) -> QLabel:
    """Return a label that wraps and whose text can be selected."""
    label = QLabel(text)
    if heavy:
        label.setFont(scaled_font(label, 1.0, QFont.Weight.DemiBold))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
