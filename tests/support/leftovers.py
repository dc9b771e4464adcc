"""What a test of the window may not leave behind: windows, running timers, running threads, items of no layout."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QLayout, QLayoutItem, QMenu, QWidget
from shiboken6 import getCppPointer, isValid


@contextmanager
def only_new_objects() -> Iterator[None]:
    """Let the collector see only what is made from here on: looking through the libraries' millions takes a second."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def settle(app: QCoreApplication) -> None:
    """Let go of what was given up: Python's cycles and Qt's deferred deletions."""
    gc.collect()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    app.processEvents()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def leftovers() -> dict[int, str]:
    """Return what is there at the moment: a name for each thing, by its address.

    Timers and threads are those that the collector sees: within ``only_new_objects``, the new ones.
    """
    things: list[tuple[str, QObject]] = [("window", w) for w in QApplication.topLevelWidgets() if _is_window(w)]
    things += [("timer", timer) for timer in _living(QTimer) if timer.isActive()]
    things += [("thread", thread) for thread in _living(QThread) if thread.isRunning() and not _is_main(thread)]
    found = {getCppPointer(thing)[0]: f"{kind} {_name(thing)}" for kind, thing in things}
    for thread in threading.enumerate():
        if not isinstance(thread, threading._DummyThread) and not thread.daemon:
            found[id(thread)] = f"Python thread {thread.name}"
    return found


def forgotten_items() -> list[str]:
    """Return the items that Python still knows and no layout has: Qt has deleted them.

    Their addresses are free for other objects, and whatever comes to lie there is taken for the item. ``addLayout``
    makes Python know the items that a layout has already: one that loses widgets later is filled afterwards.
    """
    known = [item for item in _living(QLayoutItem) if not isinstance(item, QLayout)]
    if not known:
        return []
    kept = [layout.itemAt(place) for layout in _living(QLayout) for place in range(layout.count())]
    return [type(item).__name__ for item in known if not any(item is other for other in kept)]


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
