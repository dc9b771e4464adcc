"""Making a live network, and putting tensors into it by layer name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from trainer_core.models.body import hidden_size, load_body, load_config
from trainer_core.models.network import Network
from trainer_core.project.schema import Pooling
from trainer_core.tasks.base import Task


def build_network(folder: Path, task: Task, outputs: int, pooling: Pooling, *, texts: int = 1) -> Network:
    """Load a pretrained body, float32 on the CPU, and put a new head of the task on it.

    Args:
        folder: of the body.
        task: that makes the head.
        outputs: the number of scores.
        pooling: how token states become a text's vector.
        texts: how many texts a row has.
    """
    config = load_config(folder)
    head = task.build_head(hidden_size(config), outputs, texts)
    return Network(load_body(folder, config), head, pooling)


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
    body = load_body(folder, load_config(folder))
    return {name: tensor.detach() for name, tensor in body.named_parameters(remove_duplicate=False) if name in names}
