"""The whole road with the real starter model: from the starter project's files to answers."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import pytest

from tests.support.command_line import run_thaw, thaw
from tests.support.projects import HEAD, make_project, write_delimited
from trainer_core.resources import starter_projects

STARTER = "starter:all-MiniLM-L6-v2"
FOLDER = starter_projects()[0].path.parent


def tickets() -> list[tuple[str, str]]:
    """Return the rows of the starter project."""
    with (FOLDER / "tickets.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == ["text", "label"]
    return [(text, label) for text, label in rows[1:]]


def tried() -> list[str]:
    """Return the sentences to try."""
    return [line for line in (FOLDER / "try.txt").read_text(encoding="utf-8").splitlines() if line.strip()]


def grams(text: str) -> set[tuple[str, ...]]:
    """Return the three-word pieces of a text, or the text itself where it is shorter."""
    words = text.lower().split()
    return {tuple(words[place : place + 3]) for place in range(max(1, len(words) - 2))}


# --- the starter data ----------------------------------------------------------------------------------------------


def test_the_starter_data_is_large_and_varied_enough() -> None:
    rows = tickets()
    assert len(rows) >= 600
    counts = {label: sum(row[1] == label for row in rows) for label in {label for _, label in rows}}
    assert len(counts) == 6
    assert min(counts.values()) >= 50
    assert all(text == text.strip() and text for text, _ in rows)
    lengths = [len(text.split()) for text, _ in rows]
    assert min(lengths) <= 3
    assert max(lengths) >= 60


def test_no_two_texts_of_the_starter_data_are_nearly_the_same() -> None:
    pieces = [(text, grams(text)) for text, _ in tickets()]
    near = [
        (one, other)
        for (one, left), (other, right) in combinations(pieces, 2)
        if not left.isdisjoint(right) and len(left & right) >= 0.4 * len(left | right)
    ]
    assert near == []


def test_the_sentences_to_try_are_none_of_the_data() -> None:
    lines = tried()
    assert len(lines) == 10
    known = [grams(text) for text, _ in tickets()]
    for line in lines:
        assert max(len(grams(line) & other) / len(grams(line) | other) for other in known) < 0.4


# --- training ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_starter_model_learns_a_slice_of_the_starter_data(tmp_path: Path) -> None:
    rows = tickets()
    train, validation = rows[:240], rows[240:330]
    top = {"name": "top", "train": ["head", "top:1"], "learning_rate": 1e-4, "epochs": 1, "start_from": "best"}
    path = make_project(
        tmp_path,
        STARTER,
        rows=train,
        validation=validation,
        stages=[HEAD | {"learning_rate": 1e-3, "epochs": 2}, top],
        training={"batch_size": 16},
        pooling="auto",
        max_length=48,
    )
    outcome = run_thaw("train", path, "--json")
    assert outcome.status == 0, outcome.err
    assert "Warning" not in outcome.err
    events = outcome.events()
    last = events[-1]
    assert last["event"] == "run_finished"
    (probe,) = (event for event in events if event["event"] == "probe_finished")
    assert last["best"]["value"] >= probe["metrics"]["macro_f1"]
    assert last["metrics"]["accuracy"] > 0.7
    assert last["metrics"]["accuracy"] > events[0]["baselines"]["accuracy"] + 0.4

    source = write_delimited(tmp_path / "held.csv", validation)
    answers = tmp_path / "answers.csv"
    predicted = thaw("predict", last["folder"], "--file", source, "--out", answers)
    assert predicted.status == 0, predicted.err
    with answers.open(encoding="utf-8", newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    right = sum(label == true for label, (_, true) in zip(labels, validation, strict=True))
    assert right / len(validation) == pytest.approx(last["metrics"]["accuracy"])


@pytest.mark.slow
def test_the_starter_project_is_found_without_fault() -> None:
    outcome = thaw("check", starter_projects()[0].path)
    assert outcome.status == 0, outcome.err
    for stage in ("head", "top", "all"):
        assert f'stage "{stage}"' in outcome.out
    assert "Note" not in outcome.out
