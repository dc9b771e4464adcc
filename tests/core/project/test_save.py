"""Writing project files: what is read again is what was written, and the user's comments stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.project.test_load import CONTRACT, SMALL
from trainer_core.errors import InputError
from trainer_core.project.load import load_project, parse_project
from trainer_core.project.save import format_project, save_project
from trainer_core.project.schema import (
    ColumnsSection,
    DataSection,
    ModelSection,
    Pooling,
    Precision,
    Project,
    Schedule,
    StageSection,
    StartFrom,
    TrainingSection,
    UntilSection,
)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
COLUMNS = st.none() | st.integers(0, 9) | TEXTS
UNTIL = st.builds(
    UntilSection,
    metric=TEXTS,
    at_least=st.floats(allow_nan=False, allow_infinity=False),
    patience=st.none() | st.integers(1, 9),
)
STAGES = st.builds(
    StageSection,
    name=TEXTS,
    train=st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    learning_rate=st.floats(1e-9, 10.0),
    epochs=st.integers(1, 100),
    layer_decay=st.floats(0.01, 1.0),
    until=st.none() | UNTIL,
    start_from=st.sampled_from(StartFrom),
)
DATA = st.builds(
    DataSection,
    train=TEXTS,
    validation=st.none() | TEXTS,
    limit=st.none() | st.integers(1, 10**9),
    header=st.none() | st.booleans(),
    skip_incomplete=st.booleans(),
    columns=st.builds(ColumnsSection, text=COLUMNS, label=COLUMNS),
) | st.builds(DataSection, train=TEXTS, validation_share=st.floats(0.001, 0.999))
PROJECTS = st.builds(
    Project,
    seed=st.integers(0, 2**32 - 1),
    model=st.builds(ModelSection, source=TEXTS, max_length=st.integers(4, 32_768), pooling=st.sampled_from(Pooling)),
    data=DATA,
    training=st.builds(
        TrainingSection,
        batch_size=st.integers(1, 65_536),
        accumulation=st.integers(1, 9),
        precision=st.sampled_from(Precision),
        device=st.sampled_from(["auto", "cpu", "cuda:1"]),
        schedule=st.sampled_from(Schedule),
        warmup_share=st.floats(0.0, 0.99),
        max_gradient_norm=st.floats(1e-6, 1e6),
        probe=st.booleans(),
    ),
    stage=st.lists(STAGES, max_size=3).map(tuple),
)

INLINE = """\
model = { source = "starter:x", pooling = "cls" }
data = { train = "t.tsv", columns = { text = 0 } }
stage = [ { name = "a", train = ["all"], learning_rate = 1e-3, epochs = 1 } ]
"""
SCATTERED = """\
[data]
train = "t.tsv" # the rows

[model]
source = "starter:x"

[data.columns]
text = 0 # first

[training]
batch_size = 8
"""
DOTTED = """\
data.train = "t.tsv"
data.columns.text = "body" # the text
model.max_length = 64
"""


@given(project=PROJECTS)
def test_what_is_written_is_read_again(project: Project) -> None:
    assert parse_project(format_project(project), "new.thaw") == project


@given(project=PROJECTS, old=st.sampled_from([CONTRACT, SMALL, INLINE, SCATTERED, DOTTED]))
def test_any_file_can_become_any_project(project: Project, old: str) -> None:
    assert parse_project(format_project(project, old), "old.thaw") == project


@given(first=PROJECTS, second=PROJECTS)
def test_a_file_of_thaw_can_become_any_other(first: Project, second: Project) -> None:
    assert parse_project(format_project(second, format_project(first)), "again.thaw") == second


@pytest.mark.parametrize("old", [CONTRACT, SCATTERED])
def test_saving_an_unchanged_project_keeps_every_comment_and_value(old: str) -> None:
    project = parse_project(old, "old.thaw")
    again = format_project(project, old)
    assert [line for line in old.splitlines() if line.strip() and line not in again.splitlines()] == []


def test_changing_one_value_touches_one_line() -> None:
    project = parse_project(CONTRACT, "contract.thaw").changed(seed=8)
    assert format_project(project, CONTRACT) == CONTRACT.replace("seed = 7", "seed = 8")


def test_changing_one_stage_keeps_the_comments_of_all() -> None:
    project = parse_project(CONTRACT, "contract.thaw")
    head, top = project.stage
    changed = project.changed(stage=(head.model_dump() | {"epochs": 6}, top.model_dump()))
    assert format_project(changed, CONTRACT) == CONTRACT.replace("epochs = 5", "epochs = 6")


def test_a_stage_that_is_removed_takes_only_its_own_lines() -> None:
    project = parse_project(CONTRACT, "contract.thaw")
    shorter = project.changed(stage=(project.stage[1].model_dump(),))
    again = format_project(shorter, CONTRACT)
    assert parse_project(again, "again.thaw") == shorter
    assert "# best | last" in again
    assert "# words" not in again


def test_a_value_set_back_to_its_default_is_really_set_back() -> None:
    old = SMALL + "[training]\nbatch_size = 8 # small\n"
    project = parse_project(old, "old.thaw").changed(training={})
    assert parse_project(format_project(project, old), "old.thaw").training.batch_size == 32


def test_saving_replaces_the_file_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "small.thaw"
    path.write_text(CONTRACT)
    path.chmod(0o664)
    project = load_project(path).changed(seed=99)
    save_project(project, path)
    assert load_project(path) == project
    assert "# a name, or a position from 0" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o664
    assert [file.name for file in tmp_path.iterdir()] == ["small.thaw"]


def test_a_new_file_can_be_read_by_those_who_may_read_new_files(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    save_project(parse_project(SMALL, "x"), tmp_path / "new.thaw")
    assert (tmp_path / "new.thaw").stat().st_mode == plain.stat().st_mode


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be saved"):
        save_project(parse_project(SMALL, "x"), tmp_path / "file" / "new.thaw")
