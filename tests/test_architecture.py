"""The walls: who may import whom, and what the first paint may not wait for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "transformers", "datasets", "sklearn", "accelerate", "pyarrow", "pandas")

LIGHT_CORE = [
    "trainer_core",
    "trainer_core.errors",
    "trainer_core.files",
    "trainer_core.resources",
    "trainer_core.project.schema",
    "trainer_core.project.load",
    "trainer_core.project.save",
    "trainer_core.layers.tree",
    "trainer_core.layers.freeze",
    "trainer_core.stages.plan",
    "trainer_core.stages.presets",
    "trainer_core.stages.exits",
    "trainer_core.training",
    "trainer_core.training.events",
    "trainer_core.training.control",
    "trainer_core.training.schedule",
    "trainer_core.runs.folder",
    "trainer_core.runs.history",
    "trainer_core.runs.journal",
    "trainer_core.runs.place",
    "trainer_core.data.report",
    "trainer_core.models.facts",
    "trainer_core.models.starters",
    "trainer_core.models.sources",
    "trainer_core.inference.prediction",
    "trainer_core.results.names",
    "trainer_core.results.verdicts",
    "trainer_core.tasks.registry",
    "trainer_core.engines.base",
    "trainer_core.forecast.arithmetic",
    "trainer_core.forecast.guess",
    "trainer_core.forecast.known",
    "trainer_core.forecast.words",
    "trainer_core.cli",
]
LIGHT_WINDOW = ["desktop_app.workspace"]


def loaded_after(module: str) -> set[str]:
    """Return the packages that are loaded once a module was imported in a fresh Python."""
    script = f"import sys, {module}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", [*LIGHT_CORE, *LIGHT_WINDOW])
def test_a_module_of_the_first_paint_loads_nothing_heavy(module: str) -> None:
    assert loaded_after(module) & set(HEAVY) == set()


def test_the_core_loads_no_window() -> None:
    everything = (
        "trainer_core.cli, trainer_core.engines.local, trainer_core.commands.train, trainer_core.commands.check"
    )
    loaded = loaded_after(everything)
    assert loaded & {"PySide6", "shiboken6", "pyqtgraph", "qtawesome", "desktop_app"} == set()
    assert "torch" in loaded


def test_the_contracts_of_pyproject_hold() -> None:
    """See ``[tool.importlinter]`` in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
