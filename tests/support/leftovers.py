"""What a test of the window may not leave behind: windows, running timers, running threads."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from shiboken6 import getCppPointer, isValid


def settle(app: QCoreApplication) -> None:
    """Let go of what was given up: Python's cycles and Qt's deferred deletions."""
    gc.collect()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    app.processEvents()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def leftovers() -> dict[int, str]:
    """Return what is there at the moment: a name for each thing, by its address."""
    things: list[tuple[str, QObject]] = [("window", w) for w in QApplication.topLevelWidgets() if _is_window(w)]
    things += [("timer", timer) for timer in _living(QTimer) if timer.isActive()]
    things += [("thread", thread) for thread in _living(QThread) if thread.isRunning() and not _is_main(thread)]
    found = {getCppPointer(thing)[0]: f"{kind} {_name(thing)}" for kind, thing in things}
    for thread in threading.enumerate():
        if not isinstance(thread, threading._DummyThread) and not thread.daemon:
            found[id(thread)] = f"Python thread {thread.name}"
    return found


def _is_window(widget: QWidget) -> bool:
    return widget.parent() is None and (widget.isVisible() or not isinstance(widget, QMenu))


def _is_main(thread: QThread) -> bool:
    app = QCoreApplication.instance()
    return app is not None and thread == app.thread()


def _living(kind: type) -> Iterator:
    return (thing for thing in gc.get_objects() if issubclass(type(thing), kind) and isValid(thing))


def _name(thing: QObject) -> str:
    parent = thing.parent()
    owner = f" of {type(parent).__name__}" if parent is not None else ""
    return f"{type(thing).__name__} {thing.objectName()}".strip() + owner
