"""The trees of an open project's model with adapters, made once and kept, because every change asks. Imports no Qt."""

from __future__ import annotations

from collections.abc import Callable

from trainer_core.layers.adapters import ADAPTER, adaptable_modules, with_adapters
from trainer_core.layers.tree import LayerTree
from trainer_core.models.facts import ModelFacts
from trainer_core.project.schema import AdapterKind, Project
from trainer_core.stages.plan import project_tree, stage_sections


class KnownTrees:
    """Answers with the same tree as long as nothing changed that it depends on."""

    def __init__(self) -> None:
        self._planned = _LastTree()
        self._possible = _LastTree()

    def planned(self, project: Project, facts: ModelFacts) -> LayerTree:
        """Return the model's layers with the adapters that the project's stages wish for."""
        sections = stage_sections(project, facts.tree, facts.telling)
        wishes = tuple(rule for stage in sections for rule in stage.train if rule.startswith(ADAPTER))
        key = (project.adapter.rank, project.adapter.kind, wishes)
        return self._planned.get(facts.tree, key, lambda: project_tree(project, facts.tree, facts.telling))

    def possible(self, project: Project, facts: ModelFacts) -> LayerTree:
        """Return the model's layers with all adapters that its stages could wish for."""
        wish, tree = project.adapter, facts.tree
        magnitudes = wish.kind is AdapterKind.DORA
        return self._possible.get(
            tree,
            (wish.rank, magnitudes),
            lambda: with_adapters(tree, adaptable_modules(tree), wish.rank, magnitudes=magnitudes),
        )


class _LastTree:
    """Keeps the tree that was made last."""

    def __init__(self) -> None:
        self._model: LayerTree | None = None
        self._key: object = None
        self._tree: LayerTree | None = None

    def get(self, model: LayerTree, key: object, make: Callable[[], LayerTree]) -> LayerTree:
        if self._tree is None or model is not self._model or key != self._key:
            self._model, self._key, self._tree = model, key, make()
        return self._tree
