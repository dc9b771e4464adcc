"""Compiled blocks train as plain ones do; where they cannot be compiled, training goes on without."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch

from tests.support.projects import ALL, TOP, make_project
from tests.support.sessions import make_session, train_all, without_dropout
from trainer_core.training import compiling
from trainer_core.training.events import RunWarning, StepFinished, WorkProgress

COMPILE = torch.compile
# torch's tracer looks at the gradients of values that have none, and warns itself.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")


@pytest.fixture(autouse=True)
def _forget_what_was_compiled() -> Iterator[None]:
    yield
    torch._dynamo.reset()
    torch._dynamo.config.suppress_errors = False


def losses(path: Path, monkeypatch: pytest.MonkeyPatch, backend: object) -> tuple[list[float], list[str]]:
    """Train; return the losses of the steps and the warnings."""
    monkeypatch.setattr(compiling.torch, "compile", partial(COMPILE, backend=backend))
    events = train_all(without_dropout(make_session(path)))
    told = [event.message for event in events if isinstance(event, RunWarning)]
    return [event.loss for event in events if isinstance(event, StepFinished)], told


def test_compiled_blocks_learn_the_same(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = make_project(tmp_path / "plain", bert, stages=[TOP, ALL])
    wished = make_project(tmp_path / "compiled", bert, stages=[TOP, ALL], training={"compile": True})
    expected, _ = losses(plain, monkeypatch, "eager")
    found, told = losses(wished, monkeypatch, "aot_eager")
    assert not told
    assert found == pytest.approx(expected, rel=1e-4)


def test_where_nothing_can_be_compiled_training_goes_on_and_says_so(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_compiler(*_: object) -> None:
        raise RuntimeError("no C++ compiler")

    plain = make_project(tmp_path / "plain", bert, stages=[ALL])
    wished = make_project(tmp_path / "compiled", bert, stages=[ALL], training={"compile": True})
    expected, _ = losses(plain, monkeypatch, "eager")
    found, (told,) = losses(wished, monkeypatch, no_compiler)
    assert "could not be compiled" in told
    assert "no C++ compiler" in told
    assert found == pytest.approx(expected, rel=1e-5)


def test_compiling_is_work_that_is_shown(tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.torch, "compile", partial(COMPILE, backend="eager"))
    events = train_all(make_session(make_project(tmp_path, bert, stages=[ALL], training={"compile": True})))
    assert [e.done for e in events if isinstance(e, WorkProgress) and e.work == compiling.WORK] == [0, 1]
