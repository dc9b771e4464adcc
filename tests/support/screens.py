"""Draws every page into a picture: ``python -m tests.support.screens FOLDER [--pages data,train] [--real]``.

Light and dark, with and without a project, the pages alone and the whole window, and one set at 200 %. Plays with the
fake core, so that it needs no model; the pages are those that the window itself makes. A page that cannot be made is
left out and named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

SIZE = (1280, 800)


def main() -> int:
    """Draw; return 1 if a page is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", default="", help="only these, separated by commas")
    parser.add_argument("--scale", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    wanted = [key for key in arguments.pages.split(",") if key]
    with tempfile.TemporaryDirectory(prefix="thaw-screens-") as home:
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            os.environ[name] = f"{home}/{name.lower()}"
        looks = ("light",) if arguments.scale else ("light", "dark")
        missing: set[str] = set()
        for look in looks:
            missing |= _draw_all(arguments.folder, look, arguments.scale, Path(home) / look, wanted)
    for line in sorted(missing):
        print(f"left out: {line}", file=sys.stderr)
    return int(bool(missing)) if arguments.scale else int(bool(missing)) | _draw_large(arguments.folder, wanted)


def _draw_large(folder: Path, wanted: list[str]) -> int:
    command = [sys.executable, "-m", "tests.support.screens", str(folder), "--scale", "2"]
    command += ["--pages", ",".join(wanted)] if wanted else []
    return subprocess.run(command, env=os.environ | {"QT_SCALE_FACTOR": "2"}, check=False).returncode


def _draw_all(folder: Path, look: str, scale: str, home: Path, wanted: list[str]) -> set[str]:
    from PySide6.QtWidgets import QApplication

    from desktop_app.app import build_shell, page_entries
    from desktop_app.dialogs import Dialogs
    from desktop_app.settings import Settings
    from desktop_app.theme import ThemeChoice
    from tests.support.fake_core import FakeCore

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    missing: set[str] = set()

    def present(*parts: object) -> list:
        return [entry for entry in page_entries(*parts) if _is_there(entry, missing)]

    home.mkdir(parents=True)
    settings = Settings(home / "settings.json", theme=ThemeChoice(look), folder=home)
    shell = build_shell(app, core=FakeCore(), settings=settings, dialogs=Dialogs(), entries=present)
    window = shell.window
    window.resize(*SIZE)
    window.show()
    prefix = f"{look}-200" if scale else look
    try:
        for name in _scenes(shell, home, app.processEvents, wanted):
            for _ in range(20):
                app.processEvents()
            window.grab().save(str(folder / f"{prefix}-window-{name}.png"))
            box = app.activeModalWidget()
            if box is not None:
                box.grab().save(str(folder / f"{prefix}-box-{name}.png"))
            window.stack.currentWidget().grab().save(str(folder / f"{prefix}-{name}.png"))
    finally:
        shell.close()
        shell.workspace.modified = False
        window.close()
        app.processEvents()
        window.deleteLater()
    return missing


def _is_there(entry: object, missing: set[str]) -> bool:
    from importlib import import_module

    try:
        module = import_module(f"desktop_app.pages.{entry.key}")
        import_module(f"desktop_app.pages.{entry.key}.view")
    except ImportError as cause:
        missing.add(f"{entry.key}: {cause}")
        return False
    if not hasattr(module, "build_page"):
        missing.add(f"{entry.key}: it has no build_page")
        return False
    return True


def _scenes(shell: object, home: Path, turn: Callable[[], None], wanted: list[str]) -> Iterator[str]:
    """Bring the window from scene to scene; yield the name of each, to be drawn."""
    from tests.support.screens_chat import draw_chats
    from tests.support.screens_layers import draw_adapters
    from tests.support.screens_pinned import draw_pinned
    from tests.support.small import small_project
    from trainer_core.project.save import save_project

    window, workspace, trainer = shell.window, shell.workspace, shell.trainer

    def wanted_pages() -> Iterator[str]:
        for key in window.page_titles:
            if not wanted or key in wanted:
                window.show_page(key)
                yield key

    if not wanted or "welcome" in wanted:
        yield "welcome-empty"
    for name in ("tickets", "reviews & letters"):
        save_project(small_project(), home / f"{name}.thaw")
    (home / "tickets.tsv").write_text("id\ttext\tcategory\n1\thello\tBilling\n")
    engine = workspace.core.engine()
    workspace.open(home / "reviews & letters.thaw")
    workspace.open(home / "tickets.thaw")
    for key in wanted_pages():
        yield f"{key}-empty"
    _until(turn, lambda: (not shell.jobs.is_busy and window.next_unbuilt() is None) or _build_next(window))
    trainer.start()
    _until(turn, lambda: not trainer.running)
    engine.hold_at = 90
    trainer.start()
    _until(turn, engine.holding.is_set)
    _settle(turn)
    for key in wanted_pages():
        _settle(turn)
        yield f"{key}-training"
    engine.hold_at = None
    if not wanted or "train" in wanted:
        yield from _left(shell, turn)
        trainer.resume(trainer.folder)
    engine.release()
    _until(turn, lambda: not trainer.running)
    for key in wanted_pages():
        _settle(turn)
        yield f"{key}-filled"
    if not wanted or "train" in wanted:
        yield from draw_pinned(shell, lambda done: _until(turn, done), lambda: _settle(turn))
    if not wanted or "data" in wanted:
        yield from _other_tasks(shell, turn)
    if not wanted or "try_it" in wanted:
        yield from _answers(shell, turn)
        yield from draw_chats(shell, lambda done: _until(turn, done), lambda: _settle(turn))
    if not wanted or {"layers", "stages"} & set(wanted):
        yield from draw_adapters(shell, lambda: _settle(turn), wanted)
    if not wanted or "model" in wanted:
        yield from _with_code(shell, turn)
    if not wanted or "welcome" in wanted:
        workspace.project = None
        workspace.project_changed.emit()
        yield "welcome-filled"


def _other_tasks(shell: object, turn: Callable[[], None]) -> Iterator[str]:
    """Learn numbers of pairs of sentences, then several labels, then classes again; an option goes by the way."""
    from PySide6.QtCore import QTimer

    from tests.support.small_data import LABELLED, PAIRS, labels_report, pairs_report, small_report

    window, workspace, core = shell.window, shell.workspace, shell.workspace.core
    before, opened, rows = workspace.project, core.report, core.rows
    workspace.update(options={"class_weights": "balanced"})
    window.show_page("data")
    view = window.ensure_page("data").view
    for name, report, cells in (
        ("regression", pairs_report(), PAIRS * 1_000),
        ("multilabel", labels_report(), LABELLED * 200),
        ("classification", small_report(with_findings=False), core.rows),
    ):
        core.report, core.rows = report, cells
        QTimer.singleShot(0, partial(view.task_chosen.emit, name))  # old fields go only from within the event loop
        _until(turn, lambda name=name: workspace.project.task == name)
        _until(turn, lambda: not shell.jobs.is_busy)
        view.rows.table.selectRow(1)
        _settle(turn)
        yield f"data-{name}"
        if view.options.isVisible():
            view.settings.ensureWidgetVisible(view.options)
            yield f"data-{name}-options"
            view.settings.ensureWidgetVisible(view.task)
    core.report, core.rows = opened, rows
    workspace.update(task=before.task, options=before.options, data=before.data.model_dump())
    _until(turn, lambda: not shell.jobs.is_busy)


def _answers(shell: object, turn: Callable[[], None]) -> Iterator[str]:
    """Show an answer of every shape to texts that are typed by nobody."""
    from desktop_app.pages.try_it.report_dialog import ReportDialog
    from desktop_app.pages.try_it.words import answer_of, field_title
    from tests.support.small_answers import ANSWERS

    window = shell.window
    window.show_page("try_it")
    view = window.ensure_page("try_it").view
    for name, prediction in ANSWERS.items():
        fields = prediction.fields
        view.blockSignals(True)
        view.show_fields(["Your text"] if len(fields) == 1 else [field_title(role) for role in fields])
        view.texts.set_texts(tuple(fields.values()))
        view.blockSignals(False)
        view.show_answer(answer_of(prediction))
        _settle(turn)
        yield f"try_it-{name}"
    view.show_report("tickets_test.csv", shell.workspace.core.predictor.evaluate(Path(__file__)))
    _settle(turn)
    yield "try_it-report"
    (dialog,) = window.findChildren(ReportDialog)
    dialog.accept()


def _left(shell: object, turn: Callable[[], None]) -> Iterator[str]:
    """Change the stage under way, pause the run, put it aside, and let the disk be full."""
    window, trainer = shell.window, shell.trainer
    window.show_page("train")
    yield from _changed(window, turn)
    trainer.pause()
    _until(turn, lambda: trainer.history.status == "paused")
    _settle(turn)
    yield "train-paused"
    trainer.put_aside()
    _until(turn, lambda: not trainer.running)
    _settle(turn)
    yield "train-put-aside"
    engine = shell.workspace.core.engine()
    engine.full_at = 92
    trainer.resume(trainer.folder)
    _until(turn, lambda: trainer.history.held is not None)
    _settle(turn)
    yield "train-held"
    trainer.put_aside()
    _until(turn, lambda: not trainer.running)


def _changed(window: object, turn: Callable[[], None]) -> Iterator[str]:
    """Open the box in which a running stage is changed, over the page."""
    from desktop_app.pages.train.change_dialog import StageChangeDialog

    view = window.ensure_page("train").view
    view.change_button.click()
    _until(turn, lambda: bool(window.findChildren(StageChangeDialog)))
    (dialog,) = window.findChildren(StageChangeDialog)
    _settle(turn)
    yield "train-change"
    dialog.reject()
    turn()


def _with_code(shell: object, turn: Callable[[], None]) -> Iterator[str]:
    """Meet a model that brings code of its own, and open the box that shows it."""
    from desktop_app.pages.model.code_dialog import CodeDialog
    from trainer_core.errors import ForeignCode

    window, core = shell.window, shell.workspace.core
    what = "This model needs Python code of its own (2 files), which was not allowed to run, or has changed since."
    facts, core.facts = core.facts, ForeignCode.one("model.source (/models/own)", what, "Read the code.")
    core.facts.folder = Path("/models/own")
    window.show_page("model")
    shell.workspace.inspect_model()
    view = window.ensure_page("model").view
    _until(turn, view.facts.code.isVisible)
    view.facts.code.click()
    _until(turn, lambda: bool(window.findChildren(CodeDialog)))
    (dialog,) = window.findChildren(CodeDialog)
    _settle(turn)
    yield "model-code"
    dialog.reject()
    core.facts = facts
    shell.workspace.inspect_model()
    _until(turn, lambda: not shell.jobs.is_busy)


def _build_next(window: object) -> bool:
    key = window.next_unbuilt()
    if key is not None:
        window.ensure_page(key)
    return False


def _until(turn: Callable[[], None], done: Callable[[], bool], seconds: float = 60.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not done():
        turn()
        if time.monotonic() > end:
            raise TimeoutError("the window did not get ready")


def _settle(turn: Callable[[], None], seconds: float = 0.6) -> None:
    """Let timers run that gather events before they draw."""
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        turn()
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
