"""The forecast of a project with all that it wishes, the stage before the stages included. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_core.forecast.arithmetic import forecast
from trainer_core.forecast.contract import FirstFacts, Forecast, MachineFacts, work_of
from trainer_core.models.facts import ModelFacts
from trainer_core.project.schema import Project
from trainer_core.stages.plan import StagePlan, resolve_stages


def forecast_project(
    project: Project, facts: ModelFacts, stages: Sequence[StagePlan], machine: MachineFacts
) -> Forecast:
    """Return what a run of a project will take, if no rule ends a stage early and nothing of it is in the cache yet.

    Args:
        project: what the user wants.
        facts: its model's.
        stages: its stages.
        machine: what is known of rows and machine.

    Raises:
        InputError: the rules of the stage before the stages match nothing of the model.
    """
    whole = forecast(work_of(project, facts, stages, machine.rows), machine.device, machine.correction)
    if project.pretraining is None or machine.first is None:
        return whole
    return whole.behind(_first(project, machine.first))


def _first(project: Project, known: FirstFacts) -> Forecast:
    reading, rows = project.of_pretraining(known.column), known.machine.rows
    tokens = rows.train_tokens(reading.model.max_length)
    stages = resolve_stages(reading, known.facts.tree, rows.train, tokens, known.facts.telling)
    return forecast_project(reading, known.facts, stages, known.machine)
