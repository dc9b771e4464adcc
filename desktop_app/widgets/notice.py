"""Something to know, inside a page: information, warnings, and errors in their three layers. Imported from ``kit``."""

from __future__ import annotations

import traceback

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app.widgets.basics import GAP, glyph, scaled_font, set_kind, wrapping_label
from trainer_core.errors import InputError, ThawError


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
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
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
    said = f"{kind}: {error}" if str(error) else kind
    return f"Something went wrong: {said}", remedy, trace
