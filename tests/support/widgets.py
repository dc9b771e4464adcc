"""What tests do with real widgets of several pages: drop files on them, and look at every control's name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

DROPS = pytest.mark.filterwarnings("ignore:Function. 'QDragEnterEvent:DeprecationWarning")
"""The constructor that takes a QPointF came with Qt 6.12 and older ones are still to be tested."""


def drop(target: QWidget, mime: QMimeData) -> bool:
    """Drag something over a widget and let go; return whether it was taken."""
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, left, none)
    enter.ignore()
    QApplication.sendEvent(target, enter)
    if enter.isAccepted():
        QApplication.sendEvent(target, QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, left, none))
    return enter.isAccepted()


def mime_of(path: Path) -> QMimeData:
    """Return what a file manager hands over when this file is dragged."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def action_of(window: QWidget, title: str) -> QAction:
    """Return the one action of a window with this title, without its mnemonic and dots."""
    found = [a for a in window.findChildren(QAction) if a.text().replace("&", "").rstrip("…") == title]
    assert len(found) == 1, [a.text() for a in found]
    return found[0]


def controls_of(view: QWidget) -> list[QWidget]:
    """Return the visible controls of a page, without the parts that Qt makes of them."""
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit)
    found = [w for kind in kinds for w in view.findChildren(kind) if not w.objectName() and w.isVisible()]
    return [w for w in found if w.parent() not in found and not isinstance(w.parent(), QLineEdit)]


def assert_named(controls: Iterable[QWidget]) -> None:
    """Fail unless every control has a name for those who cannot see it, and a tooltip."""
    for control in controls:
        words = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert words, control
        assert control.toolTip(), words
