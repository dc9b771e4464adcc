"""AdamW with learning rates by depth, and no decay on norms and biases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from trainer_core.layers.tree import LayerTree
from trainer_core.models.network import Network
from trainer_core.stages.plan import StagePlan

_PREFIX = "optimizer"


def build_optimizer(network: Network, tree: LayerTree, stage: StagePlan, weight_decay: float) -> torch.optim.AdamW:
    """Return AdamW over the parameters that learn in a stage.

    A layer's rate is the stage's, times ``layer_decay`` for every step of depth below the head (Howard and Ruder
    2018, arXiv:1801.06146). Vectors (norms, biases) are not decayed (Loshchilov and Hutter 2019, arXiv:1711.05101,
    as commonly applied to transformers). Each group keeps its rate in ``initial_lr``.
    """
    groups: dict[tuple[int, bool], list[nn.Parameter]] = defaultdict(list)
    seen: set[int] = set()
    for name, parameter in network.named_layers():
        if parameter.requires_grad and id(parameter) not in seen:
            seen.add(id(parameter))
            groups[tree.depth_of(name), parameter.ndim > 1].append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "weight_decay": weight_decay if decays else 0.0,
                "lr": stage.learning_rate * stage.layer_decay**depth,
                "initial_lr": stage.learning_rate * stage.layer_decay**depth,
            }
            for (depth, decays), parameters in sorted(groups.items(), key=lambda item: item[0])
        ],
        fused=True,
    )


def set_learning_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's rate to its initial one times ``factor``."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


def moments(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, Tensor]:
    """Return an optimiser's own tensors, by ``optimizer.``, what each is, and its parameter's name.

    Args:
        optimizer: whose.
        names: those of all parameters, by the number that Python knows them under.
    """
    state = optimizer.state_dict()["state"]
    return {
        f"{_PREFIX}.{what}.{name}": tensor
        for place, name in _named(optimizer, names)
        for what, tensor in state.get(place, {}).items()
    }


def load_moments(optimizer: torch.optim.Optimizer, names: Mapping[int, str], tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser the tensors that ``moments`` returned; parameters without any begin anew."""
    found: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors.items():
        prefix, _, rest = key.partition(".")
        if prefix == _PREFIX:
            what, _, name = rest.partition(".")
            found[name][what] = tensor
    state = {place: found[name] for place, name in _named(optimizer, names) if name in found}
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _named(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """Yield the place of every parameter in an optimiser's state, and the parameter's name."""
    parameters = (parameter for group in optimizer.param_groups for parameter in group["params"])
    for place, parameter in enumerate(parameters):
        yield place, names[id(parameter)]
