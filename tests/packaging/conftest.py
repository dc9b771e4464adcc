"""What the tests of packaging/start.py share: a checkout with an awkward name, and a pip that only pretends."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from thaw_start.command import Outcome  # noqa: E402
from thaw_start.console import Console  # noqa: E402
from thaw_start.layout import Layout  # noqa: E402
from thaw_start.log import Log  # noqa: E402

WEIGHTS = b"weights of a very small model"
STARTERS = f"""
[[model]]
name = "tiny"
package = "tiny-model"
version = "1.0"
module = "tiny_model"
path = "model"
weights = "model.safetensors"
sha256 = "{hashlib.sha256(WEIGHTS).hexdigest()}"
"""


class PretendRunner:
    """Stands for the runner of commands: keeps what was asked and does what Python, pip and the probes would do."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.shared_file: int | None = None
        self.commands: list[list[str]] = []
        self.torch = "2.13.0+cpu"
        self.weights = WEIGHTS
        self.fail_on: Callable[[list[str]], str | None] = lambda command: None
        self.answers: dict[str, Outcome] = {}

    def __call__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> Outcome:
        words = list(command)
        self.commands.append(words)
        wrong = self.fail_on(words)
        if wrong is not None:
            return Outcome(1, wrong)
        for part, outcome in self.answers.items():
            if part in " ".join(words):
                return outcome
        if "venv" in words:
            self._make_venv()
        elif "install" in words and "pip" in words:
            self._install(words)
        return Outcome(0, "fonts 3\nworks on the processor\n")

    def pip_installs(self) -> list[list[str]]:
        """List the arguments of every call of pip install."""
        return [words[words.index("install") + 1 :] for words in self.commands if "pip" in words and "install" in words]

    def add_package(self, name: str, version: str) -> None:
        """Put one package into site-packages, with the list of its files."""
        site = self.layout.site_packages
        for old in site.glob(f"{name}-*.dist-info"):
            (old / "METADATA").unlink()
            (old / "RECORD").unlink()
            old.rmdir()
        (site / name).mkdir(exist_ok=True)
        (site / name / "__init__.py").write_text("# here", encoding="utf-8")
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        (info / "RECORD").write_text(f"{name}/__init__.py,sha256=x,6\n{info.name}/RECORD,,\n", encoding="utf-8")

    def _make_venv(self) -> None:
        layout = self.layout
        layout.site_packages.mkdir(parents=True)
        layout.scripts.mkdir(parents=True)
        layout.python.symlink_to(sys.executable)
        version = ".".join(map(str, sys.version_info[:3]))
        (layout.venv / "pyvenv.cfg").write_text(
            f"home = {Path(sys.executable).parent}\nversion = {version}\ncommand = python3 -m venv {layout.venv}\n",
            encoding="utf-8",
        )

    def _install(self, words: list[str]) -> None:
        if any(word.startswith("torch=") for word in words):
            self.add_package("torch", self.torch)
        elif "--editable" in words:
            self.add_package("thaw_desktop", "0.1.0")
            self.layout.thaw.write_text("#!/bin/sh\n", encoding="utf-8")
        elif "tiny-model==1.0" in words:
            folder = self.layout.site_packages / "tiny_model" / "model"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "model.safetensors").write_bytes(self.weights)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Make a checkout with what the setup reads, in a folder whose name needs quoting everywhere."""
    checkout = tmp_path / 'it\'s a "check" out $HOME 100% `x`'
    (checkout / "resources").mkdir(parents=True)
    (checkout / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (checkout / "setup.py").write_text("", encoding="utf-8")
    (checkout / "resources" / "starters.toml").write_text(STARTERS, encoding="utf-8")
    return Layout(checkout, windows=False)


@pytest.fixture
def runner(layout: Layout) -> PretendRunner:
    """Give the pretending runner for the checkout."""
    return PretendRunner(layout)


@pytest.fixture
def printed() -> io.StringIO:
    """Collect what the person would see."""
    return io.StringIO()


@pytest.fixture
def console(layout: Layout, printed: io.StringIO) -> Iterator[Console]:
    """Give a console that prints into ``printed``."""
    log = Log(layout.work / "setup.log")
    yield Console(log, printed)
    log.close()
