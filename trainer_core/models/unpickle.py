"""Pickled tensors into safetensors: ``python -I unpickle.py TARGET PICKLE...``, in a process that does nothing else."""

from __future__ import annotations

import sys

import torch
from safetensors.torch import save_file


def main(target: str, pickles: list[str]) -> None:
    """Read pickles, tensors only, and write their tensors into one file; shared ones once each."""
    tensors: dict[str, torch.Tensor] = {}
    for file in pickles:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
        for name, value in loaded.items():
            if isinstance(value, torch.Tensor):
                tensors[str(name)] = value.clone().contiguous()
    if not tensors:
        raise SystemExit("there are no tensors in it")
    save_file(tensors, target, metadata={"format": "pt"})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
