"""Errors say what happened, why, and what to do."""

from __future__ import annotations

import pytest

from trainer_core.errors import InputError, Problem, RunStopped, ThawError


def test_every_problem_stands_on_its_own_line() -> None:
    error = InputError([Problem("a", "It is wrong.", "Mend it."), Problem("", "So is this.")])
    assert str(error) == "a: It is wrong. Mend it.\nSo is this."
    assert "1 more" in error.what


@pytest.mark.parametrize(
    ("error", "status"),
    [(ThawError("x"), 1), (InputError.one("a", "b"), 2), (RunStopped("x"), 3)],
)
def test_every_kind_has_its_exit_status(error: ThawError, status: int) -> None:
    assert error.exit_code == status


def test_all_three_parts_are_told() -> None:
    assert str(ThawError("It broke.", why="Rust.", remedy="Oil it.")) == "It broke. Rust. Oil it."
