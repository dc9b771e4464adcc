"""A model folder that brings code of its own, as models of the hub do that transformers does not know."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

CONFIGURATION = """
from pathlib import Path

from transformers import PretrainedConfig

Path(__file__).with_name("ran").touch()


class OwnConfig(PretrainedConfig):
    model_type = "own"

    def __init__(self, vocab_size=64, hidden_size=16, **values):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        super().__init__(**values)
"""
MODELING = """
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from .configuration_own import OwnConfig


class OwnModel(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)
        self.mix = nn.Linear(config.hidden_size, config.hidden_size)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, **ignored):
        return BaseModelOutput(last_hidden_state=self.mix(self.words(input_ids)))
"""
WIDTH = 16


def model_with_code(folder: Path, tokenizer_of: Path) -> Path:
    """Write a model of two layers whose classes stand in the folder.

    Args:
        folder: to make.
        tokenizer_of: a model folder to take the tokenizer from.
    """
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer_of / name, folder / name)
    words = json.loads((tokenizer_of / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    configuration = {
        "model_type": "own",
        "architectures": ["OwnModel"],
        "vocab_size": words,
        "hidden_size": WIDTH,
        "auto_map": {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"},
    }
    (folder / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
    (folder / "configuration_own.py").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "modeling_own.py").write_text(MODELING, encoding="utf-8")
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "words.weight": torch.randn(words, WIDTH, generator=generator),
        "mix.weight": torch.randn(WIDTH, WIDTH, generator=generator),
        "mix.bias": torch.zeros(WIDTH),
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
