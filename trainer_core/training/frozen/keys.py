"""Under which keys the outputs of frozen layers are kept: everything that they depend on, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

import torch
import xxhash
from torch import Tensor
from transformers import PretrainedConfig

from trainer_core.data.encoded import Encoded
from trainer_core.models.network import Network
from trainer_core.models.quantised import is_quantised, parts_of
from trainer_core.versions import version_of

Digest = xxhash.xxh3_128


def weights_key(named: Iterable[tuple[str, Tensor]]) -> str:
    """Return a key of these tensors' names and bytes, and of the scales of those that are quantised."""
    digest = Digest()
    for name, tensor in named:
        for part in parts_of(tensor):
            digest.update(f"{name} {tuple(part.shape)} {part.dtype} ".encode())
            digest.update(_bytes_of(part))
    return digest.hexdigest()


def rows_key(rows: Encoded) -> str:
    """Return a key of encoded rows, in their order; their targets do not count."""
    digest = Digest(rows.offsets.tobytes())
    digest.update(rows.ids.tobytes())
    digest.update(str(rows.pad_id).encode())
    digest.update(str(rows.parts).encode())
    if rows.types is not None:
        digest.update(rows.types.tobytes())
    return digest.hexdigest()


def code_key(network: Network, device: torch.device, precision: str) -> str:
    """Return a key of how a body computes: its configuration, the number format, the device, the libraries."""
    config = cast(PretrainedConfig, network.body.config)
    libraries = ["torch", "transformers", *(["bitsandbytes"] if is_quantised(network.body) else [])]
    about = {
        "config": config.to_dict(),
        "attention": config._attn_implementation,
        "precision": precision,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "versions": [version_of(library) for library in libraries],
    }
    return Digest(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def joined_key(*parts: object) -> str:
    """Return one key for several."""
    return Digest("|".join(str(part) for part in parts).encode()).hexdigest()


def _bytes_of(tensor: Tensor) -> memoryview:
    flat = tensor.detach().to("cpu").contiguous().flatten()
    return flat.view(torch.uint8).numpy().data
