"""What the Layers page shows and offers, as plain values. Imports no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_app.adapters.layer_words import (
    BYTES_PER_VALUE,
    NOTHING,
    format_bytes,
    format_share,
    rules_words,
    shorten,
)
from trainer_core.layers.adapters import ADAPTER, WEIGHT, adapted_module, is_adapter
from trainer_core.layers.freeze import FreezeState, describe_trainable, freeze_state, match_rule
from trainer_core.layers.tree import HEAD, LayerNode, LayerTree
from trainer_core.stages.presets import PRETRAINED_HEAD

PRESETS: dict[str, tuple[str, ...]] = {
    "head only": ("head",),
    "everything": ("all",),
    "norms and biases": ("head", "norms", "biases"),
    "embeddings frozen": ("all", "!embeddings"),
}


@dataclass(frozen=True)
class LayersSummary:
    """What the ticks come to, in words."""

    learning: str
    share: str
    tensors: str
    checkpoint: str
    words: str
    rules: str
    all_rules: str


def preset_rules(rules: Sequence[str], tree: LayerTree) -> tuple[str, ...]:
    """Return those of a preset's rules that match something, or that nothing learns.

    Beside adapters a head that came with the model stays as it is.
    """
    adapters = any(rule.startswith(ADAPTER) for rule in rules)
    kept = (rule for rule in rules if not (adapters and rule == HEAD and has_pretrained_head(tree)))
    return tuple(rule for rule in kept if match_rule(rule.removeprefix("!"), tree)) or NOTHING


def has_pretrained_head(tree: LayerTree) -> bool:
    """Whether the head came with the model."""
    return any(parameter.name.startswith(PRETRAINED_HEAD) for parameter in tree.parameters)


def rules_of(names: frozenset[str] | set[str], tree: LayerTree) -> tuple[str, ...]:
    """Return the shortest rules by which these parameters learn; ``tree`` has all adapters that can be wished."""
    return tuple(describe_trainable(freeze_state(tree, names), tree)) or NOTHING


def names_up_to(node: LayerNode, tree: LayerTree) -> set[str]:
    """Return the parameters of a node and all that are nearer the input than it."""
    depths = [tree.depth_of(parameter.name) for parameter in tree.parameters]
    nearest = min(depths[leaf] for leaf in node.leaves)
    last = node.leaves[-1]
    return {
        parameter.name
        for place, (parameter, depth) in enumerate(zip(tree.parameters, depths, strict=True))
        if depth > nearest or (depth == nearest and place <= last)
    }


def without(names: frozenset[str], frozen: set[str]) -> set[str]:
    """Return the parameters that go on learning; an adapter stops with the matrix that it stands beside."""
    return {name for name in names - frozen if not (is_adapter(name) and adapted_module(name) + WEIGHT in frozen)}


def summary_of(state: FreezeState, tree: LayerTree, rules: Sequence[str]) -> LayersSummary:
    """Return what rules come to in a tree that has the adapters of the plan."""
    return LayersSummary(
        learning=f"{state.trained:,} of {state.total:,}",
        share=format_share(state.share),
        tensors=f"{len(state.trainable):,} of {len(tree.parameters):,} tensors",
        checkpoint=format_bytes(state.trained * BYTES_PER_VALUE),
        words=rules_words(rules, most=4),
        rules=shorten(rules, most=6),
        all_rules=", ".join(rules),
    )
