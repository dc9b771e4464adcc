"""Adapters in the layer tree: beside a frozen matrix, two small ones learn (LoRA). Imports no torch.

Hu et al. 2021, arXiv:2106.09685. A rule ``adapter:`` with a word or glob behind it puts an adapter on every matrix it
matches inside the blocks; the names are those that peft gives, so that a plan can be made before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trainer_core.layers.tree import LayerTree, ParameterSpec, build_layer_tree

ADAPTER = "adapter:"
"""What a rule that wishes adapters begins with, behind the ``!`` of one that takes them away."""
DOWN, UP, MAGNITUDE = ".lora_A.default.weight", ".lora_B.default.weight", ".lora_magnitude_vector.default.weight"
PARTS = (DOWN, UP, MAGNITUDE)
WEIGHT, BIAS = ".weight", ".bias"


def is_adapter(name: str) -> bool:
    """Whether a parameter is part of an adapter."""
    return name.endswith(PARTS)


def adapted_module(name: str) -> str:
    """Return the module that an adapter's parameter belongs to."""
    part = next(part for part in PARTS if name.endswith(part))
    return name.removesuffix(part)


def adaptable_modules(tree: LayerTree) -> list[str]:
    """Return the modules inside the blocks whose matrix can have an adapter."""
    return [
        parameter.name.removesuffix(WEIGHT)
        for parameter in tree.parameters
        if len(parameter.shape) == 2
        and parameter.name.endswith(WEIGHT)
        and not is_adapter(parameter.name)
        and 1 <= tree.depth_of(parameter.name) <= tree.block_count
        and parameter.name.startswith(f"{tree.blocks}.")
    ]


def with_adapters(tree: LayerTree, modules: Iterable[str], rank: int, *, magnitudes: bool = False) -> LayerTree:
    """Return a tree in which these modules have adapters too.

    Args:
        tree: of a model, with adapters or without.
        modules: those of ``adaptable_modules``.
        rank: the smaller side of the small matrices.
        magnitudes: whether each output has a learnt magnitude (DoRA: Liu et al. 2024, arXiv:2402.09353).
    """
    there = {adapted_module(p.name) for p in tree.parameters if is_adapter(p.name)}
    wanted = set(modules) - there
    if not wanted:
        return tree
    shapes = {parameter.name: parameter.shape for parameter in tree.parameters}
    specs: list[ParameterSpec] = []
    for place, parameter in enumerate(tree.parameters):
        specs.append(parameter)
        module = parameter.name.rpartition(".")[0]
        behind = tree.parameters[place + 1].name.rpartition(".")[0] if place + 1 < len(tree.parameters) else ""
        if module in wanted and behind != module:
            specs += _specs(module, shapes, rank, magnitudes=magnitudes)
    return build_layer_tree(specs)


def _specs(module: str, shapes: Mapping[str, Sequence[int]], rank: int, *, magnitudes: bool) -> list[ParameterSpec]:
    outputs, inputs = shapes[module + WEIGHT]
    if tuple(shapes.get(module + BIAS, ())) == (inputs,):  # GPT-2 keeps its matrices the other way round
        outputs, inputs = inputs, outputs
    found = [ParameterSpec(module + DOWN, (rank, inputs)), ParameterSpec(module + UP, (outputs, rank))]
    return [*found, ParameterSpec(module + MAGNITUDE, (outputs,))] if magnitudes else found


def without_adapters(tree: LayerTree) -> LayerTree:
    """Return the tree of the model alone."""
    own = [parameter for parameter in tree.parameters if not is_adapter(parameter.name)]
    return tree if len(own) == len(tree.parameters) else build_layer_tree(own)
