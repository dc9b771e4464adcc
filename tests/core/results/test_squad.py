"""Answers are compared as SQuAD's script does it."""

from __future__ import annotations

import pytest

from trainer_core.results.squad import exact_match, normal_form, word_f1


def test_the_normal_form_leaves_out_what_does_not_count() -> None:
    assert normal_form("The  Panthers' (defense), an A-team!") == "panthers defense ateam"


@pytest.mark.parametrize(
    ("answer", "gold", "exact", "f1"),
    [
        ("the Denver Broncos", ["Denver Broncos"], 1.0, 1.0),
        ("Broncos", ["Denver Broncos", "Broncos team of"], 0.0, 2 / 3),
        ("a b c d", ["c d e"], 0.0, 2 * 2 / (3 + 3)),
        ("", [], 1.0, 1.0),
        ("something", [], 0.0, 0.0),
        ("", ["something"], 0.0, 0.0),
        ("no no yes", ["no yes yes"], 0.0, 2 * 2 / 6),
    ],
)
def test_exact_match_and_f1(answer: str, gold: list[str], exact: float, f1: float) -> None:
    assert exact_match(answer, gold) == exact
    assert word_f1(answer, gold) == pytest.approx(f1)
