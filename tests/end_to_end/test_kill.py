"""A run survives signal 9 at any moment: a small part of ``python -m tests.campaigns.kill``, the same every time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.campaigns.kill import PHASES, Killer, campaign

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signal 9 is POSIX's")


def test_killed_runs_become_the_unbroken_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = campaign(tmp_path, at_random=2, each=1, seed=11, tell=lambda _: None)
    with capsys.disabled():
        print(f"\n{sum(found.kills.values())} kills: {dict(found.kills)}; {found.survived} runs survived")
    assert found.failures == []
    assert set(PHASES) <= set(found.kills)
    assert found.survived >= len(PHASES)


def test_a_run_killed_in_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    killer = Killer(tmp_path, seed=1)
    for call in range(1, 4):  # after a solved head; after the weights of a moment, and after its state
        killer.kill_in("between", call)
    assert killer.campaign.failures == []
    assert killer.campaign.kills["between"] == 3
