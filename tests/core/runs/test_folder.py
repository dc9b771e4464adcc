"""The run folder: never reused, never overwritten; checkpoints appear whole; the plan survives the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_core.errors import InputError
from trainer_core.files import replace_file
from trainer_core.project.schema import DataSection, Project
from trainer_core.resources import starter_projects
from trainer_core.runs import checkpoints, folder
from trainer_core.runs.checkpoints import CALIBRATION, FolderCheckpoints, load_calibration, load_checkpoint
from trainer_core.runs.folder import RunFolder, create_run_folder, is_run_folder, list_runs
from trainer_core.runs.place import runs_place
from trainer_core.stages.plan import PLAN_VERSION, DataPlan, RunPlan

LABEL = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


def plan(labels: tuple[str, ...] = ("a", "b"), **values: Any) -> RunPlan:
    """Return a plan without stages."""
    data = DataPlan(
        train="/t.csv",
        train_sha256="0",
        validation=None,
        validation_sha256=None,
        train_rows=3,
        validation_rows=1,
        labels=labels,
        columns={"text": "text", "label": "label"},
        outputs=2,
    )
    usual: dict[str, Any] = {
        "project": Project(data=DataSection(train="/t.csv")),
        "project_file": "/p.thaw",
        "project_sha256": "",
        "model_folder": "/m",
        "model_sha256": "1",
        "data": data,
        "device": "cpu",
        "total_parameters": 5,
        "stages": (),
    }
    return RunPlan(**usual | values)


def test_two_runs_of_one_second_get_two_folders(tmp_path: Path) -> None:
    made = [create_run_folder(tmp_path / "runs", "head") for _ in range(5)]
    assert len({run.path for run in made}) == 5
    assert all(run.checkpoints.is_dir() for run in made)


def test_what_lies_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = create_run_folder(tmp_path, "head")
    (first.path / "precious").write_text("kept")
    monkeypatch.setattr(folder.datetime, "datetime", type("Fixed", (), {"now": staticmethod(lambda: _Stamp())}))
    (tmp_path / "2026_head").mkdir()
    (tmp_path / "2026_head" / "precious").write_text("kept")
    assert create_run_folder(tmp_path, "head").path.name == "2026_head_2"
    assert [path.read_text() for path in tmp_path.glob("*/precious")] == ["kept", "kept"]


class _Stamp:
    def strftime(self, form: str) -> str:
        return "2026"


@pytest.mark.parametrize(
    ("name", "slug"), [("Head, then TOP!", "head-then-top"), ("../../etc", "etc"), ("头", "run"), ("", "run")]
)
def test_a_name_becomes_a_harmless_folder(tmp_path: Path, name: str, slug: str) -> None:
    made = create_run_folder(tmp_path, name)
    assert made.path.parent == tmp_path
    assert made.path.name.endswith(f"_{slug}")


def test_a_very_long_name_is_cut(tmp_path: Path) -> None:
    assert len(create_run_folder(tmp_path, "x" * 999).path.name) < 80


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "runs").write_text("precious")
    with pytest.raises(InputError, match="Runs cannot be written here") as caught:
        create_run_folder(tmp_path / "runs" / below, "head")
    assert "--out" in caught.value.problems[0].remedy
    assert (tmp_path / "runs").read_text() == "precious"


def test_runs_are_listed_the_newest_first(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []
    for name in ("2026-01-01_x", "2026-03-01_x", "2026-02-01_x", "no run"):
        (tmp_path / name).mkdir()
        if "x" in name:
            (tmp_path / name / "plan.toml").touch()
    (tmp_path / "file").touch()
    assert [run.path.name[5:7] for run in list_runs(tmp_path)] == ["03", "02", "01"]


@settings(max_examples=30)
@given(labels=st.lists(LABEL, min_size=2, max_size=4, unique=True), file=LABEL)
def test_a_plan_survives_the_disk(labels: list[str], file: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = RunFolder(tmp_path_factory.mktemp("run"))
    wanted = plan(tuple(labels), project_file=file)
    run.save_plan(wanted)
    assert run.load_plan() == wanted
    assert is_run_folder(run.path)


@pytest.mark.parametrize("content", [None, b"", b"not toml", b"\xff\xfe", b"task = 3\n"])
def test_a_folder_without_a_readable_plan_is_no_run(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "plan.toml").write_bytes(content)
    with pytest.raises(InputError, match="not a run folder"):
        RunFolder(tmp_path).load_plan()


def test_runs_lie_beside_the_project_but_never_beside_an_example(tmp_path: Path) -> None:
    assert runs_place(tmp_path / "my.thaw") == tmp_path.resolve() / "runs"
    assert not runs_place(starter_projects()[0].path).is_relative_to(starter_projects()[0].path.parent)


# --- checkpoints ---------------------------------------------------------------------------------------------------


def tensors(value: float) -> dict[str, torch.Tensor]:
    """Return a small set of tensors."""
    return {"head.weight": torch.full((2, 2), value)}


def test_only_the_best_checkpoint_stays(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.save_plan(plan())
    with FolderCheckpoints(run) as kept:
        for step in (0, 5, 12):
            kept.save_best(step, 1, tensors(step), {"pooling": "mean", "step": str(step)}, {})
            (saved,) = kept.saved(wait=True)
            assert (saved.step, saved.stage, saved.best) == (step, 1, True)
            assert (tmp_path / saved.path).stat().st_size == saved.bytes
        assert kept.saved(wait=True) == []
        assert torch.equal(kept.load_best()["head.weight"], tensors(12)["head.weight"])
    assert [path.name for path in run.checkpoints.iterdir()] == ["step-00000012-best"]
    loaded, facts = load_checkpoint(run.best_checkpoint())
    assert torch.equal(loaded["head.weight"], tensors(12)["head.weight"])
    assert facts == {"pooling": "mean", "step": "12"}


@pytest.mark.parametrize("fails_at", ["weights", "pointer"])
def test_a_save_that_breaks_off_leaves_the_old_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    run = RunFolder(tmp_path)
    run.save_plan(plan())

    def no_space(*args: Any, **values: Any) -> None:
        raise OSError(28, "No space left on device")

    with FolderCheckpoints(run) as kept:
        kept.save_best(3, 0, tensors(3), {"pooling": "mean"}, {})
        assert kept.saved(wait=True)
        monkeypatch.setattr(checkpoints, "save_file" if fails_at == "weights" else "replace_file", no_space)
        kept.save_best(9, 0, tensors(9), {"pooling": "mean"}, {})
        with pytest.raises(OSError, match="No space"):
            kept.saved(wait=True)
        assert run.best_checkpoint().name == "step-00000003-best"
        assert torch.equal(load_checkpoint(run.best_checkpoint())[0]["head.weight"], tensors(3)["head.weight"])


def test_a_run_without_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint yet"):
        RunFolder(tmp_path).best_checkpoint()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.save_plan(plan())
    with FolderCheckpoints(run) as kept:
        kept.save_best(3, 0, tensors(3), {"pooling": "mean"}, {})
    file = run.best_checkpoint() / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(InputError, match="cannot be read"):
        load_checkpoint(run.best_checkpoint())
    replace_file(run.best_file, b"step-00000099-best")
    with pytest.raises(InputError, match="cannot be read"):
        load_checkpoint(run.best_checkpoint())


def test_what_is_needed_to_read_the_scores_of_the_best_comes_with_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.save_plan(plan())
    with FolderCheckpoints(run) as kept:
        kept.save_best(3, 0, tensors(3), {"pooling": "mean"}, {"thresholds": [0.25, 0.1]})
        assert kept.saved(wait=True)
        first = run.best_checkpoint()
        assert load_calibration(first) == {"thresholds": (0.25, 0.1)}
        kept.save_best(9, 0, tensors(9), {"pooling": "mean"}, {})
    assert load_calibration(run.best_checkpoint()) == {}
    assert not first.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"thresholds": ["many"]}', b"\xff"])
def test_a_damaged_calibration_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CALIBRATION).write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        load_calibration(tmp_path)


def test_a_run_of_a_newer_thaw_is_refused_in_words(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.save_plan(plan())
    text = run.plan_file.read_text(encoding="utf-8")
    written, newer = f"version = {PLAN_VERSION}\n", f"version = {PLAN_VERSION + 1}\n"
    assert written in text
    run.plan_file.write_text(f"{newer}surprise = true\n" + text.replace(written, "", 1), encoding="utf-8")
    with pytest.raises(InputError, match=newer.strip().replace(" = ", " ")) as refused:
        run.load_plan()
    assert "newer Thaw" in refused.value.remedy


def test_a_folder_that_goes_away_in_the_middle_of_a_save_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, away = RunFolder(tmp_path / "run"), tmp_path / "away"
    run.path.mkdir()
    run.save_plan(plan())
    real = RunFolder.check_there

    def then_go(folder: RunFolder) -> None:
        real(folder)
        folder.path.rename(away)

    monkeypatch.setattr(RunFolder, "check_there", then_go)
    with FolderCheckpoints(run) as kept:
        kept.save_best(3, 0, tensors(3), {"pooling": "mean"}, {})
        for _ in range(2):
            with pytest.raises(FileNotFoundError):
                kept.saved(wait=True)
        assert not run.path.exists()
        away.rename(run.path)
        monkeypatch.setattr(RunFolder, "check_there", real)
        assert kept.saved(wait=True)
    assert run.best_checkpoint().name == "step-00000003-best"
