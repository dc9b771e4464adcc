"""start.py as a person meets it: old Pythons, help, wrong words, exit codes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from thaw_start.cli import Request, WrongUsage, main, parse_request

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "packaging" / "start.py"


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(START), *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("minor", [4, 5, 6, 7, 8, 9, 10])
def test_an_old_python_can_read_the_file(minor: int) -> None:
    ast.parse(START.read_text(encoding="ascii"), feature_version=(3, minor))


def test_an_old_python_is_told_what_is_needed_in_one_sentence() -> None:
    pretend = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({str(START)!r}, run_name='__main__')"
    answer = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert re.fullmatch(r"Thaw needs Python 3\.11 or newer, and this is Python 3\.9: [^\n]*\.\n", answer.stderr)


def test_the_setup_uses_only_the_standard_library() -> None:
    for path in (START, *(ROOT / "packaging" / "thaw_start").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(node.module or "")
            outside = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"thaw_start"}
            assert not outside, f"{path.name} imports {outside}"


def test_no_folder_shadows_the_package_named_packaging() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()
    assert not (Path(__file__).parent / "__init__.py").exists()


def test_help_explains_every_verb() -> None:
    answer = start("-h")
    assert answer.returncode == 0
    for word in ("run", "test", "prepare", "shortcut", "--torch", "--headless", "--remove", "cu130"):
        assert word in answer.stdout


@pytest.mark.parametrize(
    "words", [("dance",), ("--dance",), ("prepare", "now"), ("--remove",), ("test", "--torch"), ("--torch",)]
)
def test_what_is_not_understood_is_answered_with_a_sentence(words: tuple[str, ...]) -> None:
    answer = start(*words)
    assert answer.returncode == 2
    assert len(answer.stdout.splitlines()) == 1
    assert "-h explains" in answer.stdout
    assert answer.stderr == ""


def test_words_after_test_reach_pytest_untouched() -> None:
    request = parse_request(["test", "-x", "-k", "one or two", "--torch", "cpu", "tests/core", "--lf"])
    assert request == Request("test", "cpu", rest=("-x", "-k", "one or two", "tests/core", "--lf"))


def test_options_may_stand_before_or_after_the_verb() -> None:
    assert parse_request(["--torch=cuda", "prepare"]) == parse_request(["prepare", "--torch", "cuda"])
    assert parse_request(["--headless"]) == Request("run", headless=True)
    assert parse_request([]) == Request("run")
    with pytest.raises(WrongUsage):
        parse_request(["shortcut", "--remov"])


def test_a_failure_ends_in_words_and_not_in_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from thaw_start import cli, layout

    monkeypatch.setattr(cli, "this_checkout", lambda: layout.Layout(tmp_path))
    for error, code, words in (
        (OSError(28, os.strerror(28)), 1, "no space is left"),
        (OSError(30, os.strerror(30), "/x"), 1, "read-only"),
        (PermissionError(13, os.strerror(13), "/x"), 1, "cannot be written"),
        (RuntimeError("surprise"), 1, "not foreseen"),
        (KeyboardInterrupt(), 130, "Stopped"),
    ):

        def fail(*_: object, error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr(cli, "_obey", fail)
        assert main([]) == code
        shown = capsys.readouterr()
        assert words in shown.out
        assert "Traceback" not in shown.out + shown.err
    log = (tmp_path / ".thaw-setup" / "setup.log").read_text(encoding="utf-8")
    assert "RuntimeError: surprise" in log


def test_ci_runs_the_tests_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "python3 packaging/start.py test"
    assert len(lines) == 3
    if os.name == "posix":
        assert os.access(script, os.X_OK)
