"""What a run took it gives back, whichever way it ends: ``python -m tests.campaigns.memory``, in its own process."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.command_line import ROOT


def test_after_ten_stops_memory_is_back() -> None:
    command = [sys.executable, "-m", "tests.campaigns.memory", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["reached"], figures
