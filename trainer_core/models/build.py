"""Making a live network, and putting tensors into it by layer name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from trainer_core.models.adapters import put_adapters
from trainer_core.models.body import hidden_size, load_body, load_config, load_language_model
from trainer_core.models.network import HEAD, Network
from trainer_core.models.quantised import quantise
from trainer_core.project.schema import Pooling
from trainer_core.stages.plan import RunPlan
from trainer_core.tasks.base import Task


def build_network(folder: Path, task: Task, outputs: int, pooling: Pooling, *, texts: int = 1) -> Network:
    """Load a pretrained body, float32 on the CPU, and put a new head of the task on it, or leave it its own.

    Args:
        folder: of the body.
        task: that makes the head.
        outputs: the number of scores.
        pooling: how token states become a text's vector.
        texts: how many texts a row has.
    """
    config = load_config(folder)
    if task.language:
        body, head = load_language_model(folder, config)
        return Network(body, head, pooling)
    return Network(load_body(folder, config), task.build_head(hidden_size(config), outputs, texts), pooling)


def build_planned(plan: RunPlan, task: Task, pooling: Pooling, device: torch.device) -> Network:
    """Return the network that a run begins with, its adapters included, on a device.

    Matrices in four bits go to the device one by one, so it never has to hold the whole model. Adapters come after
    them, because the magnitudes of DoRA begin as those of the matrices that they stand beside.

    Raises:
        InputError: the model cannot be loaded, or the device has no four bits.
    """
    network = build_network(Path(plan.model_folder), task, plan.data.outputs, pooling, texts=plan.data.texts)
    quantise(network.body, plan.quantised, device)
    put_adapters(network.body, plan.adapted, plan.adapter)
    return network.to(device)


def load_tensors(network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors into the layers of the same names."""
    with torch.no_grad():
        for name, parameter in network.named_layers():
            if name in tensors:
                parameter.copy_(tensors[name])


def read_originals(folder: Path, names: set[str]) -> dict[str, Tensor]:
    """Return pretrained tensors by layer name, read from disk again."""
    if not names:
        return {}
    config = load_config(folder)
    if not any(name.startswith(HEAD) for name in names):
        own = load_body(folder, config).named_parameters(remove_duplicate=False)
    else:
        own = Network(*load_language_model(folder, config), Pooling.MEAN).named_layers()
    return {name: tensor.detach() for name, tensor in own if name in names}
