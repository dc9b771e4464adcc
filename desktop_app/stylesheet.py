"""The style sheet of the application, written for one set of colours.

It gives controls one height and one corner, and dresses what the widget kit marks with the property ``kind``.
"""

from __future__ import annotations

from string import Template

from trainer_core.resources import resources_folder

_PANELS = """
QToolTip { background: $panel; color: $text; border: 1px solid $line_strong; padding: 4px 6px; }
QFrame[kind="card"] { background: $panel; border: 1px solid $line; border-radius: 10px; }
QFrame[kind="sidebar"] { background: $panel; border: none; border-right: 1px solid $line; }
QFrame[kind="topbar"] { background: $panel; border: none; border-bottom: 1px solid $line; }
QFrame[kind="strip"] { background: $panel; border: none; border-top: 1px solid $line; }
QFrame[kind="line"] { background: $line; border: none; max-height: 1px; min-height: 1px; }
QFrame[kind="drop"] { background: $panel; border: 2px dashed $line_strong; border-radius: 12px; }
QFrame[kind="drop-over"] { background: $accent_soft; border: 2px dashed $accent; border-radius: 12px; }
QFrame[kind="notice-info"] { background: $info_soft; border: 1px solid $accent; border-radius: 8px; }
QFrame[kind="notice-warning"] { background: $warning_soft; border: 1px solid $warning; border-radius: 8px; }
QFrame[kind="notice-error"] { background: $error_soft; border: 1px solid $error; border-radius: 8px; }
QFrame[kind="notice-info"] QLabel[kind="glyph"] { color: $accent; }
QFrame[kind="notice-warning"] QLabel[kind="glyph"] { color: $warning; }
QFrame[kind="notice-error"] QLabel[kind="glyph"] { color: $error; }
QLabel[kind="muted"], QLabel[kind="glyph-muted"] { color: $muted; }
QLabel[kind="glyph-accent"] { color: $accent; }
QLabel[kind="glyph-warning"], QLabel[kind="text-warning"] { color: $warning; }
QLabel[kind="glyph-ok"] { color: $ok; }
QLabel[kind="glyph-error"] { color: $error; }
"""

_BUTTONS = """
QPushButton {
    background: $panel; color: $text; border: 1px solid $line_strong; border-radius: 6px;
    padding: 5px 14px; min-height: 20px;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:checked { background: $accent_soft; border-color: $accent; }
QPushButton:focus { border: 2px solid $accent; padding: 4px 13px; }
QPushButton:disabled { color: $disabled; border-color: $line; background: $background; }
QPushButton[kind="primary"] { background: $accent; color: $accent_text; border-color: $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover, QPushButton[kind="primary"]:pressed {
    background: $accent_hover; border-color: $accent_hover;
}
QPushButton[kind="primary"]:focus { border: 2px solid $text; padding: 4px 13px; }
QPushButton[kind="primary"]:disabled { background: $line; color: $disabled; border-color: $line; }
QPushButton[kind="door"] { border: 1px solid $line; border-radius: 12px; padding: 0px; }
QPushButton[kind="door"]:hover { border-color: $accent; background: $accent_soft; }
QPushButton[kind="door"]:focus { border: 2px solid $accent; }
QPushButton[kind="row"] { border: 1px solid transparent; background: transparent; padding: 0px; }
QPushButton[kind="row"]:hover { background: $hover; }
QPushButton[kind="row"]:focus { border: 1px solid $accent; }
QPushButton[kind="link"] { border: none; background: transparent; padding: 2px 6px; text-align: left; }
QPushButton[kind="link"]:hover { background: $hover; }
QPushButton[kind="link"]:focus { border: 1px solid $accent; padding: 1px 5px; }
QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 4px; background: transparent; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border: 1px solid $accent; }
"""

_FIELDS = """
QLineEdit, QAbstractSpinBox, QComboBox {
    background: $panel; color: $text; border: 1px solid $line_strong; border-radius: 6px;
    padding: 4px 8px; min-height: 22px; selection-background-color: $accent; selection-color: $accent_text;
}
QPlainTextEdit, QTextEdit {
    background: $panel; color: $text; border: 1px solid $line_strong; border-radius: 8px; padding: 4px;
    selection-background-color: $accent; selection-color: $accent_text;
}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border: 2px solid $accent; padding: 3px 7px; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid $accent; padding: 3px; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {
    color: $disabled; border-color: $line; background: $background;
}
QAbstractItemView QLineEdit { border-radius: 0px; padding: 0px 4px; min-height: 0px; }
QPlainTextEdit[kind="details"] { background: $background; border: 1px solid $line; border-radius: 6px; }
QTextEdit[kind="marked"], QTextEdit[kind="marked"]:focus { background: transparent; border: none; padding: 0px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$down"); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $panel; border: 1px solid $line_strong; border-radius: 0px; padding: 2px; }
QAbstractSpinBox { padding: 4px 22px 4px 2px; }
QAbstractSpinBox:focus { padding: 3px 21px 3px 1px; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {
    border: none; border-radius: 0px; background: transparent; padding: 0px 0px 0px 6px; min-height: 0px;
}
QAbstractSpinBox::up-button {
    subcontrol-origin: border; subcontrol-position: top right; width: 20px; border: none; margin: 2px 2px 0px 0px;
}
QAbstractSpinBox::down-button {
    subcontrol-origin: border; subcontrol-position: bottom right; width: 20px; border: none; margin: 0px 2px 2px 0px;
}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; border-radius: 3px; }
QAbstractSpinBox::up-arrow { image: url("$up"); width: 12px; height: 12px; }
QAbstractSpinBox::down-arrow { image: url("$down"); width: 12px; height: 12px; }
QCheckBox, QRadioButton { spacing: 8px; padding: 2px 0px; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator, QAbstractItemView::indicator {
    width: 14px; height: 14px; border: 1px solid $line_strong; border-radius: 4px; background: $panel;
}
QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid $line_strong; border-radius: 8px; background: $panel;
}
QCheckBox::indicator:hover, QAbstractItemView::indicator:hover, QRadioButton::indicator:hover,
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: $accent; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked {
    background: $accent; border-color: $accent; image: url("$check");
}
QCheckBox::indicator:indeterminate, QAbstractItemView::indicator:indeterminate {
    background: $accent; border-color: $accent; image: url("$minus");
}
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid $accent; background: $accent_text; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $line; background: $background; }
QCheckBox::indicator:checked:disabled { background: $disabled; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $line; }
QSlider::sub-page:horizontal { border-radius: 2px; background: $accent; }
QSlider::handle:horizontal {
    width: 14px; height: 14px; margin: -6px 0px; border-radius: 8px; background: $panel; border: 1px solid $accent;
}
QSlider::handle:horizontal:hover { background: $accent_soft; }
QSlider:horizontal { min-height: 22px; }
QSlider:focus { background: $hover; border-radius: 6px; }
QProgressBar { border: none; border-radius: 3px; background: $line; color: $text; }
QProgressBar[textVisible="false"] { min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
"""

_VIEWS = """
QTreeView, QTableView, QListView {
    background: $panel; border: 1px solid $line; border-radius: 8px; gridline-color: $line;
    alternate-background-color: $background; selection-background-color: $accent_soft; selection-color: $text;
}
QTreeView:focus, QTableView:focus, QListView:focus { border-color: $accent; }
QTreeView::item, QListView::item { padding: 3px 2px; }
QTableView::item { padding: 0px 5px; }
QListView[kind="bare"] { background: transparent; border: none; border-radius: 0px; }
QHeaderView, QTableCornerButton::section { background: $panel; border: none; }
QHeaderView::section {
    background: $panel; color: $muted; border: none; border-bottom: 1px solid $line; padding: 6px 8px;
}
QHeaderView::section:vertical { border-bottom: none; padding: 0px 8px; }
QListWidget[kind="navigation"] { background: transparent; border: none; outline: none; }
QListWidget[kind="navigation"]::item { border-radius: 6px; padding: 0px; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QTabBar::tab {
    background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent;
    padding: 7px 14px; margin-right: 4px;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { background: $hover; }
QScrollArea { border: none; background: transparent; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0px; }
QScrollBar::handle { background: $line_strong; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0px; height: 0px; border: none; background: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; }
QMenuBar { background: $panel; color: $text; border-bottom: 1px solid $line; padding: 2px 4px; }
QMenuBar::item { background: transparent; padding: 4px 10px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $panel; color: $text; border: 1px solid $line_strong; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenu::icon, QMenu::indicator { padding-left: 10px; }
"""

_SHEET = Template(_PANELS + _BUTTONS + _FIELDS + _VIEWS)


def build_stylesheet(colors: dict[str, str], *, dark: bool) -> str:
    """Return the style sheet for these colours, by name, with the small pictures made for light or dark."""
    folder = resources_folder() / "icons" / "controls"
    pictures = {
        name: (folder / f"{name}-{'dark' if dark else 'light'}.svg").as_posix()
        for name in ("check", "minus", "down", "up")
    }
    return _SHEET.substitute(colors | pictures)
