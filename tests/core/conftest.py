"""What the tests of the core share: tiny models, made once, and one thread so that numbers do not depend on load."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from tests.support.tiny_models import build_tiny_model

settings.register_profile(
    "thaw", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("thaw")
torch.set_num_threads(1)

TinyModel = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test a cache that no other test has filled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    """Return a function from an architecture to the folder of a tiny model of it; never write there."""
    parent = tmp_path_factory.mktemp("models")

    @cache
    def find(family: str) -> Path:
        return build_tiny_model(parent / family, family)

    return find


@pytest.fixture(scope="session")
def bert(tiny_model: TinyModel) -> Path:
    """Return the folder of a tiny BERT."""
    return tiny_model("bert")
