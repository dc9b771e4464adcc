"""What was measured on a machine is found again; what cannot be read counts as unknown."""

from __future__ import annotations

from pathlib import Path

from tests.core.forecast.test_arithmetic import PLAIN
from trainer_core.cache.notes import Notes
from trainer_core.forecast.contract import Correction
from trainer_core.forecast.known import KnownMachine
from trainer_core.models.facts import Telling


def test_speeds_and_lessons_are_found_again(tmp_path: Path) -> None:
    known, lesson = KnownMachine(Notes(tmp_path / "notes.json")), Correction(steps=(1.5,))
    assert known.speed("a") is None
    assert known.correction("a", telling=None, measured=False) == Correction()
    known.remember_speed("a", PLAIN)
    known.remember_correction("a", lesson, telling=None, measured=True)
    again = KnownMachine(Notes(tmp_path / "notes.json"))
    assert again.speed("a") == PLAIN
    assert again.correction("a", telling=None, measured=True) == lesson
    assert again.correction("a", telling=Telling.NEXT, measured=True) == Correction()
    assert again.correction("a", telling=None, measured=False) == Correction()
    assert again.speed("b") is None


def test_a_new_measurement_forgets_what_runs_taught_of_the_old_one(tmp_path: Path) -> None:
    known = KnownMachine(Notes(tmp_path / "notes.json"))
    for telling in (None, *Telling):
        known.remember_correction("a", Correction(steps=(1.5,)), telling=telling, measured=True)
    known.remember_speed("a", PLAIN)
    assert all(known.correction("a", telling=telling, measured=True) == Correction() for telling in (None, *Telling))


def test_damaged_notes_count_as_none(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes.json")
    notes.put("speed a", {"device": 3})
    notes.put("measured runs a", {"steps": "x"})
    known = KnownMachine(notes)
    assert known.speed("a") is None
    assert known.correction("a", telling=None, measured=True) == Correction()
