"""The pictures of adapters: the tree with rows in all states, and the card with their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def draw_adapters(shell: object, settle: Callable[[], None], wanted: list[str]) -> Iterator[str]:
    """Wish adapters; yield the name of each scene, to be drawn."""
    window, workspace = shell.window, shell.workspace
    before = workspace.project
    window.show_page("stages")
    view = window.ensure_page("stages").view
    view.preset_wished.emit("Adapters (LoRA)")
    settle()
    if not wanted or "stages" in wanted:
        yield "stages-adapters"
        view.content.ensureWidgetVisible(view.adapters)
        settle()
        yield "stages-adapters-card"
        workspace.update(adapter={"kind": "dora", "rank": 8, "alpha": 16, "dropout": 0.05})
        view.stage_edited.emit("rules", "head, adapter:*.querry")
        settle()
        yield "stages-adapters-wrong"
        view.stage_edited.emit("rules", "head, adapter:blocks")
        view.pretraining.switch.click()
        settle()
        view.content.ensureWidgetVisible(view.pretraining)
        settle()
        yield "stages-pretraining"
        view.pretraining.switch.click()
    if not wanted or "layers" in wanted:
        yield from _draw_tree(shell, settle)
    workspace.update(stage=before.stage, adapter=before.adapter.model_dump())


def _draw_tree(shell: object, settle: Callable[[], None]) -> Iterator[str]:
    window, workspace = shell.window, shell.workspace
    window.show_page("layers")
    tree = window.ensure_page("layers").view.tree
    root = tree.filter.index(0, 0)
    tree.setCurrentIndex(root)
    settle()
    yield "layers-adapters"
    rules = ("head", "embeddings.LayerNorm", "top:1", "adapter:encoder.layer.4", "adapter:*.self.query")
    workspace.replace_stage(0, train=rules)
    blocks = tree.filter.index(0, 0, tree.filter.index(1, 0, root))
    fourth = tree.filter.index(3, 0, blocks)
    tree.collapse(tree.filter.index(0, 0, root))
    tree.expandRecursively(fourth)
    tree.setCurrentIndex(tree.filter.index(0, 0, fourth))
    tree.scrollTo(tree.currentIndex(), tree.ScrollHint.PositionAtCenter)
    settle()
    yield "layers-adapters-mixed"
    tree.setCurrentIndex(tree.filter.index(4, 0, blocks))
    settle()
    yield "layers-adapters-chosen"
    tree.collapseAll()
    tree.expand(root)
    tree.expand(tree.filter.index(1, 0, root))
