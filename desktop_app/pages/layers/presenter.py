"""The logic of the Layers page: what a stage thaws, shown as ticks; ticks written back as rules. Owns no widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, SignalInstance
from PySide6.QtGui import QAction, QUndoStack

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.adapters.layer_model import LayerModel
from desktop_app.adapters.layer_trees import KnownTrees
from desktop_app.adapters.layer_words import plan_problems, state_of_rules
from desktop_app.error_words import sentences
from desktop_app.pages.base import PageState, WaitingPageView
from desktop_app.pages.layers.rules_command import RulesCommand
from desktop_app.pages.layers.words import (
    PRESETS,
    LayersSummary,
    names_up_to,
    preset_rules,
    rules_of,
    summary_of,
    without,
)
from desktop_app.pages.marks import MarkedPresenter
from desktop_app.workspace import Workspace
from trainer_core.layers.adapters import adaptable_modules
from trainer_core.layers.tree import LayerNode
from trainer_core.models.facts import ModelFacts
from trainer_core.project.schema import Project


class LayersView(WaitingPageView, Protocol):
    """What the presenter needs of the page's widgets."""

    stage_picked: SignalInstance
    preset_wished: SignalInstance
    top_wished: SignalInstance
    adapters_wished: SignalInstance
    only_wished: SignalInstance
    freeze_up_to_wished: SignalInstance

    def set_model(self, model: LayerModel) -> None:
        """Show this model in the tree."""
        ...

    def set_undo_actions(self, undo: QAction, redo: QAction) -> None:
        """Offer these two."""
        ...

    def set_stages(self, names: Sequence[str], chosen: int) -> None:
        """Offer these stages."""
        ...

    def set_block_count(self, count: int) -> None:
        """Offer the top 1 to ``count`` blocks."""
        ...

    def set_adaptable(self, adaptable: bool) -> None:
        """Offer adapters; or not, where the model has no matrix that can have one."""
        ...

    def set_summary(self, summary: LayersSummary) -> None:
        """Show what the ticks come to."""
        ...

    def set_forecast(self, words: ForecastWords | None) -> None:
        """Show what the chosen stage will take; None while that is unknown."""
        ...


class LayersPresenter(MarkedPresenter):
    """Keeps the tree, the summary and the chosen stage's rules the same thing."""

    def __init__(self, view: LayersView, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._trees = KnownTrees()
        self._rules_known: list[tuple[str, ...]] = []
        self._writing = False
        self.model = LayerModel(self)
        self.undo_stack = QUndoStack(self)
        view.set_model(self.model)
        view.set_undo_actions(self.undo_stack.createUndoAction(self), self.undo_stack.createRedoAction(self))
        self._listen()
        self._refresh()

    def _listen(self) -> None:
        view, workspace = self._view, self._workspace
        self.model.ticked.connect(self._on_ticked)
        view.stage_picked.connect(self._on_stage_picked)
        view.preset_wished.connect(self._on_preset_wished)
        view.top_wished.connect(self._on_top_wished)
        view.adapters_wished.connect(self._on_adapters_wished)
        view.only_wished.connect(self._on_only_wished)
        view.freeze_up_to_wished.connect(self._on_freeze_up_to_wished)
        view.look_again_wished.connect(self._on_look_again_wished)
        workspace.project_opened.connect(self._on_project_opened)
        workspace.project_changed.connect(self._refresh)
        workspace.facts_changed.connect(self._refresh)
        workspace.stage_chosen.connect(self._refresh)
        workspace.report_changed.connect(self._show_forecast)
        workspace.forecaster.changed.connect(self._show_forecast)

    # --- what is shown -----------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        workspace = self._workspace
        project, facts = workspace.project, workspace.facts
        if project is None:
            self._view.show_waiting("No project is open", "Open a project, or drop a file to begin one.")
            self._set_state(PageState.EMPTY)
        elif facts is not None:
            self._show_layers(project, facts)
        elif workspace.facts_error is not None:
            self._view.show_error(workspace.facts_error)
            self._set_state(PageState.EMPTY)
        else:
            self._view.show_waiting("Looking at the model…", "Its layers are listed here in a moment.")
            self._set_state(PageState.BUSY)

    def _show_layers(self, project: Project, facts: ModelFacts) -> None:
        stages = self._workspace.stages()
        rules = [stage.train for stage in stages]
        if facts.tree != self.model.tree or (rules != self._rules_known and not self._writing):
            self.undo_stack.clear()
        self._rules_known = rules
        place = self._place
        planned = self._trees.planned(project, facts)
        state, error = state_of_rules(rules[place], planned)
        self.model.set_tree(self._trees.possible(project, facts))
        self.model.set_trainable(state.trainable)
        self._view.set_stages([stage.name for stage in stages], place)
        self._view.set_block_count(facts.tree.block_count)
        self._view.set_adaptable(bool(adaptable_modules(facts.tree)))
        self._view.set_summary(summary_of(state, planned, rules[place]))
        self._show_forecast()
        self._view.set_problem("\n".join(sentences(error)) if error else "")
        self._view.show_content()
        problems = plan_problems(project, facts, rows=1)
        self._set_state(PageState.PROBLEM if problems else PageState.OK, problems)

    def _show_forecast(self) -> None:
        self._view.set_forecast(self._workspace.forecaster.words(self._place))

    @property
    def _place(self) -> int:
        return min(self._workspace.stage, max(0, len(self._workspace.stages()) - 1))

    # --- what the user does ------------------------------------------------------------------------------------

    def _on_ticked(self, path: str) -> None:
        if self.model.whole is not None:
            self._thaw(f"change of {path or 'the whole model'}", rules_of(self.model.trainable, self.model.whole))

    def _on_stage_picked(self, place: int) -> None:
        self._workspace.choose_stage(place)

    def _on_preset_wished(self, name: str) -> None:
        if self.model.whole is not None:
            self._thaw(name, preset_rules(PRESETS[name], self.model.whole))

    def _on_top_wished(self, blocks: int) -> None:
        self._thaw(f"top {blocks} blocks", ("head", f"top:{blocks}"))

    def _on_adapters_wished(self, blocks: int) -> None:
        tree = self.model.whole
        if tree is not None:
            where = "blocks" if blocks == tree.block_count else f"top:{blocks}"
            self._thaw("adapters", preset_rules(("head", f"adapter:{where}"), tree))

    def _on_only_wished(self, path: str) -> None:
        node, tree, whole = self._node(path), self.model.tree, self.model.whole
        if node is not None and tree is not None and whole is not None:
            names = {tree.parameters[leaf].name for leaf in node.leaves}
            self._thaw(f"train only {path or 'the whole model'}", rules_of(names, whole))

    def _on_freeze_up_to_wished(self, path: str) -> None:
        node, tree, whole = self._node(path), self.model.tree, self.model.whole
        if node is not None and tree is not None and whole is not None:
            learning = without(self.model.trainable, names_up_to(node, tree))
            self._thaw(f"freeze up to {path or 'the whole model'}", rules_of(learning, whole))

    def _on_look_again_wished(self) -> None:
        self._workspace.inspect_model()

    def _on_project_opened(self) -> None:
        self.undo_stack.clear()

    def _node(self, path: str) -> LayerNode | None:
        nodes = self.model.tree.nodes if self.model.tree else ()
        return next((node for node in nodes if node.path == path), None)

    def _thaw(self, what: str, rules: tuple[str, ...]) -> None:
        """Give the chosen stage these rules, in a way that can be undone."""
        place = self._place
        before = self._workspace.stages()[place].train
        if rules != before:
            self.undo_stack.push(RulesCommand(what, place, before, rules, self._write))
        else:
            self._refresh()

    def _write(self, place: int, rules: tuple[str, ...]) -> None:
        self._writing = True
        try:
            self._workspace.choose_stage(place)
            self._workspace.replace_stage(place, train=rules)
        finally:
            self._writing = False
