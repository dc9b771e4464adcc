"""Applying a freeze state to a live network."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

from trainer_core.models.adapters import set_adapter_modes
from trainer_core.models.network import Network


def apply_freeze(network: Network, trainable: Collection[str]) -> list[nn.Parameter]:
    """Let exactly these parameters learn; return them, tied ones once.

    Gradients of frozen parameters are dropped. Modules in which nothing learns are put in eval mode, so that their
    dropout is off and their output for a row is always the same.
    """
    chosen = set(trainable)
    learning: dict[int, nn.Parameter] = {}
    for name, parameter in network.named_layers():
        if name in chosen:
            learning[id(parameter)] = parameter
    for parameter in network.parameters():
        parameter.requires_grad_(id(parameter) in learning)
        if id(parameter) not in learning:
            parameter.grad = None
    set_training_modes(network)
    return list(learning.values())


def set_training_modes(network: Network) -> None:
    """Put modules with learning parameters in training mode, all others in eval mode.

    A module without parameters, such as dropout, follows what comes before it in the module it belongs to: behind
    frozen layers it is frozen too (GPT-2 drops embeddings beside its blocks), else it follows the module.
    """
    _set_mode(network, above=False, learns=_learning(network, {}))
    set_adapter_modes(network.body)


Learning = dict[nn.Module, bool | None]
"""Whether something in a module learns; None where it has no parameters."""


def _learning(module: nn.Module, known: Learning) -> Learning:
    found = [parameter.requires_grad for parameter in module.parameters(recurse=False)]
    for child in module.children():
        inside = _learning(child, known)[child]
        found += [] if inside is None else [inside]
    known[module] = any(found) if found else None
    return known


def _set_mode(module: nn.Module, *, above: bool, learns: Learning) -> None:
    inside = learns[module]
    module.training = above if inside is None else inside
    before: list[bool] = []
    for child in module.children():
        follows = any(before) if before else module.training
        _set_mode(child, above=module.training and follows, learns=learns)
        of_child = learns[child]
        before += [] if of_child is None else [of_child]
