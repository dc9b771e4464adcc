"""Colours, icons and the look of the whole window, light and dark. Passed to whoever needs a colour.

Views take colours from here or from the palette, never from constants of their own. Icons made here are drawn in the
colour that holds at the moment of painting, so nobody has to make them again when the look changes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from desktop_app.stylesheet import build_stylesheet


class ThemeChoice(StrEnum):
    """Which look the user wants."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


LIGHT_COLORS = {
    "accent": "#0b6e86",
    "accent_text": "#ffffff",
    "accent_soft": "#e0f0f4",
    "accent_hover": "#095a6e",
    "frozen": "#2468b0",
    "warm": "#ad4509",
    "ok": "#23713a",
    "warning": "#8a5a00",
    "error": "#b3261e",
    "text": "#1b2430",
    "muted": "#566273",
    "line": "#d9dfe6",
    "line_strong": "#b4bfcb",
    "disabled": "#7d8896",
    "panel": "#ffffff",
    "background": "#f4f6f8",
    "hover": "#eaeef2",
    "info_soft": "#e6f1f7",
    "warning_soft": "#fdf3dc",
    "error_soft": "#fdeceb",
    "series_1": "#0b6e86",
    "series_2": "#ad4509",
    "series_3": "#6a4cb4",
    "series_4": "#23713a",
    "series_5": "#b02a6c",
    "series_6": "#76610a",
}

DARK_COLORS = {
    "accent": "#45b9d0",
    "accent_text": "#04222a",
    "accent_soft": "#17343d",
    "accent_hover": "#6fcbdd",
    "frozen": "#7ab5f5",
    "warm": "#ff9b5c",
    "ok": "#6bcb82",
    "warning": "#e8bd56",
    "error": "#ff8a80",
    "text": "#e6eaf0",
    "muted": "#9eabba",
    "line": "#313b46",
    "line_strong": "#4b5866",
    "disabled": "#77838f",
    "panel": "#1d242b",
    "background": "#151a20",
    "hover": "#29323b",
    "info_soft": "#152d3a",
    "warning_soft": "#352b12",
    "error_soft": "#3c1f1e",
    "series_1": "#45b9d0",
    "series_2": "#ff9b5c",
    "series_3": "#b59df5",
    "series_4": "#6bcb82",
    "series_5": "#f58fbe",
    "series_6": "#d8c25a",
}


class Theme(QObject):
    """The look in force: follows the system unless the user chose light or dark."""

    changed = Signal()
    """Colours are others now; plots and delegates that keep pens or brushes make them again."""

    def __init__(self, choice: ThemeChoice = ThemeChoice.SYSTEM, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self._app: QApplication | None = None

    @property
    def choice(self) -> ThemeChoice:
        """What the user chose."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Take another look."""
        if choice is not self._choice:
            self._choice = choice
            self._on_scheme_changed()

    @property
    def dark(self) -> bool:
        """Whether the dark look is in force."""
        if self._choice is ThemeChoice.SYSTEM:
            return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self._choice is ThemeChoice.DARK

    def color(self, name: str) -> QColor:
        """Return a colour by its name, e.g. ``frozen``.

        Raises:
            KeyError: there is no such colour.
        """
        return QColor((DARK_COLORS if self.dark else LIGHT_COLORS)[name])

    def icon(self, name: str, role: str = "text") -> QIcon:
        """Return an icon by its qtawesome name, in the colour ``role``; it follows the look by itself."""
        self.color(role)
        return QIcon(_GlyphEngine(name, lambda: self.color(role), lambda: self.color("disabled")))

    def apply(self, app: QApplication) -> None:
        """Give the application this look and follow the system from now on."""
        self._app = app
        app.setStyle("Fusion")
        self._dress(app)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    def _on_scheme_changed(self) -> None:
        if self._app is not None:
            self._dress(self._app)
        self.changed.emit()

    def _dress(self, app: QApplication) -> None:
        colors = DARK_COLORS if self.dark else LIGHT_COLORS
        app.setPalette(_palette(colors))
        app.setStyleSheet(build_stylesheet(colors, dark=self.dark))


def palette_icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """Return an icon by its qtawesome name in the colour that the application's palette has for ``role``."""
    return QIcon(
        _GlyphEngine(
            name,
            lambda: QGuiApplication.palette().color(QPalette.ColorGroup.Active, role),
            lambda: QGuiApplication.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText),
        )
    )


class _GlyphEngine(QIconEngine):
    """Draws a glyph of an icon font in the colour that is asked for when it is drawn."""

    def __init__(self, name: str, color: Callable[[], QColor], disabled: Callable[[], QColor]) -> None:
        super().__init__()
        self._name = name
        self._color = color
        self._disabled = disabled

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw the glyph."""
        import qtawesome

        color = self._disabled() if mode is QIcon.Mode.Disabled else self._color()
        qtawesome.icon(self._name, color=color.name()).paint(painter, rect)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return the glyph as a picture."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        """Return an engine that draws the same."""
        return _GlyphEngine(self._name, self._color, self._disabled)


def _palette(colors: dict[str, str]) -> QPalette:
    role = QPalette.ColorRole
    names = {
        role.Window: "background",
        role.WindowText: "text",
        role.Base: "panel",
        role.AlternateBase: "background",
        role.Text: "text",
        role.PlaceholderText: "muted",
        role.Button: "panel",
        role.ButtonText: "text",
        role.BrightText: "error",
        role.Highlight: "accent",
        role.HighlightedText: "accent_text",
        role.Accent: "accent",
        role.Link: "accent",
        role.LinkVisited: "accent",
        role.ToolTipBase: "panel",
        role.ToolTipText: "text",
        role.Light: "panel",
        role.Midlight: "hover",
        role.Mid: "line",
        role.Dark: "line_strong",
        role.Shadow: "line_strong",
    }
    palette = QPalette()
    for key, name in names.items():
        palette.setColor(key, QColor(colors[name]))
    for key in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(colors["disabled"]))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(colors["line"]))
    return palette
