"""What can be learnt: asked for once, and what the fakes say of it is what the core says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.core_access import LocalCore
from desktop_app.known_tasks import KnownTasks
from desktop_app.run_words import METRIC_HINTS, metric_hint, metric_words
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.small_data import small_task, small_tasks
from trainer_core.tasks.registry import describe_task


def test_tasks_are_asked_for_once(workspace: Workspace, core: FakeCore, idle: Callable[[], None]) -> None:
    workspace.tasks.learn()
    workspace.tasks.learn()
    idle()
    assert core.calls == ["describe_tasks"]
    assert workspace.tasks.all == tuple(small_tasks())
    assert workspace.tasks.named("regression") == small_task("regression")
    assert workspace.tasks.named("none such") is None


def test_after_a_failure_it_is_told_and_asked_again(
    workspace: Workspace, core: FakeCore, idle: Callable[[], None], qtbot: QtBot
) -> None:
    tasks, failed = KnownTasks(core, workspace.jobs, workspace), []
    workspace.jobs.failed.connect(failed.append)
    core.tasks = OSError("the disk is gone")
    tasks.learn()
    idle()
    assert (failed, tasks.all) == ([core.tasks], ())
    core.tasks = small_tasks()
    with qtbot.waitSignal(tasks.changed):
        tasks.learn()
    idle()


def test_the_project_knows_its_task_once_the_tasks_are_known(ready: Workspace, idle: Callable[[], None]) -> None:
    assert ready.task == small_task("classification")
    assert ready.metric == "macro_f1"
    ready.update(task="regression")
    idle()
    assert (ready.task, ready.metric) == (small_task("regression"), "spearman")
    assert ready.project is not None
    ready.update(training=ready.project.training.model_dump() | {"metric": "loss"})
    assert ready.metric == "loss"
    ready.tasks.take(())
    assert (ready.task, ready.metric) == (None, "loss")


@pytest.mark.parametrize("fake", small_tasks(), ids=lambda task: task.name)
def test_the_fakes_are_as_the_core_describes_them(fake: object) -> None:
    assert fake == describe_task(getattr(fake, "name", ""))


def test_every_metric_of_every_task_has_words_and_a_hint() -> None:
    for task in LocalCore().describe_tasks():
        for metric in task.metrics:
            assert metric_hint(metric), f"{metric} of {task.name}"
            assert "_" not in metric_words(metric)
    assert (metric_words("f0_5"), metric_hint("f0_5")) == ("f0 5", ""), "a plug-in's own"
    assert all(hint[0].isupper() and not hint.endswith(".") for hint in METRIC_HINTS.values())
