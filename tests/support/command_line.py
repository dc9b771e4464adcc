"""The command ``thaw``: within this process, or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from trainer_core import cli

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit status and its two outputs."""

    status: int
    out: str
    err: str

    def events(self) -> list[dict[str, Any]]:
        """Return standard output as JSON, a line an object."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def told(self) -> str:
        """What was said on standard error, its lines joined."""
        return " ".join(self.err.split())


def thaw(*arguments: object, typed: str = "") -> Outcome:
    """Run a command in this process.

    Args:
        arguments: what stands behind ``thaw``.
        typed: what standard input holds.

    """
    out, err = io.StringIO(), io.StringIO()
    words = ["thaw", *map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8")),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
            status: Any = 0
        except SystemExit as leaving:
            status = leaving.code
    return Outcome(status if isinstance(status, int) else 1, out.getvalue(), err.getvalue())


def start_thaw(*arguments: object, **values: Any) -> subprocess.Popen[str]:
    """Start a command as a process of its own, on one thread."""
    return subprocess.Popen(
        thaw_command(*arguments),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **values,
    )


def thaw_command(*arguments: object) -> Sequence[str]:
    """Return the words of a command."""
    return [sys.executable, "-m", "trainer_core", *map(str, arguments)]


def run_thaw(*arguments: object, timeout: float = 500) -> Outcome:
    """Run a command as a process of its own."""
    process = start_thaw(*arguments)
    out, err = process.communicate(timeout=timeout)
    return Outcome(process.returncode, out, err)
