"""Colours that can be read, icons that follow the look, and a style sheet without gaps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.theme import DARK_COLORS, LIGHT_COLORS, Theme, ThemeChoice, palette_icon

LOOKS = {"light": LIGHT_COLORS, "dark": DARK_COLORS}
TEXTS = ("text", "muted", "accent", "frozen", "warm", "ok", "warning", "error")


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """Return a light theme that is applied; the application gets its own look back."""
    style, sheet, palette = qapp.style().objectName(), qapp.styleSheet(), qapp.palette()
    theme = Theme(ThemeChoice.LIGHT)
    theme.apply(qapp)
    yield theme
    theme.deleteLater()
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)


def luminance(name: str) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in QColor(name).getRgbF()[:3]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", TEXTS)
def test_what_is_written_can_be_read(look: str, name: str) -> None:
    colors = LOOKS[look]
    for ground in ("panel", "background", "accent_soft"):
        assert contrast(colors[name], colors[ground]) >= 4.5, ground


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_written_on_colours_can_be_read(look: str) -> None:
    colors = LOOKS[look]
    assert contrast(colors["accent_text"], colors["accent"]) >= 4.5
    assert contrast(colors["accent_text"], colors["accent_hover"]) >= 4.5
    for ground, sign in (("info_soft", "accent"), ("warning_soft", "warning"), ("error_soft", "error")):
        assert contrast(colors["text"], colors[ground]) >= 4.5
        assert contrast(colors[sign], colors[ground]) >= 3.0


@pytest.mark.parametrize("look", LOOKS)
def test_lines_of_a_plot_stand_out(look: str) -> None:
    colors = LOOKS[look]
    series = [colors[f"series_{number}"] for number in range(1, 7)]
    assert len(set(series)) == 6
    assert all(contrast(color, colors["panel"]) >= 3.0 for color in series)


def test_both_looks_know_the_same_colours() -> None:
    assert LIGHT_COLORS.keys() == DARK_COLORS.keys()


def test_an_unknown_colour_is_refused(theme: Theme) -> None:
    with pytest.raises(KeyError):
        theme.color("pink")
    with pytest.raises(KeyError):
        theme.icon("mdi6.play", "pink")


def ink(icon: QIcon) -> QColor:
    image = icon.pixmap(QSize(32, 32)).toImage()
    colors = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(colors, key=lambda color: color.alpha())


def test_icons_follow_the_look_without_being_made_again(theme: Theme) -> None:
    icon = theme.icon("mdi6.square", "warm")
    assert ink(icon).name() == LIGHT_COLORS["warm"]
    theme.choose(ThemeChoice.DARK)
    assert ink(icon).name() == DARK_COLORS["warm"]


def test_icons_of_the_kit_follow_the_palette(theme: Theme) -> None:
    icon = palette_icon("mdi6.square")
    theme.choose(ThemeChoice.DARK)
    assert ink(icon).name() == DARK_COLORS["text"]


def test_a_choice_changes_the_application_and_is_told(theme: Theme, qapp: QApplication, qtbot: QtBot) -> None:
    with qtbot.waitSignal(theme.changed):
        theme.choose(ThemeChoice.DARK)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK_COLORS["background"]
    assert DARK_COLORS["accent"] in qapp.styleSheet()
    assert "$" not in qapp.styleSheet()


def test_the_same_choice_changes_nothing(theme: Theme, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(theme.changed):
        theme.choose(ThemeChoice.LIGHT)
