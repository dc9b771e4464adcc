"""Running Thaw once it is set up: the window, the training in the terminal, or the tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .command import clean_environment
from .failure import SetupFailure, Stopped
from .prepare import Setup
from .screen import Trouble, Verdict, mend_display

INTERRUPTED = 130
IN_PARALLEL = ("-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")
"""How pytest runs all tests."""
QUIET_TESTS = {
    "QT_QPA_PLATFORM": "offscreen",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


def run_child(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> int:
    """Run a program in the terminal and return its exit code; 128 and the signal's number where a signal ended it.

    Ctrl-C reaches the program by itself, so this only waits for it; SIGTERM is handed on.
    """
    own = {"PIP_USER", "PYTHONUNBUFFERED"} - os.environ.keys()
    inherited = {name: value for name, value in clean_environment().items() if name not in own}
    try:
        process = subprocess.Popen(command, cwd=folder, env={**inherited, **(environment or {})})
    except OSError as error:
        raise SetupFailure(
            f"'{command[0]}' could not be started: {error.strerror}.",
            "Delete the folder .venv and start again.",
        ) from error
    interrupted = False
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
        except Stopped as stop:
            process.send_signal(stop.signal_number)
    if interrupted and code != 0:
        return INTERRUPTED
    return code if code >= 0 else 128 - code


def run_main_job(setup: Setup, verdict: Verdict, *, headless: bool) -> int:
    """Open the starter project in the window, or train it in the terminal where there is no screen."""
    layout = setup.layout
    if not headless and can_open_window(setup, verdict):
        setup.console.say(f"Opening {layout.project.name} in Thaw's window.")
        return report(setup, run_child([str(layout.python), "-m", "desktop_app", str(layout.project)], layout.checkout))
    setup.console.say(f"Training {layout.project.name} in the terminal.")
    command = [str(layout.thaw), "train", str(layout.project), "--try", str(layout.sentences)]
    return report(setup, run_child(command, layout.checkout))


def can_open_window(setup: Setup, verdict: Verdict) -> bool:
    """Whether a window can be opened here; says why not, unless there simply is no screen."""
    if not setup.machine.display:
        return False
    if verdict.trouble not in (Trouble.LIBRARIES, Trouble.DAMAGED):
        found = mend_display(setup.layout, setup.machine, setup.run, setup.apt)
        if found.trouble in (Trouble.NONE, Trouble.FONTS):
            return True
        if found.trouble is Trouble.LIBRARIES:
            setup.tell(found)
        else:
            setup.console.say(f"There should be a screen, but it does not open: {found.detail}")
    setup.console.say("Going on without the window.")
    return False


def report(setup: Setup, code: int) -> int:
    """Say so where Thaw was ended from outside; its own errors it tells itself."""
    if code > 128 and code != INTERRUPTED:
        try:
            name = signal.Signals(code - 128).name
        except ValueError:
            return code
        setup.console.say(f"Thaw was ended from outside, or crashed ({name}).")
    return code


def run_tests(setup: Setup, arguments: Sequence[str]) -> int:
    """Run the linters and the tests, and stop at the first that fails; with arguments only pytest, with these.

    All tests run in a process for every core; the few that are named run in one, where a debugger can follow.
    """
    layout = setup.layout
    python = str(layout.python)
    commands = [
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "mypy"],
        [str(layout.scripts / ("lint-imports.exe" if layout.windows else "lint-imports"))],
    ]
    for command in [] if arguments else commands:
        setup.console.say(f"--- {' '.join([Path(command[0]).name, *command[1:]])}")
        code = run_child(command, layout.checkout, QUIET_TESTS)
        if code != 0:
            return code
    arguments = arguments or IN_PARALLEL
    setup.console.say(f"--- pytest {' '.join(arguments)}")
    return run_child([python, "-m", "pytest", *arguments], layout.checkout, QUIET_TESTS)


def offer_test_tools(setup: Setup) -> None:
    """As root on Debian, ask apt once for desktop-file-validate; the test that wants it skips without it."""
    asked = setup.layout.venv / "thaw-asked-for-test-tools"
    if setup.machine.system != "Linux" or asked.exists() or shutil.which("desktop-file-validate"):
        return
    setup.apt.install(["desktop-file-utils"])
    asked.touch()
