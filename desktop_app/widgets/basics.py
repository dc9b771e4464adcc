"""The smallest parts of the widget kit: labels, buttons, icons as text. Pages import them from ``kit``."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QAbstractSpinBox, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from desktop_app.theme import palette_icon

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


def wrapping_label(text: str = "", *, heavy: bool = False) -> QLabel:
    """Return a label that wraps and whose text can be selected."""
    label = QLabel(text)
    if heavy:
        label.setFont(scaled_font(label, 1.0, QFont.Weight.DemiBold))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
