"""Ready-made rows of stages. Imports no torch.

The default is the recipe that Thaw is named for: solve the head on the frozen body (linear probing), thaw the top
third, then everything, judged by the average of its weights. Sources: linear probing then fine-tuning, Kumar et al.
2022, arXiv:2202.10054; gradual unfreezing and discriminative rates, ULMFiT, Howard and Ruder 2018, arXiv:1801.06146;
averaged weights, Izmailov et al. 2018, arXiv:1803.05407.
"""

from __future__ import annotations

from collections.abc import Callable

from trainer_core.layers.adapters import adaptable_modules
from trainer_core.layers.tree import LayerTree
from trainer_core.models.facts import Telling
from trainer_core.project.schema import StageSection, StartFrom, UntilSection


def default_stages(tree: LayerTree, metric: str, telling: Telling | None = None) -> tuple[StageSection, ...]:
    """Return head, then the top third of the blocks, then everything; for a language model, what suits it.

    Args:
        tree: the model's layers.
        metric: by which weights are judged.
        telling: which tokens a language model tells; None where the head is new.
    """
    if telling:
        return adapter_stages(tree, metric) if telling is Telling.NEXT else all_at_once_stages(tree, metric)
    top = _top_third(tree)
    return (
        _stage("head", ("head",), 1e-3, 2),
        _stage("top", ("head", top), 1e-4, 2, layer_decay=0.9, start_from=StartFrom.BEST),
        _stage(
            "all",
            ("all",),
            1e-4,
            5,
            average_epochs=0.5,
            until=UntilSection(metric=metric, patience=3),
            start_from=StartFrom.BEST,
        ),
    )


def gradual_stages(tree: LayerTree, metric: str) -> tuple[StageSection, ...]:
    """Return ULMFiT's gradual unfreezing: the head, then one more block a stage, then everything."""
    stages = [_stage("head", ("head",), 1e-3, 1)]
    stages += [_stage(f"top {k}", ("head", f"top:{k}"), 1e-4, 1, layer_decay=0.85) for k in range(1, tree.block_count)]
    stages.append(_stage("all", ("all",), 5e-5, 2, layer_decay=0.85, until=UntilSection(metric=metric, patience=2)))
    return tuple(stages)


def all_at_once_stages(tree: LayerTree, metric: str) -> tuple[StageSection, ...]:
    """Return a single stage in which everything learns."""
    return (_stage("all", ("all",), 5e-5, 3, until=UntilSection(metric=metric, patience=2)),)


PRETRAINED_HEAD = "head.model."
"""What the names of a head begin with that came with the model."""


def head_only_stages(tree: LayerTree, metric: str) -> tuple[StageSection, ...]:
    """Return a single stage in which only the head learns: quick, and hard to overfit."""
    return (_stage("head", ("head",), 1e-3, 5),)


def adapter_stages(tree: LayerTree, metric: str) -> tuple[StageSection, ...]:
    """Return a single stage in which adapters learn beside all matrices of the blocks, and a new head.

    A model without blocks can have none; there everything learns.
    """
    if not adaptable_modules(tree):
        return all_at_once_stages(tree, metric)
    until = UntilSection(metric=metric, patience=3)
    new = () if any(p.name.startswith(PRETRAINED_HEAD) for p in tree.parameters) else ("head",)
    return (_stage("adapters", (*new, "adapter:blocks"), 5e-4, 3, until=until),)


StagePreset = Callable[[LayerTree, str], tuple[StageSection, ...]]

PRESETS: dict[str, StagePreset] = {
    "Head, then top, then all": default_stages,
    "Head only": head_only_stages,
    "Gradual unfreezing (ULMFiT)": gradual_stages,
    "All at once": all_at_once_stages,
    "Adapters (LoRA)": adapter_stages,
}


def _top_third(tree: LayerTree) -> str:
    return f"top:{max(1, round(tree.block_count / 3))}" if tree.block_count else "all"


def _stage(
    name: str,
    train: tuple[str, ...],
    learning_rate: float,
    epochs: int,
    *,
    layer_decay: float = 1.0,
    average_epochs: float = 0.0,
    until: UntilSection | None = None,
    start_from: StartFrom = StartFrom.LAST,
) -> StageSection:
    return StageSection(
        name=name,
        train=train,
        learning_rate=learning_rate,
        epochs=epochs,
        layer_decay=layer_decay,
        average_epochs=average_epochs,
        until=until,
        start_from=start_from,
    )
