"""What holds for every test: no network, no screen, no traces in the user's folders, no leftovers. Nothing heavy."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_HOME = tempfile.TemporaryDirectory(prefix="thaw-tests-", ignore_cleanup_errors=True)


def _prepare_environment(home: Path) -> None:
    """Set what has to hold before Qt, platformdirs or a Hugging Face library is imported."""
    os.environ |= {
        "QT_QPA_PLATFORM": "offscreen",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTEST_QT_API": "pyside6",
    }
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        # Each worker takes its share of the cores, and so do the programs that its tests start.
        os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // workers))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        os.environ[name] = str(home / name.lower())
    if sys.platform == "win32":
        os.environ["LOCALAPPDATA"] = os.environ["APPDATA"] = str(home)
    elif sys.platform == "darwin":
        os.environ["HOME"] = str(home)


_prepare_environment(Path(_HOME.name))


def pytest_unconfigure() -> None:
    """Remove the folder that stood for the user's own."""
    _HOME.cleanup()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of public data sets; the test is skipped where there is none."""
    named = os.environ.get("THAW_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data sets at {folder}; THAW_SHARED_DATA names another folder")
    return folder


@pytest.fixture(autouse=True)
def _no_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test of the window that leaves a window, a timer or a thread behind."""
    if "gui" not in request.node.path.parts:
        yield
        return
    qapp = request.getfixturevalue("qapp")
    from tests.support.leftovers import leftovers, only_new_objects, settle

    with only_new_objects():
        before = leftovers()
        yield
        settle(qapp)
        left = [name for address, name in leftovers().items() if address not in before]
    if left:
        pytest.fail("left behind: " + "; ".join(left))
