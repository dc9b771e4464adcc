"""Reading project files: every key, every problem at once, overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_core.errors import InputError, Problem
from trainer_core.project.load import MAX_BYTES, load_project, parse_project
from trainer_core.project.schema import Pooling, Precision, Project, StartFrom

CONTRACT = """\
version = 1
task = "classification"
seed = 7

[model]
source = "starter:all-MiniLM-L6-v2"     # or a folder, or "hub:org/name"
max_length = 128
pooling = "auto"                         # auto | cls | mean | last

[data]
train = "train.tsv"                      # relative to the project file
validation = "dev.tsv"                   # or: validation_share = 0.1 (stratified, seeded)
limit = 2000                             # optional: first rows of train only
header = false

[data.columns]
text = 0                                 # a name, or a position from 0
label = 1

[training]
batch_size = 32
precision = "auto"                       # auto | float32 | bfloat16 | float16

[[stage]]
name = "head"
train = ["head"]                         # words (head, embeddings, blocks, top:2, all) or globs over parameter names
learning_rate = 1e-3
epochs = 5

[[stage]]
name = "top"
train = ["head", "top:2"]
learning_rate = 5e-5
epochs = 2
until = { metric = "macro_f1", at_least = 0.95, patience = 2 }
start_from = "best"                      # best | last
"""

SMALL = '[data]\ntrain = "train.tsv"\n'


def problems_of(text: str, overrides: list[str] | None = None) -> dict[str, Problem]:
    """Return the problems of a project text by their place."""
    with pytest.raises(InputError) as caught:
        parse_project(text, "small.thaw", overrides or [])
    return {problem.where: problem for problem in caught.value.problems}


def test_every_key_of_the_contract_is_read() -> None:
    project = parse_project(CONTRACT, "contract.thaw")
    assert (project.version, project.task, project.seed) == (1, "classification", 7)
    assert project.model.source == "starter:all-MiniLM-L6-v2"
    assert (project.model.max_length, project.model.pooling) == (128, Pooling.AUTO)
    assert (project.data.train, project.data.validation) == ("train.tsv", "dev.tsv")
    assert (project.data.limit, project.data.header) == (2000, False)
    assert (project.data.columns.text, project.data.columns.label) == (0, 1)
    assert (project.training.batch_size, project.training.precision) == (32, Precision.AUTO)
    head, top = project.stage
    assert (head.name, head.train, head.learning_rate, head.epochs) == ("head", ("head",), 1e-3, 5)
    assert (head.until, head.start_from) == (None, StartFrom.LAST)
    assert (top.train, top.start_from) == (("head", "top:2"), StartFrom.BEST)
    assert top.until is not None
    assert (top.until.metric, top.until.at_least, top.until.patience) == ("macro_f1", 0.95, 2)


def test_only_the_training_file_is_needed() -> None:
    project = parse_project(SMALL, "small.thaw")
    assert project == Project.model_validate({"data": {"train": "train.tsv"}})
    assert project.data.share_for_validation == 0.1
    assert project.stage == ()


@pytest.mark.parametrize(
    ("text", "where", "guess"),
    [
        ("sed = 3\n" + SMALL, "sed", "seed"),
        (SMALL + "[model]\npoling = 'cls'\n", "model.poling", "pooling"),
        (SMALL + "limits = 5\n", "data.limits", "limit"),
        (SMALL + "[data.columns]\ntxt = 0\n", "data.columns.txt", "text"),
        (SMALL + "[training]\nbatchsize = 3\n", "training.batchsize", "batch_size"),
        (
            SMALL + "[[stage]]\nname='a'\ntrain=['all']\nlearning_rate=1e-3\nepochs=1\nuntill={patience=1}\n",
            "stage[0].untill",
            "until",
        ),
        (
            SMALL + "[[stage]]\nname='a'\ntrain=['all']\nlearning_rate=1e-3\nepochs=1\nuntil={patiense=1}\n",
            "stage[0].until.patiense",
            "patience",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(text: str, where: str, guess: str) -> None:
    problem = problems_of(text)[where]
    assert "unknown" in problem.what
    assert f'Did you mean "{guess}"?' in problem.remedy


@pytest.mark.parametrize("key", ["zzzzz", "int", "str", '"a[b"', "constrained-x"])
def test_an_unknown_key_without_a_neighbour_gets_the_list_of_keys(key: str) -> None:
    (problem,) = problems_of(f"{key} = 1\n" + SMALL).values()
    assert "unknown" in problem.what
    assert key.strip('"') in problem.what
    assert "seed" in problem.remedy


def test_all_problems_come_at_once_each_with_its_place_and_a_remedy() -> None:
    found = problems_of(
        """
        version = 1
        seed = -1
        tsak = "classification"
        [model]
        pooling = "means"
        max_length = 2
        [data]
        validation_share = 1.5
        [data.columns]
        text = -2
        [training]
        batch_size = 0
        device = "gpu"
        [[stage]]
        name = "a"
        train = ["head"]
        learning_rate = 1e-3
        epochs = 1
        [[stage]]
        name = ""
        train = []
        learning_rate = 0.0
        until = { }
        """
    )
    assert set(found) == {
        "seed",
        "tsak",
        "model.pooling",
        "model.max_length",
        "data.train",
        "data.validation_share",
        "data.columns.text",
        "training.batch_size",
        "training.device",
        "stage[1].name",
        "stage[1].train",
        "stage[1].learning_rate",
        "stage[1].epochs",
        "stage[1].until",
    }
    assert all(problem.what.endswith(".") and problem.remedy for problem in found.values())
    assert 'Did you mean "mean"?' in found["model.pooling"].remedy
    assert "name" not in found["data.columns.text"].where


def test_an_unknown_task_names_the_known_ones() -> None:
    assert "classification" in problems_of('task = "translation"\n' + SMALL)["task"].what


def test_two_validation_sets_are_refused_with_a_fitting_remedy() -> None:
    problem = problems_of(SMALL + 'validation = "dev.tsv"\nvalidation_share = 0.2\n')["data"]
    assert "keep one" in problem.what
    assert "Add a table" not in problem.remedy


def test_a_missing_data_table_is_explained() -> None:
    problem = problems_of("version = 1\n")["data"]
    assert "missing" in problem.what
    assert "[data]" in problem.remedy


def test_an_until_that_never_ends_is_refused() -> None:
    text = SMALL + "[[stage]]\nname='a'\ntrain=['all']\nlearning_rate=1e-3\nepochs=1\nuntil={metric='loss'}\n"
    assert "never ends" in problems_of(text)["stage[0].until"].what


def test_a_list_for_an_option_is_told_once_and_a_single_stage_with_its_brackets() -> None:
    options = problems_of(SMALL + "[options]\nclass_weights = [1, 2]\n")
    assert "docs/tasks.md" in options["options.class_weights"].remedy
    assert list(options) == ["options.class_weights"]
    assert "[[stage]]" in problems_of(SMALL + "[stage]\nname='a'\n")["stage"].remedy


@pytest.mark.parametrize("wrong", ["data = 3", "data = []", "stage = 3", "data = 'train.tsv'", "stage = [1]"])
def test_a_value_in_place_of_a_table_is_no_fault(wrong: str) -> None:
    text = wrong if wrong.startswith("data") else f"{wrong}\n{SMALL}"
    problems = problems_of(text)
    assert all(where.startswith(wrong.split(" ")[0]) for where in problems)


def test_a_newer_version_asks_for_a_newer_thaw() -> None:
    problem = problems_of("version = 2\nkey_of_the_future = 1\n" + SMALL)["version"]
    assert "version 2" in problem.what
    assert "newer" in problem.remedy


def test_invalid_toml_names_the_file_and_the_line() -> None:
    (problem,) = problems_of("version = 1\nseed = = 3\n").values()
    assert problem.where == "small.thaw"
    assert "line 2" in problem.what


# --- overrides -----------------------------------------------------------------------------------------------------


def test_overrides_replace_and_add_values() -> None:
    overrides = [
        "training.batch_size=16",
        'model.pooling="cls"',
        "model.source=/some/folder",
        "stage.1.epochs = 9",
        "stage.0.train=['head', 'top:1']",
        "data.limit=10",
        "stage.0.until.patience=3",
    ]
    project = parse_project(CONTRACT, "contract.thaw", overrides)
    assert project.training.batch_size == 16
    assert project.model.pooling is Pooling.CLS
    assert project.model.source == "/some/folder"
    assert project.stage[1].epochs == 9
    assert project.stage[0].train == ("head", "top:1")
    assert project.data.limit == 10
    assert project.stage[0].until is not None
    assert project.stage[0].until.patience == 3


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("training.batch_size", "key=value"),
        ("=3", "key=value"),
        ("stage.7.epochs=2", "0 to 1"),
        ("stage.x.epochs=2", "0 to 1"),
        ("stage.1=2", "stage.0.epochs"),
        ("seed.deep=2", "no keys of its own"),
        ("trainig.batch_size=3", 'Did you mean "training"?'),
        ("training.batch_sise=3", 'Did you mean "batch_size"?'),
        ("training.batch_size=many", "batch_size"),
    ],
)
def test_a_wrong_override_is_explained(override: str, part: str) -> None:
    text = "\n".join(str(problem) for problem in problems_of(CONTRACT, [override]).values())
    assert part in text


def test_overriding_a_stage_where_the_file_has_none_is_explained() -> None:
    (problem,) = problems_of(SMALL, ["stage.0.epochs=2"]).values()
    assert problem.where == "stage.0.epochs"
    assert "[[stage]]" in problem.remedy or "[[stage]]" in problem.what


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file") as caught:
        load_project(tmp_path / "none.thaw")
    assert "none.thaw" in caught.value.problems[0].where


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"\xff\xfe\x00\x81rubbish", "UTF-8"), (b"\x00\x01\x02", "TOML"), (b"x" * (MAX_BYTES + 1), "too large")],
)
def test_a_file_that_is_no_project_is_refused(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "small.thaw"
    path.write_bytes(content)
    with pytest.raises(InputError, match=part):
        load_project(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        load_project(tmp_path)


def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_project(tmp_path / ("x" * 300 + ".thaw"))


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "small.thaw"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_project(path).data.train == "train.tsv"
