"""Adapters in a live body, by peft: put in, switched with what learns, and merged into the matrices in the end."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, cast

from torch import nn
from transformers.pytorch_utils import Conv1D

from trainer_core.models.quantised import make_whole
from trainer_core.project.schema import AdapterKind, AdapterSection

# peft loads it wherever it is installed, and on some CPUs it asks for a package that would fetch code.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

BASE = ".base_layer."
"""Stands in the names of what was there before; the names that users see leave it out."""


def put_adapters(body: nn.Module, modules: tuple[str, ...], wish: AdapterSection) -> None:
    """Put adapters on modules of a body; they change nothing before they learn.

    Args:
        body: a model of transformers; its own parameters no longer learn afterwards.
        modules: their paths.
        wish: how large the adapters are, and of which kind.
    """
    if not modules:
        return
    from peft import LoraConfig, inject_adapter_in_model  # takes a second, which runs without adapters need not wait

    config = LoraConfig(
        r=wish.rank,
        lora_alpha=wish.alpha,
        lora_dropout=wish.dropout,
        target_modules="|".join(map(re.escape, modules)),
        fan_in_fan_out=isinstance(body.get_submodule(modules[0]), Conv1D),
        use_rslora=wish.kind is AdapterKind.RSLORA,
        use_dora=wish.kind is AdapterKind.DORA,
    )
    inject_adapter_in_model(config, cast(Any, body))


def set_adapter_modes(body: nn.Module) -> None:
    """Let adapters that learn drop values, and no others; their dropout has no parameters to be told by."""
    for layer in adapters_in(body):
        learns = any(parameter.requires_grad for parameter in layer.lora_A.parameters())
        layer.lora_dropout.train(learns)


def merge_adapters(body: nn.Module) -> None:
    """Add what adapters have learnt to their matrices, and take them out; matrices in four bits become whole before.

    Else the sum would be rounded to four bits once more, and the model would answer otherwise than it did.
    """
    make_whole(body)
    for path, module in list(body.named_modules()):
        if is_adapted(module):
            layer: Any = module
            layer.merge()
            above, _, name = path.rpartition(".")
            setattr(body.get_submodule(above), name, layer.get_base_layer())


def adapters_in(body: nn.Module) -> Iterator[Any]:
    """Yield the layers of a body that have an adapter."""
    yield from filter(is_adapted, body.modules())


def is_adapted(module: nn.Module) -> bool:
    """Whether a layer has an adapter of peft's."""
    return hasattr(module, "base_layer") and hasattr(module, "lora_A")
