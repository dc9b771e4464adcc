"""No word leaves the machine: a run, its predictions and the command line open no connection, and telemetry is off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.command_line import ROOT
from tests.support.projects import ALL, HEAD, make_project

WATCHED = """
import socket, sys

tried = []

def watch(event, arguments):
    # Sockets within the machine are how its own processes talk.
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        tried.append((event, repr(arguments)))
        raise OSError(f"{event} in a test without a network")
    if event == "socket.connect" and arguments[0].family != getattr(socket, "AF_UNIX", None):
        tried.append((event, repr(arguments[1])))
        raise OSError(f"{event} in a test without a network")

sys.addaudithook(watch)
from trainer_core import cli

sys.argv = ["thaw", *sys.argv[1:]]
try:
    cli.main()
finally:
    print("TRIED", len(tried), tried[:5], file=sys.stderr)
"""
TELEMETRY = """
import trainer_core
import huggingface_hub.constants as hub
from transformers.utils import hub as transformers_hub
assert hub.HF_HUB_DISABLE_TELEMETRY
"""


def _python(code: str, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    import os

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "DO_NOT", "DISABLE_TEL"))}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=kept | more, capture_output=True, text=True, timeout=500, check=False)


def test_a_run_and_its_predictions_open_no_connection(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, ALL])
    done = _python(WATCHED, "train", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "TRIED 0" in done.stderr
    (run,) = (tmp_path / "out").iterdir()
    done = _python(WATCHED, "predict", run, "a good day")
    assert done.returncode == 0, done.stderr
    assert "TRIED 0" in done.stderr


def test_a_model_of_the_hub_is_refused_in_words_without_a_network(tmp_path: Path) -> None:
    path = make_project(tmp_path, "hub:some/model")
    for more in ({}, {"HF_HUB_OFFLINE": "1"}):
        done = _python(WATCHED, "check", path, **more)
        assert done.returncode == 2, done.stderr
        assert "cannot be downloaded" in done.stderr
        assert "Traceback" not in done.stderr
        assert ("TRIED 0" in done.stderr) == bool(more)


def test_telemetry_is_off_whatever_starts_the_program() -> None:
    done = _python(TELEMETRY)
    assert done.returncode == 0, done.stderr
