"""Tiny pretrained models with random weights, saved as folders: one of every architecture that Thaw has to handle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE, WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import ByteLevel, Whitespace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import (
    AlbertConfig,
    AutoModel,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    ModernBertConfig,
    MPNetConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    RobertaConfig,
    T5Config,
    ViTConfig,
    XLMRobertaConfig,
)

from tests.support.toy_texts import ALL_WORDS
from trainer_core.models.language import language_class

LANGUAGE = "-lm"
SPECIALS = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
HIDING = {"mask_token": "hello"}
"""Any word of the vocabulary will do to hide others."""
VOCABULARY = {word: number for number, word in enumerate((*SPECIALS.values(), *ALL_WORDS))}
WIDTH, BLOCKS, LONGEST = 16, 3, 64
BYTE_LEVEL_SIZE = 400

_COMMON: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": WIDTH,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "pad_token_id": 0,
    "initializer_range": 0.2,
}
_POSITIONED = _COMMON | {"max_position_embeddings": LONGEST}
_DECODER = _POSITIONED | {"num_key_value_heads": 1, "bos_token_id": 2, "eos_token_id": 3}

CONFIGS: dict[str, Callable[[], PretrainedConfig]] = {
    "bert": lambda: BertConfig(**_POSITIONED),
    "roberta": lambda: RobertaConfig(**_COMMON, max_position_embeddings=LONGEST + 1),
    "distilbert": lambda: DistilBertConfig(
        vocab_size=len(VOCABULARY),
        dim=WIDTH,
        n_layers=BLOCKS,
        n_heads=2,
        hidden_dim=24,
        max_position_embeddings=LONGEST,
        pad_token_id=0,
        initializer_range=0.2,
    ),
    "electra": lambda: ElectraConfig(**_POSITIONED, embedding_size=8),
    # MPNet counts positions from behind token 1, whatever its configuration says.
    "mpnet": lambda: MPNetConfig(**_COMMON | {"pad_token_id": 1}, max_position_embeddings=LONGEST + 2),
    "modernbert": lambda: ModernBertConfig(
        **_POSITIONED, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3, local_attention=8
    ),
    "deberta": lambda: DebertaV2Config(
        **_POSITIONED,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_buckets=8,
        norm_rel_ebd="layer_norm",
    ),
    "albert": lambda: AlbertConfig(**_POSITIONED, embedding_size=8),
    "xlm-roberta": lambda: XLMRobertaConfig(**_COMMON, max_position_embeddings=LONGEST + 1),
    "gpt2": lambda: GPT2Config(
        vocab_size=len(VOCABULARY),
        n_embd=WIDTH,
        n_layer=BLOCKS,
        n_head=2,
        n_positions=LONGEST,
        bos_token_id=2,
        eos_token_id=3,
        initializer_range=0.2,
    ),
    "llama": lambda: LlamaConfig(**_DECODER),
    "qwen2": lambda: Qwen2Config(**_DECODER | {"vocab_size": BYTE_LEVEL_SIZE}),
    "gemma2": lambda: Gemma2Config(**_DECODER, head_dim=8),
}
"""Every architecture here is trained by the tests; the name is the tests' own."""

ENCODER_DECODERS: dict[str, Callable[[], PretrainedConfig]] = {
    "t5": lambda: T5Config(
        vocab_size=len(VOCABULARY),
        d_model=WIDTH,
        d_kv=8,
        d_ff=24,
        num_layers=2,
        num_heads=2,
        pad_token_id=0,
        decoder_start_token_id=0,
    ),
}


def build_tiny_model(folder: Path, family: str = "bert", *, seed: int = 0) -> Path:
    """Write a model of an architecture with random weights and its tokenizer into a folder; return the folder.

    A family that ends with ``-lm`` comes with the head of a language model.
    """
    torch.manual_seed(seed)
    family, with_head = family.removesuffix(LANGUAGE), family.endswith(LANGUAGE)
    config = (CONFIGS | ENCODER_DECODERS)[family]()
    kind = language_class(config) if with_head else AutoModel
    kind.from_config(config).save_pretrained(folder)
    _tokenizer_of(family).save_pretrained(folder)
    return folder


def _tokenizer_of(family: str) -> PreTrainedTokenizerFast:
    if family == "qwen2":
        return build_byte_level_tokenizer()
    if family in {"bert", "electra"}:
        return build_tokenizer(model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    if family == "mpnet":
        return build_tokenizer(pad_token="[UNK]", unk_token="[PAD]")
    return build_tokenizer(special=family not in {"gpt2", "llama", "gemma2"})


def build_vision_model(folder: Path) -> Path:
    """Write a model that reads no text at all."""
    config = ViTConfig(
        hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, image_size=8, patch_size=4
    )
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def build_tokenizer(*, special: bool = True, **names: Any) -> PreTrainedTokenizerFast:
    """Return a tokenizer with a word a token; with ``special``, texts stand between [CLS] and [SEP]."""
    tokenizer = Tokenizer(WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    if special:
        ends = [("[CLS]", VOCABULARY["[CLS]"]), ("[SEP]", VOCABULARY["[SEP]"])]
        tokenizer.post_processor = TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
        )
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIALS | HIDING | names)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{"unk_token": "[UNK]", "eos_token": "[SEP]"} | names)


def build_byte_level_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer as GPT-2's and Qwen's are: pairs of bytes, no special tokens around a text."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    end = "<|endoftext|>"
    trainer = BpeTrainer(
        vocab_size=BYTE_LEVEL_SIZE,
        special_tokens=[end],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([f" {word}" for word in ALL_WORDS], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=end)


def edit_json(path: Path, **values: Any) -> None:
    """Replace values of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
