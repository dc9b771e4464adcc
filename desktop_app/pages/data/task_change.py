"""What another task, or another choice about it, means for the project. Imports no Qt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from desktop_app.run_words import metric_words
from trainer_core.project.schema import TASKS_OWN, OptionValue, Project, UntilSection
from trainer_core.tasks.facts import OptionFacts, TaskFacts


@dataclass(frozen=True)
class TaskChange:
    """What another task makes of a project.

    Attributes:
        sections: those that change with it; what it does not know goes back to what it usually does.
        lost: what was chosen and is gone, in words.
    """

    sections: dict[str, Any]
    lost: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is gone in one sentence; empty where nothing is."""
        return f"Let go, because this task knows no such thing: {', '.join(self.lost)}." if self.lost else ""


def change_task(project: Project, task: TaskFacts, before: TaskFacts | None) -> TaskChange:
    """Return what a task makes of a project; ``before`` is the project's own task, where it is known."""
    options = known_options(project.options, task)
    given = {role: column for role, column in project.data.columns.model_dump().items() if column is not None}
    needed = {need.role.value for need in task.needs}
    columns = {role: column for role, column in given.items() if role in needed}
    metric = _offered(project.training.metric, task)
    ends = _Ends(project.training.metric, before, metric, task)
    stages = [stage.model_copy(update={"until": ends.changed(stage.until)}) for stage in project.stage]
    lost = [_option_title(name, before) for name in project.options if name not in options]
    lost += [_column_words(column) for role, column in given.items() if role not in needed]
    lost += [f"judging by {metric_words(project.training.metric)}"] if metric != project.training.metric else []
    lost += [f"the end of stage “{stage.name}” {words}" for stage in project.stage for words in ends.lost(stage.until)]
    sections = {
        "task": task.name,
        "options": options,
        "data": project.data.model_dump() | {"columns": columns},
        "training": project.training.model_dump() | {"metric": metric},
        "stage": tuple(stage.model_dump() for stage in stages),
    }
    return TaskChange(sections, tuple(lost))


def known_options(options: Mapping[str, OptionValue], task: TaskFacts) -> dict[str, OptionValue]:
    """Return the chosen options that a task knows and whose values it can have."""
    facts = {option.name: option for option in task.options}
    return {name: value for name, value in options.items() if name in facts and _can_be(facts[name], value)}


def with_option(
    options: Mapping[str, OptionValue], option: OptionFacts, value: OptionValue | None
) -> dict[str, OptionValue]:
    """Return the options after one was chosen; one that says what holds anyway is left out."""
    others = {name: kept for name, kept in options.items() if name != option.name}
    usual = value is None or value == "" or value == option.default
    return others if usual or value is None else others | {option.name: value}


class _Ends:
    """What becomes of the ends of stages: a threshold holds for the metric it was chosen for, and no other.

    Args:
        judged_by: the metric of the project, under the task it had.
        before: that task, where it is known.
        judging: the metric of the project, under the task it gets.
        task: that task.
    """

    def __init__(self, judged_by: str, before: TaskFacts | None, judging: str, task: TaskFacts) -> None:
        self._judged_by, self._before = judged_by, before
        self._judging, self._task = judging, task

    def changed(self, until: UntilSection | None) -> UntilSection | None:
        """Return when a stage ends early under the new task; None for never."""
        if until is None:
            return None
        at_least = until.at_least if self._keeps_metric(until) else None
        if at_least is None and until.patience is None:
            return None
        return UntilSection(metric=_offered(until.metric, self._task), at_least=at_least, patience=until.patience)

    def lost(self, until: UntilSection | None) -> Iterator[str]:
        """Yield in words what is gone of it."""
        if until is None or self._keeps_metric(until):
            return
        name = metric_words(_resolved(until.metric, self._judged_by, self._before))
        if until.at_least is not None:
            yield f"at {name} {until.at_least:g}"
        elif until.metric != TASKS_OWN:
            yield f"by {name}"

    def _keeps_metric(self, until: UntilSection) -> bool:
        now = _resolved(_offered(until.metric, self._task), self._judging, self._task)
        return _resolved(until.metric, self._judged_by, self._before) == now


def _resolved(metric: str, judged_by: str, task: TaskFacts | None) -> str:
    """Return the metric that is meant, where it is left to the project and the project leaves it to its task."""
    chosen = judged_by if metric == TASKS_OWN else metric
    return task.metrics[0] if chosen == TASKS_OWN and task is not None else chosen


def _offered(metric: str, task: TaskFacts) -> str:
    return metric if metric in task.metrics else TASKS_OWN


def _can_be(option: OptionFacts, value: OptionValue) -> bool:
    if option.choices:
        return value in option.choices
    if isinstance(value, bool) or isinstance(option.default, bool):
        return isinstance(value, bool) and isinstance(option.default, bool)
    if isinstance(value, int | float):
        low = value if option.least is None else option.least
        high = value if option.most is None else option.most
        return not isinstance(option.default, str) and low <= value <= high
    return option.default is None or isinstance(option.default, str)


def _option_title(name: str, task: TaskFacts | None) -> str:
    titles = {option.name: option.title for option in task.options} if task else {}
    return f"“{titles.get(name, name)}”"


def _column_words(column: int | str) -> str:
    return f"column {column}" if isinstance(column, int) else f"the column “{column}”"
