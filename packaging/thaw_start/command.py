"""Running other programs: noise to the log, the last line to the person, nothing left running behind."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .console import Console

NOT_FOUND = 127
TIMED_OUT = 124


@dataclass(frozen=True)
class Outcome:
    """How a program ended: its exit code (negative: the signal that ended it) and all it printed."""

    code: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return self.code == 0


Run = Callable[[Sequence[str]], Outcome]
"""Runs a command to its end; what the steps of the setup are given, and what tests replace."""


def clean_environment() -> dict[str, str]:
    """Copy the environment variables without what would lead the environment's own Python astray.

    Without compiled files in ``.venv`` every start would compile torch and transformers anew, which takes longer than
    all else, so a wish against them is not passed on.
    """
    hidden = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONDONTWRITEBYTECODE", "__PYVENV_LAUNCHER__"}
    hidden |= {"PIP_TARGET", "PIP_PREFIX"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"}


class Runner:
    """Runs commands for the setup in the checkout; what they print goes to the log.

    ``shared_file`` is the number of an open file that the programs inherit (the lock), on systems that can do that.
    """

    def __init__(self, console: Console, folder: Path) -> None:
        self.shared_file: int | None = None
        self._console = console
        self._folder = folder

    def __call__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> Outcome:
        """Run ``command`` to its end. ``timeout`` is in seconds; after it the program is ended."""
        self._console.log.write("$ " + " ".join(command))
        try:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                pass_fds=() if self.shared_file is None or os.name != "posix" else (self.shared_file,),
                env={**clean_environment(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            self._console.log.write(str(error))
            return Outcome(NOT_FOUND, str(error))
        return self._follow(process, timeout)

    def _follow(self, process: subprocess.Popen[str], timeout: float | None) -> Outcome:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(timeout or 0, give_up)
        if timeout is not None:
            clock.start()
        lines = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                self._console.log.write(line)
                self._console.hint(line)
            code = process.wait()
        finally:
            clock.cancel()
            end(process)
        self._console.log.write(f"exit code {code}" + (" (too slow, ended)" if late.is_set() else ""))
        return Outcome(TIMED_OUT if late.is_set() else code, "".join(lines))


def end(process: subprocess.Popen[str]) -> None:
    """End a program that is still running: politely, then firmly."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
