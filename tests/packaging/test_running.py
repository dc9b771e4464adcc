"""Running other programs for real: logs, ends, exit codes, interruptions, locks."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import PretendRunner
from thaw_start import launch
from thaw_start.command import NOT_FOUND, TIMED_OUT, Outcome, Runner, clean_environment
from thaw_start.console import Console, format_seconds
from thaw_start.failure import SetupFailure
from thaw_start.layout import Layout
from thaw_start.lock import hold_lock
from thaw_start.log import Log
from thaw_start.machine import Machine
from thaw_start.prepare import Setup
from thaw_start.screen import Trouble, Verdict

CLEAR = Verdict(Trouble.NONE)


def test_what_a_program_prints_goes_to_the_log_only(layout: Layout, console: Console, printed: io.StringIO) -> None:
    run = Runner(console, layout.checkout)
    outcome = run([sys.executable, "-c", "import os; print('noise'); print(os.getcwd())"])
    assert outcome.ok
    assert str(layout.checkout) in outcome.text
    assert "noise" in console.log.path.read_text(encoding="utf-8")
    assert printed.getvalue() == ""


def test_a_program_that_is_not_there_or_too_slow_is_an_outcome(layout: Layout, console: Console) -> None:
    run = Runner(console, layout.checkout)
    assert run(["/no/such/program"]).code == NOT_FOUND
    slow = run([sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"], timeout=1.0)
    assert slow.code == TIMED_OUT


def test_what_would_lead_python_astray_is_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    environment = clean_environment()
    assert "PYTHONPATH" not in environment
    assert environment["PIP_USER"] == "0"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_the_exit_code_is_the_childs(tmp_path: Path) -> None:
    assert launch.run_child([sys.executable, "-c", "raise SystemExit(7)"], tmp_path) == 7
    abort = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert launch.run_child([sys.executable, "-c", abort], tmp_path) == 128 + signal.SIGKILL
    with pytest.raises(SetupFailure, match="could not be started"):
        launch.run_child(["/no/such/program"], tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_setup_and_what_it_runs(tmp_path: Path, number: int, code: int) -> None:
    packaging = Path(launch.__file__).resolve().parents[1]
    pid_file = tmp_path / "pid"
    # A shell's background job starts with SIGINT ignored; in a terminal it is not.
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {str(packaging)!r})
from pathlib import Path
from thaw_start import cli, layout
from thaw_start.command import Runner
cli.this_checkout = lambda: layout.Layout(Path({str(tmp_path)!r}))
sleeper = "import os, time; open({str(pid_file)!r} + '.new', 'w').write(str(os.getpid())); "
sleeper += "os.rename({str(pid_file)!r} + '.new', {str(pid_file)!r}); time.sleep(60)"
cli.Setup.prepare = lambda self, wish: self.run([sys.executable, "-c", sleeper])
sys.exit(cli.main(["prepare"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == code, out + err
    assert "Traceback" not in out + err
    if number == signal.SIGINT:
        assert out.splitlines() == ["Stopped, as you asked; the next start goes on from here."]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="utf-8")), 0)


class Launched:
    """Collects what would have been started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, codes: tuple[int, ...] = ()) -> None:
        self.commands: list[list[str]] = []
        self.codes = list(codes)
        monkeypatch.setattr(launch, "run_child", self)

    def __call__(self, command: list[str], folder: Path, environment: dict[str, str] | None = None) -> int:
        self.commands.append(list(command))
        return self.codes.pop(0) if self.codes else 0


def make_setup(layout: Layout, console: Console, runner: PretendRunner, *, display: bool) -> Setup:
    return Setup(layout, Machine("Linux", "x86_64", display=display), console, runner)  # type: ignore[arg-type]


def test_with_a_screen_the_window_opens_on_the_starter_project(
    layout: Layout, console: Console, runner: PretendRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = Launched(monkeypatch, (3,))
    setup = make_setup(layout, console, runner, display=True)
    assert launch.run_main_job(setup, CLEAR, headless=False) == 3
    assert launched.commands == [[str(layout.python), "-m", "desktop_app", str(layout.project)]]


@pytest.mark.parametrize(("display", "headless"), [(False, False), (True, True)])
def test_without_one_it_is_trained_in_the_terminal(
    layout: Layout,
    console: Console,
    runner: PretendRunner,
    monkeypatch: pytest.MonkeyPatch,
    display: bool,
    headless: bool,
) -> None:
    launched = Launched(monkeypatch)
    assert launch.run_main_job(make_setup(layout, console, runner, display=display), CLEAR, headless=headless) == 0
    assert launched.commands == [[str(layout.thaw), "train", str(layout.project), "--try", str(layout.sentences)]]
    assert runner.commands == []


@pytest.mark.parametrize("verdict", [CLEAR, Verdict(Trouble.LIBRARIES, "libEGL.so.1")])
def test_a_screen_that_does_not_open_is_told_and_gone_without(
    layout: Layout,
    console: Console,
    runner: PretendRunner,
    printed: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
) -> None:
    launched = Launched(monkeypatch)
    runner.answers["QtWidgets"] = Outcome(
        -6, "qt.qpa.xcb: could not connect to display :9\nAvailable platform plugins are: xcb.\n"
    )
    launch.run_main_job(make_setup(layout, console, runner, display=True), verdict, headless=False)
    assert launched.commands[0][1] == "train"
    assert "Going on without the window." in printed.getvalue()
    if verdict is CLEAR:
        assert "could not connect to display :9" in printed.getvalue()


def test_libraries_that_only_x_misses_are_named(
    layout: Layout, console: Console, runner: PretendRunner, printed: io.StringIO
) -> None:
    runner.answers["QtWidgets"] = Outcome(-6, 'Could not load the Qt platform plugin "xcb"\n')
    runner.answers["libqxcb"] = Outcome(1, "OSError: libxcb-cursor.so.0: cannot open shared object file: No such file")
    assert not launch.can_open_window(make_setup(layout, console, runner, display=True), CLEAR)
    assert "libxcb-cursor.so.0" in printed.getvalue()


def test_the_checks_come_before_the_tests_and_stop_at_the_first_failure(
    layout: Layout, console: Console, runner: PretendRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = make_setup(layout, console, runner, display=False)
    launched = Launched(monkeypatch)
    assert launch.run_tests(setup, []) == 0
    names = ["ruff", "mypy", "lint-imports", "pytest"]
    assert [next(name for name in names if name in " ".join(words)) for words in launched.commands] == names
    launched = Launched(monkeypatch, (0, 5))
    assert launch.run_tests(setup, []) == 5
    assert len(launched.commands) == 2
    launched = Launched(monkeypatch)
    launch.run_tests(setup, ["-x", "tests/core"])
    assert launched.commands == [[str(layout.python), "-m", "pytest", "-x", "tests/core"]]


def test_a_second_setup_waits_for_the_first(tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "work" / "lock"
    order: list[str] = []

    def second() -> None:
        with hold_lock(path, said.append):
            order.append("second")

    with hold_lock(path, said.append):
        other = threading.Thread(target=second)
        other.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert len(said) == 1


def test_a_log_that_cannot_be_written_lies_among_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    log = Log(blocked / "setup.log")
    log.write("hello")
    log.close()
    assert log.path.parent == tmp_path
    assert "hello" in log.path.read_text(encoding="utf-8")


def test_nothing_is_written_as_long_as_nothing_happens(layout: Layout, console: Console) -> None:
    console.say("Thaw is ready")
    assert not layout.work.exists()


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_last_line_moves(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thaw_start.console.REPAINT_SECONDS", 0.01)
    screen = Terminal()
    console = Console(Log(layout.work / "setup.log"), screen)
    console.begin(1)
    with console.step("PyTorch"):
        console.hint("Downloading  torch")
        deadline = time.monotonic() + 20
        while "Downloading torch" not in screen.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    console.log.close()
    assert "\r[1/1] PyTorch" in screen.getvalue()
    assert "Downloading torch" in screen.getvalue()
    assert screen.getvalue().rstrip(" \n").endswith("[1/1] PyTorch: done after 0 s")


def test_times_are_told_as_people_tell_them() -> None:
    assert [format_seconds(value) for value in (0.4, 59.9, 75)] == ["0 s", "59 s", "1 min 15 s"]
