"""Forecasts in words: two digits, and no more trust than they deserve."""

from __future__ import annotations

import pytest

from tests.core.forecast.test_arithmetic import DEVICE, PLAIN, work
from trainer_core.forecast.arithmetic import forecast
from trainer_core.forecast.contract import Correction
from trainer_core.forecast.words import size_words, time_words, trust_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than 1 s"),
        (1.26, "about 1.3 s"),
        (73.6, "about 74 s"),
        (100, "about 1.7 min"),
        (5 * 3600, "about 5 h"),
        (400 * 3600, "about 17 days"),
    ],
)
def test_times_have_two_digits(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (10, "less than 1 kB"),
        (9_240, "about 9.2 kB"),
        (999_600, "about 1 MB"),
        (234_567_890, "about 230 MB"),
        (1.06e9, "about 1.1 GB"),
        (7.84e13, "about 78,000 GB"),
    ],
)
def test_sizes_have_two_digits(count: float, words: str) -> None:
    assert size_words(count) == words


def test_a_guess_is_called_one() -> None:
    plan = work(("head",))
    assert "guess" in trust_words(forecast(plan, DEVICE))
    assert "measured" in trust_words(forecast(plan, PLAIN))
    assert "2 earlier runs" in trust_words(forecast(plan, DEVICE, Correction(steps=(1.0, 1.0))))
