"""A task from outside this project: an installed package with an entry point, and no file of Thaw's is touched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import thaw
from tests.support.projects import HEAD, make_project
from tests.support.toy_texts import toy_rows
from trainer_core.tasks import registry

TOY = """
import numpy as np
from pydantic import Field
from torch.nn import functional

from trainer_core.data.roles import TEXT
from trainer_core.data.targets import Targets
from trainer_core.inference.prediction import ClassPrediction
from trainer_core.tasks.base import TaskOptions, TextTask


class ToyOptions(TaskOptions):
    words: int = Field(7, ge=1, title="Words", description="From so many words on a text is long")


class Toy(TextTask[ToyOptions]):
    name, title, summary = "toy", "Length", "Whether a text is short or long"
    needs = (TEXT,)
    target = "length"
    options_type = ToyOptions
    metrics_offered = ("right", "loss")

    def read_targets(self, table, columns, whole, labels):
        cells = [cell for chunk in table.read_text(columns["text"], len(whole)) for cell in chunk.to_pylist()]
        values = np.array([len(cell.split()) >= self.options.words for cell in cells], dtype=np.float32)
        return Targets(values, np.zeros(len(cells), dtype=np.bool_))

    def output_count(self, labels):
        return 1

    def count(self, rows):
        return {"long": int(rows.targets.sum())}

    def find_facts(self, targets):
        return {"share": [float(targets.mean())]}

    def loss(self, scores, targets):
        return functional.binary_cross_entropy_with_logits(scores[:, 0], targets, reduction="sum")

    def measure(self, scores, targets):
        losses = np.logaddexp(0, np.where(targets > 0, -1, 1) * scores[:, 0])
        return {"right": float(np.mean((scores[:, 0] > 0) == targets)), "loss": float(losses.mean())}

    def baselines(self, train, validation):
        return {"right": max(float(validation.mean()), 1 - float(validation.mean()))}

    def calibrate(self, encoded, scores):
        return {"even": [float(np.median(scores))]}

    def read(self, rows, encoded, scores, labels):
        (even,), (share,) = self.facts["even"], self.facts["share"]
        assert np.isfinite([even, share]).all()
        return [self._answer(*one) for one in zip(rows, encoded.too_long, scores[:, 0], strict=True)]

    def _answer(self, fields, cut, score):
        share = float(1 / (1 + np.exp(-score)))
        probabilities = {"long": share, "short": 1 - share}
        return ClassPrediction(fields, bool(cut), max(probabilities, key=probabilities.get), probabilities)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put a package with two tasks where Python looks for packages, as an installer would; return its folder."""
    place = tmp_path / "site"
    facts = place / "thaw_toy-1.0.dist-info"
    facts.mkdir(parents=True)
    (place / "thaw_toy.py").write_text(TOY, encoding="utf-8")
    (place / "thaw_spoilt.py").write_text("import a_library_that_nobody_has\n", encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: thaw-toy\nVersion: 1.0\n", encoding="utf-8")
    entries = "[thaw.tasks]\ntoy = thaw_toy:Toy\nspoilt = thaw_spoilt:Spoilt\n"
    (facts / "entry_points.txt").write_text(entries, encoding="utf-8")
    monkeypatch.syspath_prepend(place)
    registry._found.cache_clear()
    yield place
    monkeypatch.undo()
    registry._found.cache_clear()
    for name in ("thaw_toy", "thaw_spoilt"):
        sys.modules.pop(name, None)


def project_of(folder: Path, model: Path, task: str, **options: object) -> Path:
    """Write a project on texts without labels."""
    rows = [(text,) for text, _ in toy_rows(51)]
    return make_project(
        folder / "project",
        model,
        rows=rows[:36],
        validation=rows[36:],
        header=("text",),
        task=task,
        stages=[HEAD],
        options=options or None,
    )


def test_a_task_of_another_package_is_checked_trained_and_answers(tmp_path: Path, bert: Path, installed: Path) -> None:
    path = project_of(tmp_path, bert, "toy", words=8)
    checked = thaw("check", path)
    assert checked.status == 0, checked.err
    long = sum(len(text.split()) >= 8 for text, _ in toy_rows(51)[:36])
    assert f"train: 36 rows (long {long})" in checked.out
    trained = thaw("train", path, "--json")
    assert trained.status == 0, trained.err
    started, *_, finished = trained.events()
    assert (started["task"], started["metric"], started["labels"]) == ("toy", "right", [])
    assert set(finished["metrics"]) == {"right", "loss"}
    answered = thaw("predict", finished["folder"], "my parcel", "my parcel is late " * 5, "--json")
    assert answered.status == 0, answered.err
    assert [set(answer["probabilities"]) for answer in answered.events()] == [{"short", "long"}] * 2


def test_its_options_are_checked_like_any_other(tmp_path: Path, bert: Path, installed: Path) -> None:
    outcome = thaw("check", project_of(tmp_path, bert, "toy", words=0, letters=3))
    assert outcome.status == 2
    assert "options.words" in outcome.told
    assert 'The task toy has no option "letters". It knows: words.' in outcome.told


def test_a_task_that_cannot_be_imported_is_named_with_the_remedy(tmp_path: Path, bert: Path, installed: Path) -> None:
    outcome = thaw("check", project_of(tmp_path, bert, "spoilt"))
    assert outcome.status == 2
    what = 'The task "spoilt" of thaw-toy cannot be imported: ModuleNotFoundError: No module named'
    assert f"{what} 'a_library_that_nobody_has'" in outcome.told
    assert "Install thaw-toy again" in outcome.told
    assert "Traceback" not in outcome.err


def test_a_task_that_cannot_be_imported_hides_no_other(installed: Path) -> None:
    names = [task.name for task in registry.describe_tasks()]
    assert "toy" in names
    assert "classification" in names
    assert "spoilt" not in names
