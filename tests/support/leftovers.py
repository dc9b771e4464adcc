"""What a test of the window may not leave behind: windows, running timers, running threads."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from shiboken6 import isValid


def settle(app: QCoreApplication) -> None:
    """Let go of what was given up: Python's cycles and Qt's deferred deletions."""
    gc.collect()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    app.processEvents()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def describe_leftovers(threads_before: set[threading.Thread]) -> list[str]:
    """Return one description for each thing that is still there."""
    left = [f"window {_name(widget)}" for widget in QApplication.topLevelWidgets() if _is_window(widget)]
    left += [f"timer of {_name(timer.parent())}" for timer in _living(QTimer) if timer.isActive()]
    left += [f"thread {_name(thread)}" for thread in _living(QThread) if thread.isRunning() and not _is_main(thread)]
    for thread in set(threading.enumerate()) - threads_before:
        if not isinstance(thread, threading._DummyThread) and not thread.daemon:
            left.append(f"Python thread {thread.name}")
    return left


def _is_window(widget: QWidget) -> bool:
    return widget.parent() is None and (widget.isVisible() or not isinstance(widget, QMenu))


def _is_main(thread: QThread) -> bool:
    app = QCoreApplication.instance()
    return app is not None and thread == app.thread()


def _living(kind: type) -> Iterator:
    return (thing for thing in gc.get_objects() if issubclass(type(thing), kind) and isValid(thing))


def _name(thing: QObject | None) -> str:
    return "nobody" if thing is None else f"{type(thing).__name__} {thing.objectName()}".strip()
