"""Whatever stands in a project file or a journal, it is read or refused in words."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.pages.train.words import facts, headline, run_progress, summary, work_progress
from desktop_app.run_words import share_done, status_line
from tests.support.scripted import scripted_events
from trainer_core.errors import InputError, Problem
from trainer_core.project.load import parse_project
from trainer_core.project.schema import Project
from trainer_core.runs.history import RunHistory
from trainer_core.runs.journal import read_journal
from trainer_core.training.events import format_event

TABLES = ("model", "data", "training", "stage", "columns", "until", "nonsense")
KEYS = (
    *Project.model_fields,
    *("source", "max_length", "train", "epochs", "batch_size", "limit", "learning_rate", "schedule", "metric", "text"),
    *("label", "x y", ""),
)
VALUES = st.one_of(
    st.none().map(lambda _: ""),
    st.text(max_size=40),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.dates(datetime.date(1000, 1, 1)),
    st.lists(st.integers(-5, 5), max_size=3),
)
DOCUMENTS: Any = st.recursive(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from((*KEYS, *TABLES)), inner | st.lists(inner, max_size=2), max_size=3),
    max_leaves=8,
)
PLAIN = '[data]\ntrain = "rows.csv"\n'


def _problems(text: str, overrides: Sequence[str] = ()) -> Sequence[Problem]:
    """Return what is wrong with a project; anything but an ``InputError`` fails the test."""
    try:
        parse_project(text, "any.thaw", overrides)
    except InputError as error:
        return error.problems
    return ()


def _read_or_refused(text: str, overrides: Sequence[str] = ()) -> None:
    assert all(problem.what for problem in _problems(text, overrides))


@given(text=st.text(max_size=400))
def test_any_text_is_a_project_or_refused(text: str) -> None:
    _read_or_refused(text)
    _read_or_refused(PLAIN + text)


@given(document=DOCUMENTS)
def test_any_values_are_a_project_or_refused(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    _read_or_refused(text)
    if "data" not in document:
        _read_or_refused(tomlkit.dumps({**document, "data": {"train": "rows.csv"}}))


@given(place=st.integers(0, 10_000), value=VALUES, key=st.sampled_from(("epochs", "learning_rate", "train", "until")))
def test_any_override_is_taken_or_refused(place: int, value: Any, key: str) -> None:
    for override in (f"stage.{place}.{key}={value}", f"training.{key}={value}", f"{key}.{key}={value}"):
        _read_or_refused(PLAIN + '[[stage]]\nname = "a"\ntrain = ["all"]\n', [override])


# --- the journal -----------------------------------------------------------------------------------------------------

LINES = [format_event(event).encode() for event in scripted_events()]
NUMBERS = (-1, 0, 2**63, 1e308, "Infinity", "NaN", "-Infinity", None, "", [], {})


def _shown(path: Any) -> None:
    """Fold a journal and say everything of it that the window says."""
    history = RunHistory().apply_all(read_journal(path))
    for live in (True, False):
        headline(history, live=live)
        facts(history, live=live)
        work_progress(history, live=live)
        status_line(history, running=live)
    run_progress(history)
    summary(history, "folder")
    share_done(history)


@settings(max_examples=60)
@given(data=st.data())
def test_any_damage_to_a_journal_is_passed_over(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(lines) - 1))
        damage = data.draw(st.sampled_from(("drop", "tear", "double", "swap", "bytes", "number")))
        if damage == "drop":
            del lines[place]
        elif damage == "tear":
            lines[place] = lines[place][: data.draw(st.integers(0, len(lines[place])))]
        elif damage == "double":
            lines.insert(place, lines[place])
        elif damage == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[place], lines[other] = lines[other], lines[place]
        elif damage == "bytes":
            lines[place] = data.draw(st.binary(max_size=80))
        else:
            lines[place] = _with_number(lines[place], data)
    path = tmp_path_factory.mktemp("journal") / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    _shown(path)


def _with_number(line: bytes, data: st.DataObject) -> bytes:
    try:
        values = json.loads(line)
    except ValueError:
        return line
    if isinstance(values, dict) and values:
        values[data.draw(st.sampled_from(sorted(values)))] = data.draw(st.sampled_from(NUMBERS))
    return json.dumps(values).encode()
