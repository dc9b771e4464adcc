"""Any write of a run may fail: a small part of ``python -m tests.campaigns.faults``, the same every time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.command_line import ROOT
from tests.support.faults import NOT_HERE, can_fault


@pytest.mark.skipif(not can_fault(), reason=NOT_HERE)
def test_a_run_takes_every_fault_of_its_disk(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.campaigns.faults", "--points", "6", "--seed", "5", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    figures = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(f"\n{figures['faults']} faults in {figures['by_file']}; {figures['ends']}")
    assert figures["failures"] == []
    assert figures["ends"]["held"] >= 3
    assert figures["ends"]["died"] >= 5
