"""The logic of the Stages page: the plan as cards, the chosen stage as a form, the rate as a curve. Owns no widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from desktop_app.adapters.layer_trees import KnownTrees
from desktop_app.adapters.layer_words import KnownRules, plan_problems
from desktop_app.error_words import sentence
from desktop_app.pages.base import PageState
from desktop_app.pages.marks import MarkedPresenter
from desktop_app.pages.refusals import change_section, change_sections, refusal
from desktop_app.pages.stages.adapter_words import adapter_form
from desktop_app.pages.stages.contract import StagesView
from desktop_app.pages.stages.words import (
    CardWords,
    card_words,
    metric_choices,
    new_stage,
    next_name,
    plan_words,
    rate_curve,
    split_rules,
    stage_form,
    step_rate,
    until_with,
)
from desktop_app.workspace import Workspace
from trainer_core.layers.tree import LayerTree
from trainer_core.project.schema import Project, StageSection
from trainer_core.stages.plan import steps_per_epoch
from trainer_core.stages.presets import PRESETS


class StagesPresenter(MarkedPresenter):
    """Shows the project's stages, or the default ones, and writes every edit back at once."""

    layers_wished = Signal()
    """The user wants to see the layers of the chosen stage."""

    def __init__(self, view: StagesView, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._rules = KnownRules()
        self._trees = KnownTrees()
        view.set_presets(list(PRESETS))
        self._listen()
        self._refresh()

    def _listen(self) -> None:
        view, workspace = self._view, self._workspace
        view.stage_picked.connect(self._on_stage_picked)
        view.add_wished.connect(self._on_add_wished)
        view.duplicate_wished.connect(self._on_duplicate_wished)
        view.remove_wished.connect(self._on_remove_wished)
        view.move_wished.connect(self._on_move_wished)
        view.preset_wished.connect(self._on_preset_wished)
        view.default_wished.connect(self._on_default_wished)
        view.layers_wished.connect(self.layers_wished)
        view.look_again_wished.connect(self._on_look_again_wished)
        view.stage_edited.connect(self._on_stage_edited)
        view.rate_step_wished.connect(self._on_rate_step_wished)
        view.training_edited.connect(self._on_training_edited)
        view.adapter_edited.connect(self._on_adapter_edited)
        workspace.project_changed.connect(self._refresh)
        workspace.facts_changed.connect(self._refresh)
        workspace.report_changed.connect(self._refresh)
        workspace.tasks.changed.connect(self._refresh)
        workspace.stage_chosen.connect(self._refresh)
        workspace.forecaster.changed.connect(self._refresh)

    # --- what is shown -----------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        workspace = self._workspace
        project, stages = workspace.project, workspace.stages()
        if project is None:
            self._view.show_waiting("No project is open", "Open a project, or drop a file to begin one.")
            self._set_state(PageState.EMPTY)
        elif stages:
            self._show_plan(project, stages)
        elif workspace.facts_error is not None:
            self._view.show_error(workspace.facts_error)
            self._set_state(PageState.EMPTY)
        else:
            self._view.show_waiting("Looking at the model…", "The plan is made once its layers are known.")
            self._set_state(PageState.BUSY)

    def _show_plan(self, project: Project, stages: Sequence[StageSection]) -> None:
        workspace, facts, rows = self._workspace, self._workspace.facts, self._rows
        tree = self._trees.planned(project, facts) if facts else None
        per_epoch = None if rows is None else steps_per_epoch(project, rows, workspace.forecaster.train_tokens)
        self._view.set_cards([self._card(stage, i, per_epoch, tree) for i, stage in enumerate(stages)], self._place)
        self._view.set_plan_words(
            plan_words(stages, per_epoch), is_default=not project.stage, knows_layers=tree is not None
        )
        self._view.set_metrics(metric_choices(workspace.task.metrics if workspace.task else (), workspace.metric))
        self._view.set_form(stage_form(stages[self._place], self._place, workspace.metric))
        self._view.set_training(project.training)
        self._view.set_adapters(adapter_form(stages, project.adapter, tree))
        self._view.set_curve(None if per_epoch is None else rate_curve(stages, project.training, per_epoch))
        problems = plan_problems(project, facts, rows or 1) if facts else []
        self._view.set_problem("\n".join(problems))
        self._view.set_forecast(self._workspace.forecaster.words(self._place))
        self._view.show_content()
        self._set_state(PageState.PROBLEM if problems else PageState.OK, problems)

    def _card(self, stage: StageSection, place: int, per_epoch: int | None, tree: LayerTree | None) -> CardWords:
        share, problem = self._rules.look_up(stage.train, tree) if tree is not None else (None, "")
        steps = None if per_epoch is None else per_epoch * stage.epochs
        return card_words(stage, place, share, steps, judged_by=self._workspace.metric, problem=problem)

    @property
    def _rows(self) -> int | None:
        report = self._workspace.report
        return next((split.rows for split in report.splits if split.name == "train"), None) if report else None

    @property
    def _place(self) -> int:
        return min(self._workspace.stage, max(0, len(self._workspace.stages()) - 1))

    # --- the row of stages -------------------------------------------------------------------------------------

    def _on_stage_picked(self, place: int) -> None:
        self._workspace.choose_stage(place)

    def _on_add_wished(self) -> None:
        self._insert(new_stage(self._workspace.stages()))

    def _on_duplicate_wished(self) -> None:
        stages = self._workspace.stages()
        if stages:
            stage = stages[self._place]
            self._insert(stage.model_copy(update={"name": next_name(stage.name, stages)}))

    def _insert(self, stage: StageSection) -> None:
        stages = list(self._workspace.stages())
        place = self._place + 1 if stages else 0
        stages.insert(place, stage)
        self._replace(stages, place)

    def _on_remove_wished(self) -> None:
        stages = list(self._workspace.stages())
        if len(stages) > 1:
            del stages[self._place]
            self._replace(stages, min(self._place, len(stages) - 1))

    def _on_move_wished(self, by: int) -> None:
        stages, place = list(self._workspace.stages()), self._place
        target = place + by
        if 0 <= target < len(stages):
            stages[place], stages[target] = stages[target], stages[place]
            self._replace(stages, target)

    def _on_preset_wished(self, name: str) -> None:
        facts, project = self._workspace.facts, self._workspace.project
        if facts is not None and project is not None:
            self._replace(list(PRESETS[name](facts.tree, project.training.metric)), 0)

    def _on_default_wished(self) -> None:
        self._workspace.update(stage=())
        self._workspace.choose_stage(0)

    def _replace(self, stages: list[StageSection], place: int) -> None:
        self._workspace.replace_stages(stages)
        self._workspace.choose_stage(place)

    def _on_look_again_wished(self) -> None:
        self._workspace.inspect_model()

    # --- values ------------------------------------------------------------------------------------------------

    def _on_stage_edited(self, field: str, value: Any) -> None:
        before = self._workspace.project
        try:
            self._workspace.replace_stage(self._place, **self._stage_values(field, value))
        except ValidationError as error:
            self._view.set_stage_refusal(field, sentence(refusal(error).problems[0]))
        except ValueError:
            self._view.set_stage_refusal(field, f"“{value}” is no number. Write it like 5e-5 or 0.001.")
        else:
            self._show_again(before)

    def _on_rate_step_wished(self, up: bool) -> None:
        rate = step_rate(self._workspace.stages()[self._place].learning_rate, up)
        self._on_stage_edited("learning_rate", str(rate))

    def _on_training_edited(self, field: str, value: Any) -> None:
        project = self._workspace.project
        if project is None:
            return
        refused = change_section(self._workspace, "training", {field: value})
        if refused is not None:
            self._view.set_training_refusal(field, sentence(refused.problems[0]))
        else:
            self._show_again(project)

    def _on_adapter_edited(self, field: str, value: Any) -> None:
        project = self._workspace.project
        if project is None:
            return
        refused = change_sections(self._workspace, adapter=project.adapter.model_dump() | {field: value})
        if refused is not None:
            self._view.set_adapter_refusal(field, sentence(refused.problems[0]))
        else:
            self._show_again(project)

    def _show_again(self, before: Project | None) -> None:
        """Show the project's values where an edit came to the same, so that no refusal stays."""
        if self._workspace.project is before:
            self._refresh()

    def _stage_values(self, field: str, value: Any) -> dict[str, Any]:
        if field == "learning_rate":
            return {"learning_rate": float(value)}
        if field == "rules":
            return {"train": split_rules(value)}
        if field.startswith("until_"):
            until = self._workspace.stages()[self._place].until
            return {"until": until_with(until, field.removeprefix("until_"), value)}
        return {field: value}
