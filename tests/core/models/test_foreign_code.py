"""A model's own code runs only where the user allowed it, exactly as it was shown, for that folder."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
from transformers.utils import HF_MODULES_CACHE

from tests.support.command_line import run_thaw, thaw, thaw_command
from tests.support.own_code import model_with_code
from tests.support.projects import ALL, HEAD, make_project
from tests.support.sessions import run_project
from trainer_core.errors import ForeignCode, InputError
from trainer_core.inference.predictor import Predictor
from trainer_core.models.body import load_body, load_config
from trainer_core.models.foreign_code import allow_code, forbid_code, is_allowed, read_code


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    shutil.rmtree(HF_MODULES_CACHE, ignore_errors=True)


@pytest.fixture
def model(bert: Path, tmp_path: Path) -> Path:
    return model_with_code(tmp_path / "own", bert)


def code_has_run() -> bool:
    return any(Path(HF_MODULES_CACHE).rglob("ran"))


def test_it_is_refused_until_it_was_read_and_then_trains_and_predicts(model: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", model, stages=[HEAD, ALL])
    with pytest.raises(InputError, match="2 files") as refused:
        run_project(project)
    assert f'thaw trust "{model}"' in str(refused.value)
    assert not code_has_run()

    code = read_code(model)
    assert [file.name for file in code.files] == ["configuration_own.py", "modeling_own.py"]
    assert not code_has_run()
    allow_code(code)

    _, run = run_project(project)
    assert code_has_run()
    texts = ["my parcel is late", "the invoice is wrong"]
    assert Predictor.load(run.model).predict(texts) == Predictor.load(run.path).predict(texts)


def test_code_that_has_changed_has_to_be_read_again(model: Path) -> None:
    allow_code(read_code(model))
    load_config(model)
    with (model / "modeling_own.py").open("a", encoding="utf-8") as file:
        file.write("# one line more\n")
    assert not is_allowed(model)
    with pytest.raises(ForeignCode, match="has changed since"):
        load_config(model)


def test_what_changes_between_showing_and_allowing_is_not_allowed(model: Path) -> None:
    shown = read_code(model)
    (model / "helper.py").write_text("print('new')\n", encoding="utf-8")
    with pytest.raises(InputError, match="changed since it was shown"):
        allow_code(shown)
    assert not is_allowed(model)


def test_the_same_code_in_another_folder_is_another_question(model: Path, tmp_path: Path) -> None:
    allow_code(read_code(model))
    with pytest.raises(ForeignCode):
        load_config(Path(shutil.copytree(model, tmp_path / "copy")))


def test_it_can_be_taken_back(model: Path) -> None:
    allow_code(read_code(model))
    assert forbid_code(model)
    assert not forbid_code(model)
    with pytest.raises(ForeignCode):
        load_config(model)


def test_code_of_another_repository_is_refused_whatever_was_allowed(model: Path) -> None:
    allow_code(read_code(model))
    file = model / "config.json"
    text = file.read_text(encoding="utf-8").replace("configuration_own.", "some/where--configuration_own.")
    file.write_text(text, encoding="utf-8")
    assert not is_allowed(model)
    with pytest.raises(InputError, match='another repository \\("some/where--'):
        load_config(model)


def test_a_known_kind_of_model_is_loaded_without_its_code(bert: Path, tmp_path: Path) -> None:
    """Code in the folder is neither run nor asked for where transformers knows the model."""
    folder = Path(shutil.copytree(bert, tmp_path / "bert"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {"AutoModel": "modeling_own.OwnModel"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "modeling_own.py").write_text("raise SystemExit('it ran')\n", encoding="utf-8")
    assert type(load_body(folder, load_config(folder))).__name__ == "BertModel"


def test_what_would_hide_on_a_screen_is_written_out(model: Path) -> None:
    (model / "helper.py").write_text("a = 1  # \u202e\x1b[2J\u200b\u2028b\n\té\n", encoding="utf-8")
    shown = {file.name: file.shown for file in read_code(model).files}["helper.py"]
    assert shown == "a = 1  # <U+202E><U+001B>[2J<U+200B><U+2028>b\n\té\n"


def test_code_that_is_no_text_is_refused(model: Path) -> None:
    (model / "helper.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"helper\.py"):
        read_code(model)


def test_damaged_notes_allow_nothing(model: Path, tmp_path: Path) -> None:
    allow_code(read_code(model))
    next((tmp_path / "settings").rglob("allowed-code.json")).write_text("[1", encoding="utf-8")
    assert not is_allowed(model)


# --- on the command line ---------------------------------------------------------------------------------------------


def test_without_a_keyboard_it_is_shown_and_allowed_by_its_hash_only(model: Path) -> None:
    shown = run_thaw("trust", model)
    assert shown.status == 2
    assert "class OwnModel(PreTrainedModel):" in shown.out
    digest = read_code(model).sha256
    assert f"--sha256 {digest}" in shown.told
    assert not is_allowed(model)

    assert thaw("trust", model, "--sha256", "0" * 64).status == 2
    assert not is_allowed(model)
    assert thaw("trust", model, "--sha256", digest).status == 0
    assert is_allowed(model)
    assert thaw("inspect", model).status == 0
    assert "not run any more" in thaw("trust", model, "--revoke").out
    assert not is_allowed(model)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
@pytest.mark.parametrize(("answer", "allowed"), [("y", True), ("n", False), ("", False)])
def test_at_a_keyboard_the_user_is_asked(model: Path, answer: str, allowed: bool) -> None:
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())
    done = subprocess.run(thaw_command("trust", model), stdin=terminal, capture_output=True, check=False)
    os.close(keyboard)
    os.close(terminal)
    assert done.returncode == (0 if allowed else 3)
    assert is_allowed(model) is allowed


def test_a_model_without_code_has_nothing_to_allow(bert: Path) -> None:
    told = thaw("trust", bert)
    assert told.status == 2
    assert "nothing to allow" in told.told
